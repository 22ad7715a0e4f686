/*
 * The version of plv8 whose behaviour this library provides.
 */
#ifndef AI_RUNTIME_PLV8_VERSION_H_
#define AI_RUNTIME_PLV8_VERSION_H_

namespace ai_runtime {

constexpr char kVersion[] = "3.2.2";

}  // namespace ai_runtime

#endif

/*
 * What JavaScript finds in every role: the global object `plv8`, the level constants,
 * console.
 */
#ifndef AI_RUNTIME_PLV8_PLV8_OBJECT_H_
#define AI_RUNTIME_PLV8_PLV8_OBJECT_H_

#include "pg_v8.h"

namespace ai_runtime {

// A new context with all of that. Scopes of the isolate must be open.
v8::Local<v8::Context> NewPlv8Context(v8::Isolate* isolate);

}  // namespace ai_runtime

#endif

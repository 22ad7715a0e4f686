/*
 * Messages from JavaScript: plv8.elog() and console.
 */
#ifndef AI_RUNTIME_PLV8_ELOG_H_
#define AI_RUNTIME_PLV8_ELOG_H_

#include "pg_v8.h"

namespace ai_runtime {

void ElogCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

// Has console.log and its sisters write messages instead of nothing.
void InstallConsole(v8::Isolate* isolate, v8::Local<v8::Context> context);

}  // namespace ai_runtime

#endif

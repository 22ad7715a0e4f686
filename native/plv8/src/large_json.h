/*
 * JSON.parse for long texts: V8's own parser cannot be interrupted.
 */
#ifndef AI_RUNTIME_PLV8_LARGE_JSON_H_
#define AI_RUNTIME_PLV8_LARGE_JSON_H_

#include "pg_v8.h"

namespace ai_runtime {

// Texts of more characters are parsed here; V8 needs a few milliseconds for fewer.
constexpr int kLargeJsonChars = 256 * 1024;

// The value that JSON.parse(text) has. Empty when an exception is pending or the script
// has been told to end. Never raises.
v8::MaybeLocal<v8::Value> ParseLargeJson(v8::Isolate* isolate, v8::Local<v8::String> text);

// ParseLargeJson for JSON.parse.
void ParseLargeJsonCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace ai_runtime

#endif

/*
 * Text between the server's encoding and V8's strings.
 */
#ifndef AI_RUNTIME_PLV8_JS_STRING_H_
#define AI_RUNTIME_PLV8_JS_STRING_H_

#include "pg_v8.h"

namespace ai_runtime {

// An internalised string for a short ASCII name.
inline v8::Local<v8::String> NameOf(v8::Isolate* isolate, const char* name) {
  return v8::String::NewFromUtf8(isolate, name, v8::NewStringType::kInternalized)
      .ToLocalChecked();
}

// The text in V8. Raises when it is longer than V8's limit (about 512 MB).
v8::Local<v8::String> ToJsString(v8::Isolate* isolate, const char* text, size_t length);

// The name of a column, internalised where that is cheap. Raises as ToJsString does.
v8::Local<v8::String> ServerName(v8::Isolate* isolate, const char* name);

// As ToJsString, but never raises: an error must be able to say something.
v8::Local<v8::String> LossyString(v8::Isolate* isolate, const char* text, size_t length);

// The string as palloc'd text in the server's encoding. Raises for U+0000 and
// for what the encoding does not have; lone surrogates become U+FFFD.
char* FromJsString(v8::Isolate* isolate, v8::Local<v8::String> string, size_t* length);

// As FromJsString, for messages: never raises, stops at U+0000.
char* LossyText(v8::Isolate* isolate, v8::Local<v8::String> string);

// The string as a text datum.
Datum TextDatum(v8::Isolate* isolate, v8::Local<v8::String> string);

}  // namespace ai_runtime

#endif

/*
 * Messages from JavaScript. ERROR is an exception that can be caught; the levels
 * above it would end the session or the server and are refused.
 */
#include "errors.h"
#include "js_string.h"
#include "module.h"
#include "natives.h"
#include "spi.h"

namespace ai_runtime {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// Joins the arguments from `first` on by blanks; false with a pending exception.
bool JoinArguments(const Info& info, int first, v8::Local<v8::String>* message) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::String> blank = NameOf(isolate, " ");
  *message = v8::String::Empty(isolate);
  for (int i = first; i < info.Length(); i++) {
    v8::Local<v8::String> part;
    if (!info[i]->ToString(isolate->GetCurrentContext()).ToLocal(&part)) return false;
    if (message->IsEmpty() ||
        part->Length() + (*message)->Length() >= v8::String::kMaxLength) {
      ThrowError(isolate, "message is too long");
      return false;
    }
    if (i > first) *message = v8::String::Concat(isolate, *message, blank);
    *message = v8::String::Concat(isolate, *message, part);
  }
  return true;
}

void Report(v8::Isolate* isolate, int level, v8::Local<v8::String> message) {
  ErrorData* error = Catch([&] {
    char* text = LossyText(isolate, message);
    ereport(level, errmsg_internal("%s", text));
    pfree(text);
  });
  if (error != nullptr) Terminate(isolate, error);
}

bool IsLevel(int level) { return level >= DEBUG5 && level <= ERROR; }

}  // namespace

void ElogCallback(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::String> message;
  if (info.Length() < 2) return ThrowTypeError(isolate, "plv8.elog needs a level and a message");
  if (!info[0]->IsInt32() || !IsLevel(info[0].As<v8::Int32>()->Value()))
    return ThrowError(isolate, "invalid error level");
  int level = info[0].As<v8::Int32>()->Value();
  if (!JoinArguments(info, 1, &message)) return;
  if (level >= ERROR) {
    isolate->ThrowException(v8::Exception::Error(message));
    return;
  }
  Report(isolate, level, message);
}

void ConsoleCallback(const Info& info) {
  v8::Local<v8::String> message;
  if (guc_compatibility == kUpstream || !JoinArguments(info, 0, &message)) return;
  Report(info.GetIsolate(), info.Data().As<v8::Int32>()->Value(), message);
}

}  // namespace ai_runtime

/*
 * Unhandled rejections, see rejections.h.
 */
#include "rejections.h"

#include "call.h"
#include "errors.h"
#include "js_string.h"

namespace ai_runtime {
namespace {

// More than these are only counted.
constexpr size_t kMaxReported = 10;
constexpr size_t kMaxKept = 1000;

void OnReject(v8::PromiseRejectMessage message) {
  v8::Local<v8::Promise> promise = message.GetPromise();
  v8::Isolate* isolate = promise->GetIsolate();
  Role* role = static_cast<Role*>(isolate->GetData(0));
  std::vector<v8::Global<v8::Promise>>& kept = role->rejections;
  if (message.GetEvent() == v8::kPromiseRejectWithNoHandler && kept.size() < kMaxKept)
    kept.emplace_back(isolate, promise);
}

void Warn(v8::Isolate* isolate, v8::Local<v8::Promise> promise) {
  v8::Local<v8::String> text;
  if (!promise->Result()->ToDetailString(isolate->GetCurrentContext()).ToLocal(&text))
    text = NameOf(isolate, "value that cannot be printed");
  ErrorData* error = Catch([&] {
    char* reason = LossyText(isolate, text);
    ereport(WARNING, (errmsg("unhandled rejection of a Promise: %s", reason)));
    pfree(reason);
  });
  if (error != nullptr) Terminate(isolate, error);
}

}  // namespace

void WatchRejections(Role* role) { role->isolate->SetPromiseRejectCallback(OnReject); }

void ReportRejections(Role* role) {
  v8::Isolate* isolate = role->isolate;
  v8::TryCatch try_catch(isolate);
  size_t reported = 0;
  for (v8::Global<v8::Promise>& kept : role->rejections) {
    v8::HandleScope scope(isolate);
    v8::Local<v8::Promise> promise = kept.Get(isolate);
    if (promise->HasHandler() || reported++ >= kMaxReported) continue;
    if (CurrentFrame()->fatal == nullptr) Warn(isolate, promise);
  }
  role->rejections.clear();
}

}  // namespace ai_runtime

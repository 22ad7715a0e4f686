/*
 * What JavaScript may ask about its memory: plv8.memory_usage(), and the longest text
 * that JSON.parse takes.
 */
#include "isolate.h"
#include "js_string.h"
#include "natives.h"

namespace ai_runtime {

using Info = v8::FunctionCallbackInfo<v8::Value>;

void MemoryUsageCallback(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::HeapStatistics statistics;
  isolate->GetHeapStatistics(&statistics);
  v8::Local<v8::Object> usage = v8::Object::New(isolate);
  auto set = [&](const char* name, size_t bytes) {
    usage->Set(context, NameOf(isolate, name),
               v8::Number::New(isolate, static_cast<double>(bytes)))
        .FromMaybe(false);
  };
  set("total_heap_size", statistics.total_heap_size());
  set("used_heap_size", statistics.used_heap_size());
  set("external_memory", statistics.external_memory());
  info.GetReturnValue().Set(usage);
}

}  // namespace ai_runtime

/*
 * The global object `plv8` and what stands beside it. A method may be taken off it
 * and called alone: none uses `this`.
 */
#include "plv8_object.h"

#include "convert.h"
#include "elog.h"
#include "errors.h"
#include "find_function.h"
#include "prepared_plan.h"
#include "quote.h"
#include "spi.h"
#include "srf.h"
#include "js_string.h"
#include "version.h"
#include "window.h"

namespace ai_runtime {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

struct Method {
  const char* name;
  v8::FunctionCallback callback;
};

void ReturnNextCallback(const Info& info) {
  v8::Isolate* isolate = info.GetIsolate();
  CallFrame* frame = CurrentFrame();
  bool done = false;
  if (frame->rows == nullptr)
    return ThrowError(isolate, "return_next called in a function that does not return a set");
  v8::Local<v8::Value> value = v8::Undefined(isolate);
  if (info.Length() > 0) value = info[0];
  ErrorData* error = Catch([&] { done = AddRow(frame, value); });
  if (error != nullptr) Terminate(isolate, error);
}

void EndTransaction(const Info& info, bool commit) {
  v8::Isolate* isolate = info.GetIsolate();
  CallFrame* frame = CurrentFrame();
  if (!frame->nonatomic || frame->outer != nullptr)
    return ThrowError(isolate, "invalid transaction termination");
  ErrorData* error = Catch([&] {
    EnsureSpi();
    if (commit)
      SPI_commit();
    else
      SPI_rollback();
  });
  if (error != nullptr) ThrowOrTerminate(isolate, error, true);
}

void CommitCallback(const Info& info) { EndTransaction(info, true); }
void RollbackCallback(const Info& info) { EndTransaction(info, false); }

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

constexpr Method kMethods[] = {
    {"elog", ElogCallback},
    {"quote_literal", QuoteLiteralCallback},
    {"quote_nullable", QuoteNullableCallback},
    {"quote_ident", QuoteIdentCallback},
    {"execute", ExecuteCallback},
    {"prepare", PrepareCallback},
    {"subtransaction", SubtransactionCallback},
    {"find_function", FindFunctionCallback},
    {"return_next", ReturnNextCallback},
    {"get_window_object", GetWindowObjectCallback},
    {"commit", CommitCallback},
    {"rollback", RollbackCallback},
    {"memory_usage", MemoryUsageCallback},
};

struct Level {
  const char* name;
  int value;
};

constexpr Level kLevels[] = {{"DEBUG5", DEBUG5}, {"DEBUG4", DEBUG4},   {"DEBUG3", DEBUG3},
                             {"DEBUG2", DEBUG2}, {"DEBUG1", DEBUG1},   {"LOG", LOG},
                             {"INFO", INFO},     {"NOTICE", NOTICE},   {"WARNING", WARNING},
                             {"ERROR", ERROR}};

// What V8 lacks: BigInt in JSON is a string of its digits, as upstream's; and a
// JSON.parse that cannot be interrupted takes no text that would run for long.
const char kPrelude[] = R"(
Object.defineProperty(BigInt.prototype, 'toJSON', {configurable: true, writable: true,
  value: bigIntToJson});
delete globalThis.bigIntToJson;
Object.defineProperty(JSON, 'parse', {configurable: true, writable: true,
  value: ((original, limit) =>
  (function parse(text, reviver) {
    text = String(text);
    if (text.length > limit) throw new RangeError('JSON text of ' + text.length +
      ' characters is longer than half of plv8.memory_limit');
    return original(text, reviver);
  }))(JSON.parse, LIMIT)});
)";

v8::Local<v8::ObjectTemplate> GlobalTemplate(v8::Isolate* isolate) {
  v8::Local<v8::ObjectTemplate> plv8 = v8::ObjectTemplate::New(isolate);
  for (const Method& method : kMethods)
    plv8->Set(isolate, method.name, v8::FunctionTemplate::New(isolate, method.callback));
  plv8->Set(isolate, "version", NameOf(isolate, kVersion));
  plv8->Set(isolate, "v8_version", NameOf(isolate, v8::V8::GetVersion()));
  plv8->Set(isolate, "provider", NameOf(isolate, "ai_runtime"));
  v8::Local<v8::ObjectTemplate> global = v8::ObjectTemplate::New(isolate);
  global->Set(isolate, "plv8", plv8);
  global->Set(isolate, "bigIntToJson",
              v8::FunctionTemplate::New(isolate, BigIntToJsonCallback));
  for (const Level& level : kLevels)
    global->Set(isolate, level.name, v8::Integer::New(isolate, level.value));
  return global;
}

void RunPrelude(Role* role, v8::Local<v8::Context> context) {
  v8::Isolate* isolate = role->isolate;
  std::string source = kPrelude;
  source.replace(source.find("LIMIT"), strlen("LIMIT"), std::to_string(role->heap_limit / 2));
  v8::Local<v8::Script> script;
  v8::TryCatch try_catch(isolate);
  if (v8::Script::Compile(context, NameOf(isolate, source.c_str())).ToLocal(&script))
    (void)script->Run(context).IsEmpty();
}

}  // namespace

void InstallContext(Role* role) {
  v8::Isolate* isolate = role->isolate;
  v8::Local<v8::Context> context =
      v8::Context::New(isolate, nullptr, GlobalTemplate(isolate));
  v8::Context::Scope scope(context);
  role->context.Reset(isolate, context);
  InstallPlanTemplates(role);
  InstallWindowTemplate(role);
  InstallConsole(isolate, context);
  RunPrelude(role, context);
}

}  // namespace ai_runtime

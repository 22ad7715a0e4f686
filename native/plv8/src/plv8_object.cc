/*
 * The global object `plv8` and what stands beside it. A method may be taken off it
 * and called alone: none uses `this`. Knows nothing of the process that it runs in, as
 * the same context is made once for all by the program that writes the snapshot.
 */
#include "plv8_object.h"

#include "js_string.h"
#include "natives.h"
#include "version.h"

namespace ai_runtime {
namespace {

struct Method {
  const char* name;
  v8::FunctionCallback callback;
};

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

// What V8 lacks: BigInt in JSON is a string of its digits, as upstream's; a JSON.parse that
// can be interrupted in a long text, where a reviver is called as V8 calls it; and a sort()
// that can be, by a comparison in JavaScript that says what sort() by itself finds.
const char kPrelude[] = R"(
Object.defineProperty(BigInt.prototype, 'toJSON', {configurable: true, writable: true,
  value: bigIntToJson});
((original, parseLarge, maxLength) => {
  const {apply, defineProperty, deleteProperty} = Reflect;
  const {keys} = Object;
  const {isArray} = Array;
  const reviveMember = (holder, name, reviver) => {
    const value = revive(holder, name, reviver);
    if (value === undefined) deleteProperty(holder, name);
    else defineProperty(holder, name, {__proto__: null, value, writable: true,
      enumerable: true, configurable: true});
  };
  const revive = (holder, name, reviver) => {
    const value = holder[name];
    if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
      const names = isArray(value) ? undefined : keys(value);
      const {length} = names ?? value;
      for (let i = 0; i < length; i++) reviveMember(value, names ? names[i] : `${i}`, reviver);
    }
    return apply(reviver, holder, [name, value]);
  };
  const {parse} = {parse(text, reviver) {
    text = `${text}`;
    if (text.length <= maxLength) return original(text, reviver);
    const value = parseLarge(text);
    while (value === undefined); // The script has been told to end, which happens here.
    return typeof reviver === 'function' ? revive({'': value}, '', reviver) : value;
  }};
  defineProperty(JSON, 'parse', {configurable: true, writable: true, value: parse});
  const builtinSort = Array.prototype.sort;
  const byText = (x, y) => {
    const a = `${x}`, b = `${y}`;
    return a < b ? -1 : a > b ? 1 : 0;
  };
  const {sort} = {sort(compare) {
    'use strict';
    if (compare === undefined && isArray(this) && this.length > 65536) compare = byText;
    return apply(builtinSort, this, [compare]);
  }};
  defineProperty(Array.prototype, 'sort', {configurable: true, writable: true, value: sort});
})(JSON.parse, parseLargeJson, 262144);
delete globalThis.bigIntToJson;
delete globalThis.parseLargeJson;
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
  global->Set(isolate, "parseLargeJson",
              v8::FunctionTemplate::New(isolate, ParseLargeJsonCallback));
  for (const Level& level : kLevels)
    global->Set(isolate, level.name, v8::Integer::New(isolate, level.value));
  return global;
}

void RunPrelude(v8::Isolate* isolate, v8::Local<v8::Context> context) {
  v8::Local<v8::Script> script;
  v8::TryCatch try_catch(isolate);
  if (v8::Script::Compile(context, NameOf(isolate, kPrelude)).ToLocal(&script))
    (void)script->Run(context).IsEmpty();
}

struct ConsoleMethod {
  const char* name;
  int level;
};

constexpr ConsoleMethod kConsoleMethods[] = {{"log", NOTICE},    {"info", NOTICE},
                                             {"warn", WARNING},  {"error", WARNING},
                                             {"debug", DEBUG1}, {"trace", DEBUG1}};

// Has console.log and its sisters write messages instead of nothing.
void InstallConsole(v8::Isolate* isolate, v8::Local<v8::Context> context) {
  v8::Local<v8::Value> console;
  if (!context->Global()->Get(context, NameOf(isolate, "console")).ToLocal(&console) ||
      !console->IsObject())
    return;
  for (const ConsoleMethod& method : kConsoleMethods) {
    v8::Local<v8::Function> function;
    if (v8::Function::New(context, ConsoleCallback, v8::Integer::New(isolate, method.level))
            .ToLocal(&function))
      console.As<v8::Object>()
          ->Set(context, NameOf(isolate, method.name), function)
          .FromMaybe(false);
  }
}

}  // namespace

v8::Local<v8::Context> NewPlv8Context(v8::Isolate* isolate) {
  v8::Local<v8::Context> context =
      v8::Context::New(isolate, nullptr, GlobalTemplate(isolate));
  v8::Context::Scope scope(context);
  InstallConsole(isolate, context);
  RunPrelude(isolate, context);
  return context;
}

}  // namespace ai_runtime

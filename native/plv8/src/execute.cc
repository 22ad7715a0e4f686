/*
 * plv8.execute(sql, [arguments] | arguments ...).
 */
#include "plan_cache.h"
#include "spi.h"
#include "js_string.h"

namespace ai_runtime {
namespace {

constexpr size_t kMaxCachedTextBytes = 64 * 1024;

// One execution; plain data, as a longjmp may pass over its users.
struct Execution {
  v8::Isolate* isolate = nullptr;
  char* sql = nullptr;
  size_t sql_length = 0;
  SqlArguments arguments;
  Plan* plan = nullptr;
  v8::Local<v8::Value> result;
};

bool RunPlan(Execution* execution) {
  Datum* values = nullptr;
  char* nulls = nullptr;
  Plan* plan = execution->plan;
  if (!BindArguments(execution->isolate, execution->arguments, plan->parameters,
                     plan->parameter_count, &values, &nulls))
    return false;
  int code = SPI_execute_plan(plan->spi_plan, values, nulls, CurrentFrame()->read_only, 0);
  execution->result = TakeSpiResult(execution->isolate, code);
  return !execution->result.IsEmpty();
}

// Statements that are not worth a plan: utility commands, several at once.
bool RunText(Execution* execution) {
  int code = SPI_execute(execution->sql, CurrentFrame()->read_only, 0);
  execution->result = TakeSpiResult(execution->isolate, code);
  return !execution->result.IsEmpty();
}

bool Run(Execution* execution) {
  CallFrame* frame = CurrentFrame();
  if (execution->plan == nullptr) {
    bool plannable = IsPlannable(execution->sql);
    if (!plannable && execution->arguments.count == 0) return RunText(execution);
    execution->plan = MakePlan(execution->sql, nullptr, 0, execution->arguments.count);
    /* The name of a transition table means another table in another trigger. */
    execution->plan->can_cache = plannable && frame->trigger == nullptr &&
                                 execution->sql_length <= kMaxCachedTextBytes;
  }
  return RunPlan(execution);
}

// A new plan goes into the cache, or away.
void Settle(Execution* execution, bool done) {
  Plan* plan = execution->plan;
  if (plan == nullptr) return;
  size_t length = execution->sql_length;
  int count = execution->arguments.count;
  if (done && plan->can_cache && FindPlan(execution->sql, length, count) == nullptr)
    KeepPlan(execution->sql, length, count, plan);
  else
    FreePlan(plan);
}

bool ReadStatement(const v8::FunctionCallbackInfo<v8::Value>& info, Execution* execution) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::String> sql;
  execution->isolate = isolate;
  if (info.Length() < 1 || !info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&sql)) {
    if (info.Length() < 1) ThrowTypeError(isolate, "plv8.execute needs an SQL statement");
    return false;
  }
  bool done = false;
  ErrorData* error = Catch([&] {
    execution->sql = FromJsString(isolate, sql, &execution->sql_length);
    done = ReadSqlArguments(info, 1, &execution->arguments);
  });
  if (error != nullptr) ThrowToJs(isolate, error);
  return error == nullptr && done;
}

bool ExecuteCached(Execution* execution) {
  execution->plan->users++;
  bool done = InSubtransaction(execution->isolate, [&] { return RunPlan(execution); });
  execution->plan->users--;
  return done;
}

bool ExecuteFresh(Execution* execution) {
  execution->plan = nullptr;
  bool done = InSubtransaction(execution->isolate, [&] { return Run(execution); });
  Settle(execution, done);
  return done;
}

// A plan that something changed under is made anew, as other parameter types may be
// deduced now. Never after it was run: what its functions did would be done twice.
bool Execute(Execution* execution) {
  size_t length = execution->sql_length;
  int count = execution->arguments.count;
  execution->plan = FindPlan(execution->sql, length, count);
  if (execution->plan != nullptr) {
    if (SPI_plan_is_valid(execution->plan->spi_plan)) return ExecuteCached(execution);
    DropPlan(execution->sql, length, count);
  }
  return ExecuteFresh(execution);
}

}  // namespace

void ExecuteCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  Execution execution;
  MemoryContext old = CurrentMemoryContext;
  MemoryContext memory = nullptr;
  ErrorData* error = Catch(
      [&] { memory = AllocSetContextCreate(old, "plv8 execute", ALLOCSET_SMALL_SIZES); });
  if (error != nullptr) return ThrowOrTerminate(info.GetIsolate(), error, true);
  MemoryContextSwitchTo(memory);
  if (ReadStatement(info, &execution) && Execute(&execution))
    info.GetReturnValue().Set(execution.result);
  MemoryContextSwitchTo(old);
  MemoryContextDelete(memory);
}

}  // namespace ai_runtime

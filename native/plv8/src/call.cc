/*
 * One call of a function from SQL: scopes, arguments, the call, the result. The
 * README tells its life. All V8 scopes are in RunInRole(); what went wrong comes
 * back from it as an ErrorData, and only the function around it raises.
 */
#include "call.h"

#include "errors.h"
#include "interrupt.h"
#include "memory_limit.h"
#include "module.h"
#include "rejections.h"
#include "srf.h"
#include "start_proc.h"
#include "js_string.h"
#include "trigger.h"

namespace ai_runtime {
namespace {

CallFrame* current_frame = nullptr;

// What went wrong in the script, as PostgreSQL's error; nullptr when it was
// terminated for an interrupt that is still to be raised.
ErrorData* ScriptError(CallFrame* frame, v8::TryCatch* try_catch, int default_sqlerrcode) {
  Role* role = frame->role;
  bool terminated = try_catch->HasTerminated();
  if (terminated) role->isolate->CancelTerminateExecution();
  if (frame->fatal != nullptr) return frame->fatal;
  if (role->out_of_memory) return MakeMemoryError();
  if (terminated) return nullptr;
  ErrorData* error = ErrorFromJs(role->isolate, role->isolate->GetCurrentContext(), try_catch,
                                 default_sqlerrcode);
  ExplainRefusedBuffer(error);
  return error;
}

// A settled Promise's value; false with a pending exception otherwise.
bool AwaitResult(v8::Isolate* isolate, v8::Local<v8::Value>* value) {
  isolate->PerformMicrotaskCheckpoint();
  v8::Local<v8::Promise> promise = value->As<v8::Promise>();
  switch (promise->State()) {
    case v8::Promise::kFulfilled:
      *value = promise->Result();
      return true;
    case v8::Promise::kRejected:
      promise->MarkAsHandled();
      isolate->ThrowException(promise->Result());
      return false;
    case v8::Promise::kPending:
      break;
  }
  ThrowError(isolate, "the returned Promise is still pending: nothing in SQL can settle it");
  return false;
}

ErrorData* ConvertArguments(FunctionCallInfo fcinfo, CallSite* site, v8::Isolate* isolate,
                            v8::Local<v8::Value>* arguments, bool* threw) {
  bool plain = true;
  for (int i = 0; i < site->argument_count; i++) {
    if (fcinfo->args[i].isnull)
      arguments[i] = v8::Null(isolate);
    else if (IsPlainNumber(site->arguments[i]))
      arguments[i] = ToJs(isolate, &site->arguments[i], fcinfo->args[i].value);
    else
      plain = false;
  }
  if (plain) return nullptr;
  return Catch([&] {
    for (int i = 0; i < site->argument_count; i++) {
      if (fcinfo->args[i].isnull || IsPlainNumber(site->arguments[i])) continue;
      arguments[i] = ToJs(isolate, &site->arguments[i], fcinfo->args[i].value);
      if (arguments[i].IsEmpty()) {
        *threw = true;
        return;
      }
    }
  });
}

// Rows of known shape: OUT parameters, RETURNS TABLE of one row, composite types.
bool RowResult(CallFrame* frame, v8::Local<v8::Value> value, Datum* result, bool* isnull) {
  RowShape shape;
  v8::Isolate* isolate = frame->role->isolate;
  *isnull = value->IsNullOrUndefined();
  if (*isnull) return true;
  InitRowShape(isolate, &shape, frame->site->result_row, frame->memory);
  size_t count = static_cast<size_t>(shape.desc->natts) + 1;
  Datum* values = static_cast<Datum*>(palloc0(count * sizeof(Datum)));
  bool* nulls = static_cast<bool*>(palloc0(count * sizeof(bool)));
  if (!RowFromJs(isolate, &shape, value, values, nulls)) return false;
  *result = HeapTupleGetDatum(heap_form_tuple(shape.desc, values, nulls));
  return true;
}

// Converts the result; a JavaScript exception is reported by *threw.
ErrorData* ConvertResult(CallFrame* frame, v8::Local<v8::Value> value, Datum* result,
                         bool* threw) {
  v8::Isolate* isolate = frame->role->isolate;
  CallSite* site = frame->site;
  bool isnull = false;
  *result = 0;
  if (site->result.kind == TypeKind::kInt4 && value->IsInt32() &&
      !site->result.is_domain && frame->rows == nullptr) {
    *result = Int32GetDatum(value.As<v8::Int32>()->Value());
    frame->fcinfo->isnull = false;
    return nullptr;
  }
  ErrorData* error = Catch([&] {
    if (frame->rows != nullptr)
      *threw = !ReturnRows(frame, value), isnull = true;
    else if (site->result_row != nullptr)
      *threw = !RowResult(frame, value, result, &isnull);
    else
      *threw = !FromJs(isolate, &site->result, value, result, &isnull);
  });
  frame->fcinfo->isnull = isnull && site->result.kind != TypeKind::kVoid;
  return error;
}

// The call proper, within the role's scopes and the caller's TryCatch. *threw says
// that an exception or a termination is waiting in the TryCatch.
ErrorData* CallSql(CallFrame* frame, Datum* result, bool* threw) {
  Role* role = frame->role;
  v8::Isolate* isolate = role->isolate;
  FunctionCallInfo fcinfo = frame->fcinfo;
  ErrorData* error = nullptr;
  CallSite* site = GetCallSite(fcinfo, role, &error);
  if (error != nullptr) return error;
  frame->site = site;
  frame->read_only = !site->function->is_volatile && guc_compatibility == kStrict;
  Function* function = site->function;
  v8::Local<v8::Value> value;
  auto* arguments = static_cast<v8::Local<v8::Value>*>(alloca(
      sizeof(v8::Local<v8::Value>) * static_cast<size_t>(site->argument_count + 1)));
  v8::Local<v8::Function> compiled = v8::Local<v8::Function>::New(isolate, site->compiled);
  v8::Local<v8::Object> receiver = v8::Local<v8::Object>::New(isolate, site->receiver);

  function->references++;
  if (function->shape != FunctionShape::kPlain) {
    error = CallTrigger(frame, compiled, receiver, result, threw);
  } else {
    if (function->returns_set) error = BeginRows(frame);
    if (error == nullptr) error = ConvertArguments(fcinfo, site, isolate, arguments, threw);
    if (error == nullptr && !*threw)
      *threw = !CallCompiled(frame, compiled, receiver, site->argument_count, arguments,
                             &value);
    if (error == nullptr && !*threw) error = ConvertResult(frame, value, result, threw);
  }
  ReleaseFunction(function);
  return error;
}

ErrorData* CallSource(CallFrame* frame, const char* source, bool* threw) {
  v8::Isolate* isolate = frame->role->isolate;
  Function anonymous;
  v8::Local<v8::String> text;
  v8::Local<v8::Function> compiled;
  v8::Local<v8::Value> value;
  anonymous.name = "inline_code_block";
  ErrorData* error = Catch([&] { text = ToJsString(isolate, source, strlen(source)); });
  if (error != nullptr) return error;
  {
    v8::TryCatch try_catch(isolate);
    if (!CompileBody(frame->role, anonymous, text).ToLocal(&compiled))
      return ScriptError(frame, &try_catch, ERRCODE_SYNTAX_ERROR);
  }
  *threw = !CallCompiled(frame, compiled, v8::Object::New(isolate), 0, nullptr, &value);
  return nullptr;
}

void FinishFrame(CallFrame* frame) {
  current_frame = frame->outer;
  frame->role->depth--;
  if (frame->role->out_of_memory && frame->role->depth == 0) RecoverMemory(frame->role);
  if (frame->spi_connected) SPI_finish();
}

// Opens the scopes of the current role, runs the body, closes them. The body gets
// *threw to report a pending exception. *stopped: terminated for an interrupt.
template <typename Body>
ErrorData* RunInRole(CallFrame* frame, bool* stopped, Body&& body) {
  ErrorData* error = nullptr;
  bool threw = false;
  Role* role = frame->role;
  v8::Isolate::Scope isolate_scope(role->isolate);
  v8::HandleScope handles(role->isolate);
  v8::Local<v8::Context> context =
      v8::Local<v8::Context>::New(role->isolate, role->context);
  v8::Context::Scope context_scope(context);
  v8::TryCatch try_catch(role->isolate);
  v8::Isolate* before = EnterJs(role->isolate);
  int catch_depth = ExchangeCatchDepth(0);
  if (unlikely(role->eval_allowed != guc_allow_eval)) {
    role->eval_allowed = guc_allow_eval;
    context->AllowCodeGenerationFromStrings(guc_allow_eval);
  }
  if (unlikely(!role->started) && !frame->only_compiles) error = RunStartProc(role);
  if (error == nullptr) error = body(&threw);
  if (error == nullptr && threw) {
    error = ScriptError(frame, &try_catch, ERRCODE_INTERNAL_ERROR);
    *stopped = error == nullptr;
  }
  if (frame->fatal != nullptr) error = frame->fatal;
  /* The script may have ended before V8 could terminate it. */
  if (unlikely(error == nullptr && role->out_of_memory)) error = MakeMemoryError();
  if (error != nullptr) role->isolate->CancelTerminateExecution();
  ExchangeCatchDepth(catch_depth);
  LeaveJs(before);
  return error;
}

void RaiseOutcome(ErrorData* error, bool stopped) {
  if (error != nullptr) Raise(error);
  if (!stopped) return;
  CHECK_FOR_INTERRUPTS();
  ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("JavaScript was terminated")));
}

template <typename Body>
void RunFrame(CallFrame* frame, Oid function, Body&& body) {
  bool stopped = false;
  frame->memory = CurrentMemoryContext;
  frame->role = CurrentRole(function);
  AdaptStackLimit(frame->role);
  frame->outer = current_frame;
  if (frame->outer == nullptr) StayEntered(frame->role);
  frame->role->depth++;
  current_frame = frame;
  ErrorData* error = RunInRole(frame, &stopped, body);
  FinishFrame(frame);
  if (unlikely(error != nullptr || stopped)) RaiseOutcome(error, stopped);
  /* A builtin that nothing can interrupt may have outlasted a cancel. */
  CHECK_FOR_INTERRUPTS();
}

bool IsNonatomic(FunctionCallInfo fcinfo) {
  return fcinfo->context != nullptr && IsA(fcinfo->context, CallContext) &&
         !reinterpret_cast<CallContext*>(fcinfo->context)->atomic;
}

}  // namespace

bool CallCompiled(CallFrame* frame, v8::Local<v8::Function> function,
                  v8::Local<v8::Value> receiver, int count, v8::Local<v8::Value>* arguments,
                  v8::Local<v8::Value>* value) {
  Role* role = frame->role;
  v8::Isolate* isolate = role->isolate;
  if (!function->Call(isolate->GetCurrentContext(), receiver, count, arguments)
           .ToLocal(value))
    return false;
  if ((*value)->IsPromise() && guc_compatibility == kStrict) {
    if (!AwaitResult(isolate, value)) return false;
  } else if (role->depth == 1) {
    isolate->PerformMicrotaskCheckpoint();
  }
  if (unlikely(!role->rejections.empty()) && role->depth == 1) ReportRejections(role);
  return frame->fatal == nullptr;
}

CallFrame* CurrentFrame() { return current_frame; }

MemoryContext CallMemoryContext() {
  return current_frame != nullptr ? current_frame->memory : CurrentMemoryContext;
}

Datum CallFunction(FunctionCallInfo fcinfo) {
  Datum result = 0;
  CallFrame frame;
  frame.fcinfo = fcinfo;
  frame.nonatomic = IsNonatomic(fcinfo);
  if (CALLED_AS_TRIGGER(fcinfo))
    frame.trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  RunFrame(&frame, fcinfo->flinfo->fn_oid,
           [&](bool* threw) { return CallSql(&frame, &result, threw); });
  return result;
}

void CallInline(const char* source, bool atomic) {
  CallFrame frame;
  frame.nonatomic = !atomic;
  RunFrame(&frame, InvalidOid,
           [&](bool* threw) { return CallSource(&frame, source, threw); });
}

void ValidateFunction(Oid oid) {
  CallFrame frame;
  frame.only_compiles = true;
  RunFrame(&frame, oid, [&](bool*) { return CheckFunction(frame.role, oid); });
}

void Terminate(v8::Isolate* isolate, ErrorData* error) {
  if (current_frame->fatal == nullptr) current_frame->fatal = error;
  isolate->TerminateExecution();
}

void EnsureSpi() {
  CallFrame* frame = current_frame;
  if (frame->spi_connected) return;
  /* SPI_finish() will come back to the context that is current now. */
  MemoryContext old = MemoryContextSwitchTo(frame->memory);
  if (SPI_connect_ext(frame->nonatomic ? SPI_OPT_NONATOMIC : 0) != SPI_OK_CONNECT)
    elog(ERROR, "SPI_connect failed");
  frame->spi_connected = true;
  if (frame->trigger != nullptr) SPI_register_trigger_data(frame->trigger);
  MemoryContextSwitchTo(old);
}

}  // namespace ai_runtime

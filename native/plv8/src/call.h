/*
 * One call of a function from SQL, while it runs.
 */
#ifndef AI_RUNTIME_PLV8_CALL_H_
#define AI_RUNTIME_PLV8_CALL_H_

#include "call_site.h"

extern "C" {
#include "commands/trigger.h"
#include "utils/tuplestore.h"
}

namespace ai_runtime {

// On the C stack of a handler. Frames nest when JavaScript runs SQL that calls
// JavaScript again, perhaps of another role.
struct CallFrame {
  CallFrame* outer = nullptr;
  Role* role = nullptr;
  CallSite* site = nullptr;
  FunctionCallInfo fcinfo = nullptr;
  MemoryContext memory = nullptr;  // the caller's: results and errors live here
  TriggerData* trigger = nullptr;
  Tuplestorestate* rows = nullptr;  // of a set-returning function
  RowShape row_shape;
  bool row_is_scalar = false;
  bool spi_connected = false;
  bool nonatomic = false;
  bool only_compiles = false;  // the validator: start_proc may wait
  bool read_only = false;
  bool in_transaction_end = false;
  // An error that must leave the call whatever JavaScript does: an interrupt, or
  // one raised outside a subtransaction, after which going on would not be safe.
  ErrorData* fatal = nullptr;
};

// The innermost call, or nullptr.
CallFrame* CurrentFrame();

// Where results and errors of the innermost call live.
MemoryContext CallMemoryContext();

// Calls the function of fcinfo; raises what went wrong when all scopes are closed.
Datum CallFunction(FunctionCallInfo fcinfo);

// Runs a DO block.
void CallInline(const char* source, bool atomic);

// Compiles the function and raises its syntax error.
void ValidateFunction(Oid oid);

// Calls JavaScript, awaits a returned Promise and runs what is queued; false when an
// exception or a termination is pending.
bool CallCompiled(CallFrame* frame, v8::Local<v8::Function> function,
                  v8::Local<v8::Value> receiver, int count, v8::Local<v8::Value>* arguments,
                  v8::Local<v8::Value>* value);

// Remembers an error that leaves the call in any case, and stops the script.
void Terminate(v8::Isolate* isolate, ErrorData* error);

// SPI for this call, connected at its first use. Raises.
void EnsureSpi();

}  // namespace ai_runtime

#endif

/*
 * SQL from JavaScript: every statement in a subtransaction of its own, so that a
 * caught error leaves the transaction usable.
 */
#ifndef AI_RUNTIME_PLV8_SPI_H_
#define AI_RUNTIME_PLV8_SPI_H_

#include "call.h"
#include "errors.h"

namespace ai_runtime {

// A subtransaction under construction; plain data.
struct Subtransaction {
  MemoryContext memory = nullptr;
  ResourceOwner owner = nullptr;
  bool begun = false;
};

// Connects SPI and begins a subtransaction (none in a parallel worker, which may
// not). An error that comes back is final for the call.
ErrorData* BeginSubtransaction(Subtransaction* subtransaction);
// Raises.
void CommitSubtransaction(Subtransaction* subtransaction);
void RollbackSubtransaction(Subtransaction* subtransaction);

// Runs the body in a subtransaction. False: an exception is pending in JavaScript,
// made of the body's error unless the body returned false for one of its own.
using SubtransactionBody = bool (*)(void*);
bool RunInSubtransaction(v8::Isolate* isolate, SubtransactionBody body, void* argument);

template <typename Body>
bool InSubtransaction(v8::Isolate* isolate, Body&& body) {
  return RunInSubtransaction(
      isolate, [](void* argument) { return (*static_cast<Body*>(argument))(); }, &body);
}

// Makes the error an exception, or stops the script if it may not be caught.
void ThrowOrTerminate(v8::Isolate* isolate, ErrorData* error, bool may_catch);

// The arguments of a call from position `first` on: an array, or the rest of them.
struct SqlArguments {
  int count = 0;
  v8::Local<v8::Value>* values = nullptr;  // palloc'd
};
bool ReadSqlArguments(const v8::FunctionCallbackInfo<v8::Value>& info, int first,
                      SqlArguments* arguments);

// Converts arguments to parameter values. Raises; false for a pending exception.
bool BindArguments(v8::Isolate* isolate, const SqlArguments& arguments, TypeInfo* types,
                   int count, Datum** values, char** nulls);

// What SPI's last statement gave: an array of rows, or a number of rows. Raises;
// empty for a pending exception. Frees SPI's tuple table.
v8::Local<v8::Value> TakeSpiResult(v8::Isolate* isolate, int code);

// plv8.execute, prepare and what they give.
void ExecuteCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
void PrepareCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
void SubtransactionCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace ai_runtime

#endif

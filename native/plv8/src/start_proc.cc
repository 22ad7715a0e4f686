/*
 * plv8.start_proc. A function that throws is an SQL error of the call that started
 * the role's JavaScript; validation of a function is not stopped by it.
 */
#include "start_proc.h"

#include "errors.h"
#include "find_function.h"
#include "module.h"

namespace ai_runtime {

ErrorData* RunStartProc(Role* role) {
  v8::Isolate* isolate = role->isolate;
  role->started = true;
  if (guc_start_proc == nullptr || *guc_start_proc == '\0') return nullptr;
  v8::TryCatch try_catch(isolate);
  v8::Local<v8::Function> function;
  v8::Local<v8::Value> ignored;
  Oid oid = InvalidOid;
  ErrorData* error = Catch([&] { oid = LookUpFunction(guc_start_proc); });
  Function* compiled = error == nullptr ? GetFunction(role, oid, &error) : nullptr;
  if (compiled != nullptr) {
    function = v8::Local<v8::Function>::New(isolate, compiled->compiled);
    if (!CallCompiled(CurrentFrame(), function, v8::Undefined(isolate), 0, nullptr, &ignored)) {
      if (try_catch.HasTerminated()) isolate->CancelTerminateExecution();
      error = CurrentFrame()->fatal != nullptr
                  ? CurrentFrame()->fatal
                  : ErrorFromJs(isolate, isolate->GetCurrentContext(), &try_catch,
                                ERRCODE_INTERNAL_ERROR);
    }
  }
  if (error != nullptr) role->started = false;
  return error;
}

}  // namespace ai_runtime

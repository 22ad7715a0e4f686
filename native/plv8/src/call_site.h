/*
 * What one place in a query that calls a function keeps between rows: the compiled
 * function, its resolved types, `this`. Hangs on FmgrInfo.fn_extra.
 */
#ifndef AI_RUNTIME_PLV8_CALL_SITE_H_
#define AI_RUNTIME_PLV8_CALL_SITE_H_

#include "convert.h"
#include "function_cache.h"

namespace ai_runtime {

struct CallSite {
  Role* role = nullptr;
  uint64 role_generation = 0;
  uint64 catalog_generation = 0;
  Function* function = nullptr;
  v8::Global<v8::Function> compiled;
  v8::Global<v8::Object> receiver;
  TypeInfo* arguments = nullptr;
  int argument_count = 0;
  TypeInfo result;
  TupleDesc result_row = nullptr;  // set for rows of known shape
  MemoryContext memory = nullptr;  // where the types live: fn_mcxt

  // Lets go of V8's handles: the isolate or the query ends.
  void Forget();
};

// The call site of this FmgrInfo, valid for the current role and catalogue; makes
// or renews it. Needs open scopes of the role; errors come back in *error.
CallSite* GetCallSite(FunctionCallInfo fcinfo, Role* role, ErrorData** error);

}  // namespace ai_runtime

#endif

/*
 * plv8 functions by name, for plv8.find_function() and plv8.start_proc.
 */
#ifndef AI_RUNTIME_PLV8_FIND_FUNCTION_H_
#define AI_RUNTIME_PLV8_FIND_FUNCTION_H_

#include "call.h"

namespace ai_runtime {

// The oid of the plv8 function with this name or signature. Raises when there is
// none, when it is of another language, or when the user may not execute it.
Oid LookUpFunction(const char* name);

void FindFunctionCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace ai_runtime

#endif

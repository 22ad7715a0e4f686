/*
 * Calls of row, statement and event triggers.
 */
#ifndef AI_RUNTIME_PLV8_TRIGGER_H_
#define AI_RUNTIME_PLV8_TRIGGER_H_

#include "call.h"

namespace ai_runtime {

// Calls the trigger function; the tuple that it decided for comes back. *threw
// says that an exception is pending.
ErrorData* CallTrigger(CallFrame* frame, v8::Local<v8::Function> function,
                       v8::Local<v8::Object> receiver, Datum* result, bool* threw);

}  // namespace ai_runtime

#endif

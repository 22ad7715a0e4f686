/*
 * Rows of a set-returning function, gathered in a tuplestore.
 */
#ifndef AI_RUNTIME_PLV8_SRF_H_
#define AI_RUNTIME_PLV8_SRF_H_

#include "call.h"

namespace ai_runtime {

// Prepares the tuplestore of the frame.
ErrorData* BeginRows(CallFrame* frame);

// Adds one row; false when an exception is pending. Raises.
bool AddRow(CallFrame* frame, v8::Local<v8::Value> value);

// Adds what the function returned: each element of an array, or a single row.
bool ReturnRows(CallFrame* frame, v8::Local<v8::Value> value);

}  // namespace ai_runtime

#endif

/*
 * plv8.memory_limit: what the heap and the array buffers of a role may hold together.
 */
#ifndef AI_RUNTIME_PLV8_MEMORY_LIMIT_H_
#define AI_RUNTIME_PLV8_MEMORY_LIMIT_H_

#include "isolate.h"

namespace ai_runtime {

// Has the role's new isolate, made with role->allocator, keep to role->heap_limit.
void WatchMemory(Role* role);

// Bytes that the isolate's heap holds, garbage included.
size_t HeapBytes(v8::Isolate* isolate);

// For long work of our own in a script, as EndIfInterrupted().
bool EndIfOutOfMemory(v8::Isolate* isolate);

// The error of a script that reached the limit.
ErrorData* MakeMemoryError();

// Gives an uncaught RangeError of V8 over a refused array buffer its SQLSTATE.
void ExplainRefusedBuffer(ErrorData* error);

// After the outermost call ran out of memory: collects, and retires the isolate
// if that did not help.
void RecoverMemory(Role* role);

}  // namespace ai_runtime

#endif

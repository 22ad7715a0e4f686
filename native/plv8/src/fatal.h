/*
 * The end of V8: it ran out of memory in a place where it cannot throw, or found a
 * broken promise inside itself. Such a process would abort, and an abort restarts
 * the whole cluster; here the session alone ends, by a FATAL error.
 */
#ifndef AI_RUNTIME_PLV8_FATAL_H_
#define AI_RUNTIME_PLV8_FATAL_H_

#include "pg_v8.h"

namespace ai_runtime {

// Stands in front of abort() while JavaScript runs. Once a process.
void InstallAbortHandler();

// For an isolate: what V8 calls before it would abort. They do not come back.
void OnFatalError(const char* location, const char* message);
void OnOutOfMemory(const char* location, bool is_heap_oom);

}  // namespace ai_runtime

#endif

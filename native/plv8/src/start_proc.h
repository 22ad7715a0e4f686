/*
 * plv8.start_proc: a function that runs when a role's JavaScript starts.
 */
#ifndef AI_RUNTIME_PLV8_START_PROC_H_
#define AI_RUNTIME_PLV8_START_PROC_H_

#include "isolate.h"

namespace ai_runtime {

// Runs it if the setting names one. An error comes back, and the next call tries
// again.
ErrorData* RunStartProc(Role* role);

}  // namespace ai_runtime

#endif

/*
 * Promises that were rejected and that nobody handled by the end of a call: a
 * WARNING each, as an error that goes unseen is the worst kind.
 */
#ifndef AI_RUNTIME_PLV8_REJECTIONS_H_
#define AI_RUNTIME_PLV8_REJECTIONS_H_

#include "isolate.h"

namespace ai_runtime {

// Has the isolate tell of rejections.
void WatchRejections(Role* role);

// At the end of the outermost call: warns of what is unhandled and forgets it. Never
// raises; an error in warning ends the call.
void ReportRejections(Role* role);

}  // namespace ai_runtime

#endif

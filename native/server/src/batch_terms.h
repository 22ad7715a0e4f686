// On what terms a request is batched: what it says, what its model allows, what the server is told.
#ifndef AI_RUNTIME_SERVER_BATCH_TERMS_H_
#define AI_RUNTIME_SERVER_BATCH_TERMS_H_

#include "options.h"
#include "request.h"

namespace ai_runtime {

// Checks an inference whose model is known, and fills in `checked` and `terms` but the lane.
Status CheckInference(const ServerOptions& options, Request* request);

// Fills in the lane: requests with the same differ in their rows alone.
void SetLane(Request* request);

// What an execution of so many rows, of requests like this one, is expected to take; UINT32_MAX
// while too little is known.
uint32_t ExpectedComputeUs(const Request& request, uint64_t rows);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_BATCH_TERMS_H_

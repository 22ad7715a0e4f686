// Whether the rows of a model may share an execution: tried out, once, when it is loaded.
//
// Random rows are run one by one and together, in batches of 2, 3 and more. A model whose rows
// come out the same bit for bit is batched without a word; one whose numbers differ a little, as
// kernels for several rows round otherwise, is batched and marked with the largest difference; one
// without a batch axis, or whose rows influence one another, is never batched.
#ifndef AI_RUNTIME_SERVER_BATCH_PROBE_H_
#define AI_RUNTIME_SERVER_BATCH_PROBE_H_

#include <string>

#include "model_session.h"

namespace ai_runtime {

enum class BatchMode {
  kOff,
  kExact,
  kApproximate
};

struct BatchBehaviour {
  BatchMode mode = BatchMode::kOff;
  double max_difference = 0;  // of a number of an output, in any batch that was tried
  std::string reason;         // why it is off
  // No dimension but that of the batch is free, so that rows tell how long an execution takes.
  bool rows_are_alike = false;
};

// Tries the model out. It takes some dozen executions of a few rows; a model whose first one takes
// longer than two seconds, or that loops, is not tried and stays off.
BatchBehaviour ProbeBatching(ModelSession* session);

// "off", "exact" or "approximate".
const char* BatchModeName(BatchMode mode);

// Adds the member "batch" to the JSON object of a signature.
std::string WithBatching(const std::string& signature_json, const BatchBehaviour& behaviour);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_BATCH_PROBE_H_

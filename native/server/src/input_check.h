// Compares the inputs of a request with the model's signature, before ONNX Runtime sees them.
#ifndef AI_RUNTIME_SERVER_INPUT_CHECK_H_
#define AI_RUNTIME_SERVER_INPUT_CHECK_H_

#include <vector>

#include "frame_codec.h"
#include "signature.h"
#include "status.h"

namespace ai_runtime {

// For each input of the signature its value; all are there.
Status MatchInputs(const Signature& signature, const InferRequest& request,
                   std::vector<const ValueView*>* inputs);

// The outputs to compute, as places in the signature.
Status MatchOutputs(const Signature& signature, const InferRequest& request,
                    std::vector<uint16_t>* outputs);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_INPUT_CHECK_H_

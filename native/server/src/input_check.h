// Compares the inputs of a request with the model's signature, before ONNX Runtime sees them.
#ifndef AI_RUNTIME_SERVER_INPUT_CHECK_H_
#define AI_RUNTIME_SERVER_INPUT_CHECK_H_

#include <vector>

#include "frame_codec.h"
#include "signature.h"
#include "status.h"

namespace ai_runtime {

// A request that fits its model. Everything in it points into the payload.
struct CheckedRequest {
  InferRequest infer;
  std::vector<const ValueView*> inputs;  // one for each input of the signature
  std::vector<uint16_t> outputs;         // to compute, as places in the signature
};

// Decodes a payload and fits it to the signature; says what is wrong with it.
Status CheckRequest(const Signature& signature, const uint8_t* payload, size_t bytes,
                    CheckedRequest* request);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_INPUT_CHECK_H_

// A tiny ONNX model whose only output, "y", is an empty sequence of tensors.
//
// ONNX Runtime's C API cannot make one; its operator SequenceEmpty can. model_session runs the
// model for each input that is an empty sequence.
#ifndef AI_RUNTIME_SERVER_EMPTY_SEQUENCE_MODEL_H_
#define AI_RUNTIME_SERVER_EMPTY_SEQUENCE_MODEL_H_

#include <cstdint>
#include <string>

namespace ai_runtime {

// The model's bytes; `datatype` is an AiDatatype.
std::string EmptySequenceModel(uint8_t datatype);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_EMPTY_SEQUENCE_MODEL_H_

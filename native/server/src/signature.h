// What a model takes and gives, in the words of the wire protocol, and its JSON.
//
// Made by model_session from ONNX Runtime's type information; knows no ONNX Runtime itself.
#ifndef AI_RUNTIME_SERVER_SIGNATURE_H_
#define AI_RUNTIME_SERVER_SIGNATURE_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "protocol.h"

namespace ai_runtime {

struct Dimension {
  int64_t size = -1;   // -1: not fixed
  std::string symbol;  // its name in the model when it is not fixed; may be empty
};

enum class TypeKind {
  kTensor,
  kSequence,
  kMap,
  kOptional
};

struct ValueType {
  TypeKind kind = TypeKind::kTensor;
  uint8_t datatype = AI_DATATYPE_INVALID;      // of a tensor
  uint8_t key_datatype = AI_DATATYPE_INVALID;  // of a map
  bool has_shape = false;                      // false: the rank is not known
  std::vector<Dimension> shape;
  std::vector<ValueType> element;  // one, of a sequence, map or optional
};

struct Signature {
  std::vector<std::pair<std::string, ValueType>> inputs;
  std::vector<std::pair<std::string, ValueType>> outputs;
  std::vector<std::pair<std::string, int64_t>> opsets;  // domain, version
  int64_t ir_version = 0;
  std::string producer;
  std::string producer_version;
  std::string graph;
  std::string description;
  std::map<std::string, std::string> metadata;
};

// The signature as MODEL_METADATA answers it.
std::string ToJson(const Signature& signature);

// A type for people: "FP32 [N, 32]", "sequence of map of INT64 to FP32".
std::string Describe(const ValueType& type);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_SIGNATURE_H_

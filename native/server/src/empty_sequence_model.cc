// Writes the few fields of onnx.proto that such a model has.
#include "empty_sequence_model.h"

#include "protocol.h"

namespace ai_runtime {
namespace {

// onnx.proto's TensorProto.DataType by AiDatatype.
constexpr uint8_t kOnnxTypes[] = {0, 9, 2, 4, 12, 13, 3, 5, 6, 7, 10, 1, 11, 16, 8};
static_assert(sizeof(kOnnxTypes) == AI_DATATYPE_BYTES + 1, "one for each datatype");

// No number and no length here reaches 128: each is one byte on the wire.
std::string Number(char field, uint8_t value) {
  return {static_cast<char>(field << 3), static_cast<char>(value)};
}

std::string Bytes(char field, const std::string& value) {
  return std::string{static_cast<char>(field << 3 | 2), static_cast<char>(value.size())} + value;
}

}  // namespace

std::string EmptySequenceModel(uint8_t datatype) {
  constexpr char kAttributeTypeField[] = {'\xa0', '\x01', '\x02'};  // field 20: INT
  const uint8_t element = kOnnxTypes[datatype];
  const std::string attribute = Bytes(1, "dtype") + Number(3, element) +
                                std::string(kAttributeTypeField, sizeof(kAttributeTypeField));
  const std::string node = Bytes(2, "y") + Bytes(4, "SequenceEmpty") + Bytes(5, attribute);
  const std::string type = Bytes(4, Bytes(1, Bytes(1, Number(1, element))));
  const std::string graph =
      Bytes(1, node) + Bytes(2, "empty") + Bytes(12, Bytes(1, "y") + Bytes(2, type));
  return Number(1, 8) + Bytes(7, graph) + Bytes(8, Bytes(1, "") + Number(2, 15));
}

}  // namespace ai_runtime

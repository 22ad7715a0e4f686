// The extension checks the same before it sends; a server trusts no client.
#include "input_check.h"

#include <string>

namespace ai_runtime {
namespace {

std::string Describe(const ValueView& value) {
  switch (value.kind) {
    case AI_VALUE_NONE:
      return "an absent value";
    case AI_VALUE_SEQUENCE:
      return "a sequence";
    case AI_VALUE_MAP:
      return "a map";
    case AI_VALUE_TENSOR:
      break;
  }
  std::string text = std::string(ai_datatype_name(value.datatype)) + " [";
  for (size_t axis = 0; axis < value.rank; ++axis) {
    if (axis > 0) text += ", ";
    text += std::to_string(value.dim(axis));
  }
  return text + "]";
}

bool TensorFits(const ValueType& type, const ValueView& value) {
  if (value.kind != AI_VALUE_TENSOR || value.datatype != type.datatype) return false;
  if (!type.has_shape) return true;
  if (value.rank != type.shape.size()) return false;
  for (size_t axis = 0; axis < type.shape.size(); ++axis) {
    const int64_t size = type.shape[axis].size;
    if (size >= 0 && value.dim(axis) != static_cast<uint64_t>(size)) return false;
  }
  return true;
}

bool MapFits(const ValueType& type, const ValueView& value) {
  if (value.kind != AI_VALUE_MAP) return false;
  const ValueView& keys = value.elements.at(0);
  const ValueView& values = value.elements.at(1);
  return keys.kind == AI_VALUE_TENSOR && values.kind == AI_VALUE_TENSOR && keys.rank == 1 &&
         values.rank == 1 && keys.datatype == type.key_datatype &&
         values.datatype == type.element.at(0).datatype &&
         keys.element_count == values.element_count;
}

bool Fits(const ValueType& type, const ValueView& value) {
  switch (type.kind) {
    case TypeKind::kTensor:
      return TensorFits(type, value);
    case TypeKind::kMap:
      return MapFits(type, value);
    case TypeKind::kOptional:
      return Fits(type.element.at(0), value);
    case TypeKind::kSequence:
      if (value.kind != AI_VALUE_SEQUENCE) return false;
      for (const ValueView& element : value.elements) {
        if (!Fits(type.element.at(0), element)) return false;
      }
      return true;
  }
  return false;
}

// ONNX Runtime 1.29 ends the process when an absent optional is given to a session.
Status AbsentOptional(const std::string& name) {
  return Status(AI_STATUS_UNSUPPORTED, "optional input \"" + name + "\" cannot be left out",
                "ONNX Runtime takes no absent optional from outside a model.");
}

// For each input of the signature its value; all are there.
Status MatchInputs(const Signature& signature, const InferRequest& request,
                   std::vector<const ValueView*>* inputs) {
  inputs->assign(signature.inputs.size(), nullptr);
  for (const ValueView& value : request.inputs) {
    if (value.index >= inputs->size()) {
      return Status(AI_STATUS_INVALID_ARG, "model has " + std::to_string(inputs->size()) +
                                               " inputs, input number " +
                                               std::to_string(value.index + 1) + " was given");
    }
    const auto& [name, type] = signature.inputs[value.index];
    if ((*inputs)[value.index] != nullptr) {
      return Status(AI_STATUS_INVALID_ARG, "input \"" + name + "\" is given twice");
    }
    if (type.kind == TypeKind::kOptional && value.kind == AI_VALUE_NONE) {
      return AbsentOptional(name);
    }
    if (!Fits(type, value)) {
      return Status(AI_STATUS_INVALID_ARG, "input \"" + name + "\" expects " +
                                               ai_runtime::Describe(type) + ", not " +
                                               Describe(value));
    }
    (*inputs)[value.index] = &value;
  }
  for (size_t i = 0; i < inputs->size(); ++i) {
    const auto& [name, type] = signature.inputs[i];
    if ((*inputs)[i] != nullptr) continue;
    if (type.kind == TypeKind::kOptional) return AbsentOptional(name);
    return Status(AI_STATUS_INVALID_ARG, "input \"" + name + "\" is missing",
                  "It expects " + ai_runtime::Describe(type) + ".");
  }
  return Status::Ok();
}

Status MatchOutputs(const Signature& signature, const InferRequest& request,
                    std::vector<uint16_t>* outputs) {
  *outputs = request.outputs;
  if (outputs->empty()) {
    for (size_t i = 0; i < signature.outputs.size(); ++i) {
      outputs->push_back(static_cast<uint16_t>(i));
    }
    return Status::Ok();
  }
  std::vector<bool> wanted(signature.outputs.size());
  for (uint16_t index : *outputs) {
    if (index >= wanted.size() || wanted[index]) {
      return Status(AI_STATUS_INVALID_ARG, "model has " + std::to_string(wanted.size()) +
                                               " outputs, output number " +
                                               std::to_string(index + 1) + " was asked for" +
                                               (index < wanted.size() ? " twice" : ""));
    }
    wanted[index] = true;
  }
  return Status::Ok();
}

}  // namespace

Status CheckRequest(const Signature& signature, const uint8_t* payload, size_t bytes,
                    CheckedRequest* request) {
  RETURN_IF_ERROR(DecodeInferRequest(payload, bytes, &request->infer));
  RETURN_IF_ERROR(MatchInputs(signature, request->infer, &request->inputs));
  return MatchOutputs(signature, request->infer, &request->outputs);
}

}  // namespace ai_runtime

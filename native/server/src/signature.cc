// The signature's JSON and its words for error messages.
#include "signature.h"

#include "json_writer.h"

namespace ai_runtime {
namespace {

void WriteType(const ValueType& type, JsonWriter* json) {
  static const char* const kKinds[] = {"tensor", "sequence", "map", "optional"};
  json->Key("kind").String(kKinds[static_cast<int>(type.kind)]);
  if (type.kind == TypeKind::kTensor) {
    json->Key("datatype").String(ai_datatype_name(type.datatype));
    if (!type.has_shape) return;
    json->Key("shape").BeginArray();
    for (const Dimension& dimension : type.shape) {
      if (dimension.size >= 0) {
        json->Number(dimension.size);
      } else if (!dimension.symbol.empty()) {
        json->String(dimension.symbol);
      } else {
        json->Null();
      }
    }
    json->EndArray();
    return;
  }
  if (type.kind == TypeKind::kMap) {
    json->Key("key_datatype").String(ai_datatype_name(type.key_datatype));
  }
  for (const ValueType& element : type.element) {
    json->Key("element").BeginObject();
    WriteType(element, json);
    json->EndObject();
  }
}

void WriteValues(const std::vector<std::pair<std::string, ValueType>>& values, JsonWriter* json) {
  json->BeginArray();
  for (const auto& [name, type] : values) {
    json->BeginObject();
    json->Key("name").String(name);
    WriteType(type, json);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

std::string ToJson(const Signature& signature) {
  JsonWriter json;
  json.BeginObject();
  json.Key("inputs");
  WriteValues(signature.inputs, &json);
  json.Key("outputs");
  WriteValues(signature.outputs, &json);
  json.Key("opset").BeginObject();
  for (const auto& [domain, version] : signature.opsets) json.Key(domain).Number(version);
  json.EndObject();
  json.Key("ir_version").Number(signature.ir_version);
  json.Key("producer").String(signature.producer);
  json.Key("producer_version").String(signature.producer_version);
  json.Key("graph").String(signature.graph);
  json.Key("description").String(signature.description);
  json.Key("metadata").BeginObject();
  for (const auto& [key, value] : signature.metadata) json.Key(key).String(value);
  json.EndObject();
  json.EndObject();
  return json.text();
}

std::string Describe(const ValueType& type) {
  switch (type.kind) {
    case TypeKind::kTensor: {
      std::string text = ai_datatype_name(type.datatype);
      if (!type.has_shape) return text + " of any shape";
      text += " [";
      for (size_t i = 0; i < type.shape.size(); ++i) {
        const Dimension& dimension = type.shape[i];
        if (i > 0) text += ", ";
        if (dimension.size >= 0) {
          text += std::to_string(dimension.size);
        } else {
          text += dimension.symbol.empty() ? "?" : dimension.symbol;
        }
      }
      return text + "]";
    }
    case TypeKind::kSequence:
      return "sequence of " + Describe(type.element.at(0));
    case TypeKind::kMap:
      return std::string("map of ") + ai_datatype_name(type.key_datatype) + " to " +
             Describe(type.element.at(0));
    case TypeKind::kOptional:
      return "optional " + Describe(type.element.at(0));
  }
  return "";
}

}  // namespace ai_runtime

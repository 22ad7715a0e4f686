// The walk follows onnx.proto: model → graph and functions → node → attribute → graph, tensor.
#include "model_inspector.h"

#include <cstring>
#include <set>
#include <string_view>

namespace ai_runtime {
namespace {

Status NotAModel(const std::string& detail) {
  return Status(AI_STATUS_INVALID_ARG, "not a valid ONNX model", detail);
}

// One field of a message as it stands on the wire.
struct Field {
  uint32_t number = 0;
  uint32_t wire_type = 0;
  uint64_t varint = 0;
  std::string_view bytes;
};

enum WireType : uint32_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kFixed32 = 5
};

class MessageReader {
 public:
  explicit MessageReader(std::string_view message) : left_(message) {}

  bool AtEnd() const { return left_.empty(); }

  // False for anything that protobuf would not take: cut off, a group, field number 0.
  bool Next(Field* field) {
    uint64_t tag;
    if (!Varint(&tag) || tag > UINT32_MAX || tag >> 3 == 0) return false;
    field->number = static_cast<uint32_t>(tag >> 3);
    field->wire_type = static_cast<uint32_t>(tag & 7);
    uint64_t length;
    switch (field->wire_type) {
      case kVarint:
        return Varint(&field->varint);
      case kFixed64:
        return Take(8, &field->bytes);
      case kFixed32:
        return Take(4, &field->bytes);
      case kBytes:
        return Varint(&length) && Take(length, &field->bytes);
      default:
        return false;
    }
  }

 private:
  bool Varint(uint64_t* value) {
    *value = 0;
    for (int shift = 0; shift < 70; shift += 7) {
      if (left_.empty()) return false;
      const uint8_t byte = static_cast<uint8_t>(left_.front());
      left_.remove_prefix(1);
      if (shift < 64) *value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return true;
    }
    return false;
  }

  bool Take(uint64_t bytes, std::string_view* taken) {
    if (bytes > left_.size()) return false;
    *taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return true;
  }

  std::string_view left_;
};

// The fields of onnx.proto that are looked at.
enum ModelField {
  kIrVersion = 1,
  kProducer = 2,
  kProducerVersion = 3,
  kGraph = 7,
  kOpset = 8,
  kTraining = 20,
  kFunctions = 25
};
enum OpsetField {
  kOpsetDomain = 1,
  kOpsetVersion = 2
};
enum FunctionField {
  kFunctionName = 1,
  kFunctionNode = 7,
  kFunctionDomain = 10,
  kFunctionAttribute = 11
};
enum GraphField {
  kNode = 1,
  kInitializer = 5,
  kInput = 11,
  kOutput = 12,
  kSparseInitializer = 15
};
enum ValueInfoField {
  kValueName = 1,
  kValueType = 2
};
enum TypeField {
  kTensorType = 1,
  kSequenceType = 4,
  kMapType = 5,
  kOptionalType = 9
};
enum TensorTypeField {
  kTensorShape = 2
};
enum NodeField {
  kOpType = 4,
  kAttribute = 5,
  kNodeDomain = 7
};
enum AttributeField {
  kTensor = 5,
  kSubgraph = 6,
  kTensors = 10,
  kSubgraphs = 11,
  kSparseTensor = 22,
  kSparseTensors = 23
};
enum TensorField {
  kExternalData = 13,
  kDataLocation = 14
};

bool IsAllowedDomain(std::string_view domain) {
  return domain.empty() || domain == "ai.onnx" || domain == "ai.onnx.ml" ||
         domain == "ai.onnx.training" || domain == "ai.onnx.preview.training";
}

bool HasDataSizedOutput(std::string_view op_type) {
  static const std::set<std::string_view> kOperators = {
      "ConstantOfShape", "Range",         "Expand",        "Tile",
      "Resize",          "Upsample",      "Pad",           "OneHot",
      "RandomNormal",    "RandomUniform", "CenterCropPad", "AffineGrid",
      "EyeLike",         "GridSample",    "StringConcat",  "Einsum"};
  return kOperators.count(op_type) > 0;
}

class Inspector {
 public:
  explicit Inspector(InspectedModel* model) : model_(model) {}

  Status Model(std::string_view bytes) {
    RETURN_IF_ERROR(CollectFunctions(bytes));
    bool has_graph = false;
    RETURN_IF_ERROR(Walk(bytes, 0, [&](const Field& field) -> Status {
      switch (field.number) {
        case kIrVersion:
          if (field.wire_type == kVarint) model_->ir_version = static_cast<int64_t>(field.varint);
          return Status::Ok();
        case kProducer:
          model_->producer = field.bytes;
          return Status::Ok();
        case kProducerVersion:
          model_->producer_version = field.bytes;
          return Status::Ok();
        case kGraph:
          has_graph = true;
          return OnMessage(field, 1, &Inspector::Graph);
        case kOpset:
          return OnMessage(field, 1, &Inspector::Opset);
        case kTraining:  // holds graphs in its first two fields
          return OnMessage(field, 1, &Inspector::Training);
        case kFunctions:
          return OnMessage(field, 1, &Inspector::Function);
        default:
          return Status::Ok();
      }
    }));
    if (!has_graph) return NotAModel("It holds no graph.");
    if (model_->ir_version <= 0) return NotAModel("It has no ir_version.");
    if (model_->opsets.empty() && model_->ir_version >= 3) {
      return NotAModel("It imports no operator set.");
    }
    return Status::Ok();
  }

 private:
  using Visit = Status (Inspector::*)(std::string_view, int);

  template <typename Function>
  Status Walk(std::string_view message, int depth, Function visit) {
    if (depth > kMaxMessageDepth) return NotAModel("Its messages are nested too deeply.");
    MessageReader reader(message);
    while (!reader.AtEnd()) {
      Field field;
      if (!reader.Next(&field)) return NotAModel("The bytes are cut off or are no protobuf.");
      RETURN_IF_ERROR(visit(field));
    }
    return Status::Ok();
  }

  Status OnMessage(const Field& field, int depth, Visit visit) {
    // Protobuf keeps a field of another wire type as unknown and ignores it.
    return field.wire_type == kBytes ? (this->*visit)(field.bytes, depth) : Status::Ok();
  }

  // Functions may stand behind the graph that calls them: their names come first.
  Status CollectFunctions(std::string_view bytes) {
    return Walk(bytes, 0, [&](const Field& field) -> Status {
      if (field.number != kFunctions || field.wire_type != kBytes) return Status::Ok();
      if (functions_.size() >= kMaxFunctions) return NotAModel("It has too many functions.");
      std::string_view name, domain;
      RETURN_IF_ERROR(Walk(field.bytes, 1, [&](const Field& part) -> Status {
        if (part.number == kFunctionName) name = part.bytes;
        if (part.number == kFunctionDomain) domain = part.bytes;
        return Status::Ok();
      }));
      functions_.insert(std::make_pair(domain, name));
      return Status::Ok();
    });
  }

  Status Opset(std::string_view bytes, int depth) {
    if (model_->opsets.size() >= kMaxOpsets) return NotAModel("It imports too many opsets.");
    std::string domain;
    int64_t version = 0;
    RETURN_IF_ERROR(Walk(bytes, depth, [&](const Field& field) -> Status {
      if (field.number == kOpsetDomain) domain = field.bytes;
      if (field.number == kOpsetVersion) version = static_cast<int64_t>(field.varint);
      return Status::Ok();
    }));
    model_->opsets.emplace_back(std::move(domain), version);
    return Status::Ok();
  }

  Status Training(std::string_view bytes, int depth) {
    return Walk(bytes, depth, [&](const Field& field) -> Status {
      return field.number <= 2 ? OnMessage(field, depth + 1, &Inspector::Graph) : Status::Ok();
    });
  }

  Status Function(std::string_view bytes, int depth) {
    return Walk(bytes, depth, [&](const Field& field) -> Status {
      if (field.number == kFunctionNode) return OnMessage(field, depth + 1, &Inspector::Node);
      if (field.number == kFunctionAttribute) {
        return OnMessage(field, depth + 1, &Inspector::Attribute);
      }
      return Status::Ok();
    });
  }

  Status Graph(std::string_view bytes, int depth) {
    if (graph_depth_ >= kMaxGraphDepth) {
      return Status(AI_STATUS_UNSUPPORTED, "graphs of the model are nested too deeply",
                    "At most " + std::to_string(kMaxGraphDepth) + " levels are supported.");
    }
    ++graph_depth_;
    Status status = Walk(bytes, depth, [&](const Field& field) -> Status {
      switch (field.number) {
        case kNode:
          return OnMessage(field, depth + 1, &Inspector::Node);
        case kInitializer:
          return OnMessage(field, depth + 1, &Inspector::Tensor);
        case kSparseInitializer:
          return OnMessage(field, depth + 1, &Inspector::SparseTensor);
        case kInput:
        case kOutput:
          if (graph_depth_ > 1) return Status::Ok();
          return OnMessage(field, depth + 1, &Inspector::ValueInfo);
        default:
          return Status::Ok();
      }
    });
    --graph_depth_;
    return status;
  }

  Status ValueInfo(std::string_view bytes, int depth) {
    std::string_view name;
    bool has_shape = false;
    RETURN_IF_ERROR(Walk(bytes, depth, [&](const Field& field) -> Status {
      if (field.number == kValueName) name = field.bytes;
      if (field.number != kValueType || field.wire_type != kBytes) return Status::Ok();
      return Type(field.bytes, depth + 1, &has_shape);
    }));
    if (has_shape) model_->shaped_values.emplace(name);
    return Status::Ok();
  }

  // Finds the tensor type within sequences, maps and optionals, and whether it has a shape.
  Status Type(std::string_view bytes, int depth, bool* has_shape) {
    return Walk(bytes, depth, [&](const Field& field) -> Status {
      if (field.wire_type != kBytes) return Status::Ok();
      if (field.number == kTensorType) {
        return Walk(field.bytes, depth + 1, [&](const Field& part) -> Status {
          if (part.number == kTensorShape) *has_shape = true;
          return Status::Ok();
        });
      }
      if (field.number != kSequenceType && field.number != kOptionalType &&
          field.number != kMapType) {
        return Status::Ok();
      }
      const uint32_t element = field.number == kMapType ? 2 : 1;
      return Walk(field.bytes, depth + 1, [&](const Field& part) -> Status {
        if (part.number != element || part.wire_type != kBytes) return Status::Ok();
        return Type(part.bytes, depth + 2, has_shape);
      });
    });
  }

  Status Node(std::string_view bytes, int depth) {
    if (++model_->node_count > kMaxNodes) {
      return Status(AI_STATUS_UNSUPPORTED, "model has too many nodes",
                    "At most " + std::to_string(kMaxNodes) + " are supported.");
    }
    std::string_view domain, op_type;
    RETURN_IF_ERROR(Walk(bytes, depth, [&](const Field& field) -> Status {
      if (field.number == kOpType) op_type = field.bytes;
      if (field.number == kNodeDomain) domain = field.bytes;
      if (field.number != kAttribute) return Status::Ok();
      return OnMessage(field, depth + 1, &Inspector::Attribute);
    }));
    if (!IsAllowedDomain(domain) && functions_.count(std::make_pair(domain, op_type)) == 0) {
      return Status(AI_STATUS_UNSUPPORTED,
                    "operator \"" + std::string(op_type) + "\" of domain \"" + std::string(domain) +
                        "\" is not supported",
                    "Models may use the operators of ai.onnx and ai.onnx.ml only.",
                    "Export the model without operators of this domain.");
    }
    if (op_type == "Loop" || op_type == "Scan" || op_type == "If" || op_type == "SequenceMap") {
      model_->has_control_flow = true;
    }
    if (HasDataSizedOutput(op_type)) model_->has_data_sized_output = true;
    return Status::Ok();
  }

  Status Attribute(std::string_view bytes, int depth) {
    return Walk(bytes, depth, [&](const Field& field) -> Status {
      switch (field.number) {
        case kTensor:
        case kTensors:
          return OnMessage(field, depth + 1, &Inspector::Tensor);
        case kSubgraph:
        case kSubgraphs:
          return OnMessage(field, depth + 1, &Inspector::Graph);
        case kSparseTensor:
        case kSparseTensors:
          return OnMessage(field, depth + 1, &Inspector::SparseTensor);
        default:
          return Status::Ok();
      }
    });
  }

  Status SparseTensor(std::string_view bytes, int depth) {
    return Walk(bytes, depth, [&](const Field& field) -> Status {  // values and indices
      return field.number <= 2 ? OnMessage(field, depth + 1, &Inspector::Tensor) : Status::Ok();
    });
  }

  Status Tensor(std::string_view bytes, int depth) {
    return Walk(bytes, depth, [&](const Field& field) -> Status {
      // An enum keeps the low 32 bits of its varint; any of several occurrences counts.
      const bool external_location = field.number == kDataLocation && field.wire_type == kVarint &&
                                     static_cast<int32_t>(field.varint) != 0;
      if (external_location || field.number == kExternalData) {
        return Status(AI_STATUS_UNSUPPORTED, "model keeps tensors outside its file",
                      "A model is stored and loaded as one piece.",
                      "Save the model with all tensors inside the ONNX file.");
      }
      return Status::Ok();
    });
  }

  InspectedModel* model_;
  std::set<std::pair<std::string_view, std::string_view>> functions_;
  int graph_depth_ = 0;
};

}  // namespace

Status InspectModel(const void* data, size_t bytes, InspectedModel* model) {
  *model = InspectedModel();
  if (bytes == 0) return NotAModel("It is empty.");
  return Inspector(model).Model(std::string_view(static_cast<const char*>(data), bytes));
}

}  // namespace ai_runtime

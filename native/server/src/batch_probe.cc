// The rows are written as a request and pass the same checks; the same seed for every model makes
// the result one of the model and the machine alone.
#include "batch_probe.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <optional>
#include <random>
#include <utility>

#include "json_writer.h"
#include "probe_outputs.h"

namespace ai_runtime {
namespace {

using Clock = std::chrono::steady_clock;

constexpr uint64_t kRows = 8;
constexpr uint64_t kManyRows = 64;
constexpr auto kMaxFirstRun = std::chrono::seconds(2);
// Batches of many rows are tried where a row takes no longer.
constexpr auto kMaxRowForMany = std::chrono::milliseconds(1);
// What a free dimension other than the batch's is set to, until the model takes one.
constexpr int64_t kFreeDimensions[] = {8, 32, 1};

BatchBehaviour Off(const std::string& reason) {
  BatchBehaviour behaviour;
  behaviour.reason = reason;
  return behaviour;
}

// Why the signature alone rules batches out; empty: it does not.
std::string NoBatchAxis(const Signature& signature) {
  if (signature.inputs.empty()) return "The model has no input.";
  std::string symbol;
  for (const auto& [name, type] : signature.inputs) {
    if (type.kind != TypeKind::kTensor) return "Input \"" + name + "\" is no tensor.";
    if (!type.has_shape || type.shape.empty() || type.shape.front().size >= 0) {
      return "The first dimension of input \"" + name + "\" is not free.";
    }
    const std::string& own = type.shape.front().symbol;
    if (!symbol.empty() && !own.empty() && own != symbol) {
      return "The first dimensions of the inputs are not the same.";
    }
    if (symbol.empty()) symbol = own;
  }
  for (const auto& [name, type] : signature.outputs) {
    if (type.kind != TypeKind::kTensor) return "Output \"" + name + "\" is no tensor.";
    if (type.has_shape && (type.shape.empty() || type.shape.front().size >= 0)) {
      return "The first dimension of output \"" + name + "\" is not free.";
    }
  }
  return "";
}

// True when a dimension other than the batch's is free.
bool HasOtherFreeDimension(const Signature& signature) {
  for (const auto& [name, type] : signature.inputs) {
    for (size_t axis = 1; axis < type.shape.size(); ++axis) {
      if (type.shape[axis].size < 0) return true;
    }
  }
  return false;
}

// Appends a random element, as on the wire. Integers stay small: many are places in a table.
void AppendElement(uint8_t datatype, std::mt19937_64* random, std::string* data) {
  std::uniform_real_distribution<double> uniform(-2, 2);
  const double number = uniform(*random);
  const auto append = [&](const auto& value) {
    data->append(reinterpret_cast<const char*>(&value), sizeof(value));
  };
  switch (datatype) {
    case AI_DATATYPE_FP32:
      return append(static_cast<float>(number));
    case AI_DATATYPE_FP64:
      return append(number);
    case AI_DATATYPE_FP16:
      return append(ToHalf(number));
    case AI_DATATYPE_BF16:
      return append(ToBfloat16(number));
    case AI_DATATYPE_BYTES:
      append(uint32_t{1});
      return append(static_cast<char>('a' + (*random)() % 3));
    default:
      break;
  }
  data->push_back(static_cast<char>((*random)() % 2));
  data->append(ai_datatype_bytes(datatype) - 1, '\0');
}

// A request of kRows random rows.
class ProbeRequest {
 public:
  Status Make(const Signature& signature, int64_t free_dimension) {
    std::mt19937_64 random(20261127);
    FrameWriter writer(AI_MODEL_INFER_REQUEST, 0);
    AiInferRequestHeader header = {};
    header.input_count = static_cast<uint16_t>(signature.inputs.size());
    RETURN_IF_ERROR(writer.Append(&header, sizeof(header)));
    for (size_t i = 0; i < signature.inputs.size(); ++i) {
      RETURN_IF_ERROR(AppendInput(signature.inputs[i].second, i, free_dimension, &random, &writer));
    }
    const size_t bytes = writer.payload_bytes();
    if (!payload_.Resize(bytes)) return Status(AI_STATUS_RESOURCE_EXHAUSTED, "out of memory");
    std::memcpy(payload_.data(), writer.payload(), bytes);
    return CheckRequest(signature, payload_.data(), bytes, &request_);
  }

  const CheckedRequest& request() const { return request_; }

 private:
  static Status AppendInput(const ValueType& type, size_t index, int64_t free_dimension,
                            std::mt19937_64* random, FrameWriter* writer) {
    constexpr int64_t kMaxElements = int64_t{1} << 24;
    std::vector<int64_t> dims = {static_cast<int64_t>(kRows)};
    int64_t count = dims.front();
    for (size_t axis = 1; axis < type.shape.size(); ++axis) {
      const int64_t size = type.shape[axis].size;
      dims.push_back(size < 0 ? free_dimension : size);
      if (__builtin_mul_overflow(count, dims.back(), &count) || count > kMaxElements) {
        return Status(AI_STATUS_RESOURCE_EXHAUSTED, "a row of the model is too large to be tried");
      }
    }
    std::string data;
    for (int64_t i = 0; i < count; ++i) AppendElement(type.datatype, random, &data);
    uint8_t* to;
    RETURN_IF_ERROR(writer->AppendTensor(static_cast<uint16_t>(index),
                                         static_cast<AiDatatype>(type.datatype), dims.data(),
                                         dims.size(), data.size(), &to));
    std::memcpy(to, data.data(), data.size());
    return Status::Ok();
  }

  Buffer payload_;
  CheckedRequest request_;
};

Status RunRows(ModelSession* session, const std::vector<RowSlice>& slices, ProbeOutputs* outputs) {
  RunControl control;
  outputs->Clear();
  return session->RunBatch(slices, &control, outputs);
}

// Runs each row alone. Sets how long the last one took.
Status RunAlone(ModelSession* session, const CheckedRequest& request,
                std::vector<ProbeOutputs>* alone, Clock::duration* took) {
  alone->resize(kRows);
  for (uint64_t row = 0; row < kRows; ++row) {
    const Clock::time_point started = Clock::now();
    RETURN_IF_ERROR(RunRows(session, {{&request, row, 1}}, &(*alone)[row]));
    *took = Clock::now() - started;
    if (*took > kMaxFirstRun) {
      return Status(AI_STATUS_UNAVAILABLE, "a row of the model takes too long to be tried");
    }
  }
  return Status::Ok();
}

BatchBehaviour Compare(ModelSession* session, const CheckedRequest& request,
                       const std::vector<ProbeOutputs>& alone, Clock::duration row_took) {
  BatchBehaviour behaviour;
  behaviour.mode = BatchMode::kExact;
  std::vector<std::vector<RowSlice>> batches = {
      {{&request, 0, 2}}, {{&request, 0, 3}}, {{&request, 0, kRows}}, {{&request, 5, 2}}};
  // In another order, so that a row that knows its place is found out.
  batches.push_back({{&request, 4, 4}, {&request, 0, 3}});
  if (row_took < kMaxRowForMany) {
    batches.emplace_back(kManyRows / kRows, RowSlice{&request, 0, kRows});
  }
  for (const std::vector<RowSlice>& batch : batches) {
    ProbeOutputs together;
    const Status status = RunRows(session, batch, &together);
    if (!status.ok()) return Off("A batch failed: " + status.ToString() + ".");
    uint64_t place = 0;
    uint64_t rows = 0;
    for (const RowSlice& slice : batch) rows += slice.rows;
    for (const RowSlice& slice : batch) {
      for (uint64_t row = slice.first_row; row < slice.first_row + slice.rows; ++row) {
        const RowDifference difference = alone[row].Differ(together, rows, place++);
        if (!difference.reason.empty()) return Off(difference.reason);
        if (!difference.is_equal) behaviour.mode = BatchMode::kApproximate;
        behaviour.max_difference = std::max(behaviour.max_difference, difference.largest);
      }
    }
  }
  return behaviour;
}

}  // namespace

BatchBehaviour ProbeBatching(ModelSession* session) {
  const Signature& signature = session->signature();
  const std::string no_axis = NoBatchAxis(signature);
  if (!no_axis.empty()) return Off(no_axis);
  if (session->inspected().has_control_flow) return Off("The model has a Loop, a Scan or an If.");
  const bool has_other = HasOtherFreeDimension(signature);
  Status status;
  for (const int64_t dimension : kFreeDimensions) {
    ProbeRequest probe;
    std::vector<ProbeOutputs> alone;
    Clock::duration took{};
    status = probe.Make(signature, dimension);
    if (status.ok()) status = RunAlone(session, probe.request(), &alone, &took);
    if (status.ok()) {
      BatchBehaviour behaviour = Compare(session, probe.request(), alone, took);
      behaviour.rows_are_alike = !has_other;
      return behaviour;
    }
    if (!has_other || status.code() == AI_STATUS_UNAVAILABLE) break;
  }
  return Off("A row of random values failed: " + status.ToString() + ".");
}

const char* BatchModeName(BatchMode mode) {
  switch (mode) {
    case BatchMode::kOff:
      return "off";
    case BatchMode::kExact:
      return "exact";
    case BatchMode::kApproximate:
      return "approximate";
  }
  return "off";
}

std::string WithBatching(const std::string& signature_json, const BatchBehaviour& behaviour) {
  JsonWriter json;
  json.BeginObject();
  json.Key("mode").String(BatchModeName(behaviour.mode));
  if (behaviour.mode == BatchMode::kOff) {
    json.Key("reason").String(behaviour.reason);
  } else {
    json.Key("max_difference").Decimal(behaviour.max_difference);
  }
  json.EndObject();
  return signature_json.substr(0, signature_json.size() - 1) + ",\"batch\":" + json.text() + "}";
}

}  // namespace ai_runtime

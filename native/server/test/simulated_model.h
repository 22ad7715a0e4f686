// A model of the simulation: what it makes of a row is known, and some rows make it fail.
#ifndef AI_RUNTIME_SERVER_TEST_SIMULATED_MODEL_H_
#define AI_RUNTIME_SERVER_TEST_SIMULATED_MODEL_H_

#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "model_repository.h"

namespace ai_runtime::test {

// A row as it stands in the input: whose it is, and which.
struct TaggedRow {
  int64_t owner = 0;
  int64_t number = 0;
};

// A row with this number makes an execution fail.
constexpr int64_t kPoison = -1;

inline TaggedRow Expected(const TaggedRow& row) { return {row.owner ^ 0x5555, row.number * 3 + 1}; }

// INT64 [N, 2] to INT64 [N, 2]; the second output is the owner as a string.
class SimulatedSession : public ModelSession {
 public:
  SimulatedSession() {
    ValueType type;
    type.datatype = AI_DATATYPE_INT64;
    type.has_shape = true;
    type.shape = {{-1, "N"}, {2, ""}};
    signature_.inputs.emplace_back("x", type);
    signature_.outputs.emplace_back("y", type);
    type.datatype = AI_DATATYPE_BYTES;
    type.shape.pop_back();
    signature_.outputs.emplace_back("owner", type);
  }

  const Signature& signature() const override { return signature_; }
  const InspectedModel& inspected() const override { return inspected_; }

  Status Run(const CheckedRequest& request, RunControl* control, FrameWriter* reply) override {
    ReplySink sink(reply);
    return RunBatch({{&request, 0, request.inputs.front()->dim(0)}}, control, &sink);
  }

  Status RunBatch(const std::vector<RowSlice>& slices, RunControl*, OutputSink* sink) override {
    std::vector<TaggedRow> rows;
    OutputTensor owners;
    std::string texts;
    for (const RowSlice& slice : slices) {
      for (uint64_t i = slice.first_row; i < slice.first_row + slice.rows; ++i) {
        TaggedRow row;
        std::memcpy(&row, slice.request->inputs.front()->data + i * sizeof(row), sizeof(row));
        if (row.number == kPoison) return Status(AI_STATUS_INVALID_ARG, "poison");
        rows.push_back(Expected(row));
        const std::string text = std::to_string(row.owner);
        const uint32_t length = static_cast<uint32_t>(text.size());
        owners.row_offsets.push_back(texts.size());
        texts.append(reinterpret_cast<const char*>(&length), sizeof(length));
        texts += text;
      }
    }
    const int64_t count = static_cast<int64_t>(rows.size());
    OutputTensor numbers;
    numbers.datatype = AI_DATATYPE_INT64;
    numbers.dims = {count, 2};
    numbers.data = reinterpret_cast<const uint8_t*>(rows.data());
    numbers.data_bytes = rows.size() * sizeof(TaggedRow);
    RETURN_IF_ERROR(sink->Take(numbers));
    owners.index = 1;
    owners.datatype = AI_DATATYPE_BYTES;
    owners.dims = {count};
    owners.row_offsets.push_back(texts.size());
    owners.data = reinterpret_cast<const uint8_t*>(texts.data());
    owners.data_bytes = texts.size();
    return sink->Take(owners);
  }

 private:
  class ReplySink : public OutputSink {
   public:
    explicit ReplySink(FrameWriter* reply) : reply_(reply) {}
    Status Take(const OutputTensor& tensor) override {
      uint8_t* to;
      RETURN_IF_ERROR(reply_->AppendTensor(tensor.index, tensor.datatype, tensor.dims.data(),
                                           tensor.dims.size(), tensor.data_bytes, &to));
      if (tensor.data_bytes > 0) std::memcpy(to, tensor.data, tensor.data_bytes);
      return Status::Ok();
    }

   private:
    FrameWriter* const reply_;
  };

  Signature signature_;
  InspectedModel inspected_;
};

// A loaded one; off: its rows share no execution.
inline LoadedModelPtr SimulatedModel(bool can_batch) {
  auto model = std::make_shared<LoadedModel>();
  model->session = std::make_shared<SimulatedSession>();
  model->metrics = std::make_shared<ModelMetrics>();
  model->batching.mode = can_batch ? BatchMode::kExact : BatchMode::kOff;
  model->batching.rows_are_alike = true;
  return model;
}

}  // namespace ai_runtime::test

#endif  // AI_RUNTIME_SERVER_TEST_SIMULATED_MODEL_H_

// Rows of fixed size are copied to their place; strings are kept by place and joined at the end.
#include "reply_rows.h"

#include <algorithm>
#include <cstring>

namespace ai_runtime {

Status ReplyRows::Start(const OutputTensor& tensor, uint64_t total, Output* output) {
  output->index = tensor.index;
  output->datatype = tensor.datatype;
  output->row_dims.assign(tensor.dims.begin() + 1, tensor.dims.end());
  if (tensor.datatype == AI_DATATYPE_BYTES) return Status::Ok();
  output->row_bytes = tensor.data_bytes / static_cast<uint64_t>(tensor.dims.front());
  uint64_t bytes;
  if (__builtin_mul_overflow(output->row_bytes, total, &bytes) || bytes > AI_MAX_FRAME_BYTES) {
    return Status(
        AI_STATUS_RESOURCE_EXHAUSTED, "outputs of the model are too large",
        "The reply would be over the limit of " + std::to_string(AI_MAX_FRAME_BYTES) + " bytes.",
        "Ask for fewer outputs or send fewer rows at a time.");
  }
  if (!output->data.Resize(bytes)) {
    return Status(AI_STATUS_RESOURCE_EXHAUSTED, "out of memory in the inference server");
  }
  return Status::Ok();
}

Status ReplyRows::Add(size_t place, const OutputTensor& tensor, uint64_t from, uint64_t to,
                      uint64_t rows, uint64_t total) {
  RETURN_IF_ERROR(failure_);
  if (place >= outputs_.size()) {
    outputs_.resize(place + 1);
    failure_ = Start(tensor, total, &outputs_[place]);
    RETURN_IF_ERROR(failure_);
  }
  Output& output = outputs_[place];
  const bool is_same = output.datatype == tensor.datatype &&
                       std::equal(output.row_dims.begin(), output.row_dims.end(),
                                  tensor.dims.begin() + 1, tensor.dims.end());
  if (!is_same) {
    return Status(AI_STATUS_INTERNAL, "model gives outputs of another shape for other rows",
                  "The rows of a request ran in several executions.",
                  "Send fewer rows at a time, or set ai_runtime.dynamic_batching to off.");
  }
  if (tensor.datatype == AI_DATATYPE_BYTES) {
    const uint64_t start = tensor.row_offsets[from];
    const uint64_t end = tensor.row_offsets[from + rows];
    output.strings.emplace(
        to, std::string(reinterpret_cast<const char*>(tensor.data) + start, end - start));
    return Status::Ok();
  }
  if (output.row_bytes > 0) {
    std::memcpy(output.data.data() + to * output.row_bytes, tensor.data + from * output.row_bytes,
                rows * output.row_bytes);
  }
  return Status::Ok();
}

Status ReplyRows::WriteOutput(const Output& output, uint64_t total, FrameWriter* reply) {
  std::vector<int64_t> dims = {static_cast<int64_t>(total)};
  dims.insert(dims.end(), output.row_dims.begin(), output.row_dims.end());
  uint64_t bytes = output.data.size();
  for (const auto& [first, text] : output.strings) bytes += text.size();
  uint8_t* to;
  RETURN_IF_ERROR(
      reply->AppendTensor(output.index, output.datatype, dims.data(), dims.size(), bytes, &to));
  if (output.data.size() > 0) std::memcpy(to, output.data.data(), output.data.size());
  for (const auto& [first, text] : output.strings) {
    std::memcpy(to, text.data(), text.size());
    to += text.size();
  }
  return Status::Ok();
}

Status ReplyRows::Write(uint64_t total, FrameWriter* reply) const {
  for (const Output& output : outputs_) RETURN_IF_ERROR(WriteOutput(output, total, reply));
  return Status::Ok();
}

}  // namespace ai_runtime

// The memory of an upload is asked for once, when its first chunk tells the total.
#include "model_upload.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "options.h"

namespace ai_runtime {

bool UploadBudget::Reserve(uint64_t bytes) {
  uint64_t used = used_bytes_.load();
  do {
    if (bytes > limit_bytes_ || used > limit_bytes_ - bytes) return false;
  } while (!used_bytes_.compare_exchange_weak(used, used + bytes));
  return true;
}

ModelUpload::ModelUpload(const AiModelLoadHeader& first, uint64_t limit_bytes,
                         std::shared_ptr<UploadBudget> budget)
    : total_bytes_(first.total_bytes), budget_(std::move(budget)) {
  std::memcpy(sha256_.data(), first.sha256, sha256_.size());
  if (total_bytes_ > std::min<uint64_t>(AI_MAX_MODEL_BYTES, kMaxOnnxBytes)) {
    status_ = Status(AI_STATUS_INVALID_ARG,
                     "model of " + std::to_string(total_bytes_) + " bytes is too large",
                     "An ONNX file has at most " + std::to_string(kMaxOnnxBytes) + " bytes.");
  } else if (limit_bytes > 0 && total_bytes_ > limit_bytes) {
    status_ = Status(AI_STATUS_RESOURCE_EXHAUSTED,
                     "model of " + std::to_string(total_bytes_) +
                         " bytes does not fit the memory of the inference server",
                     "Sessions may use " + std::to_string(limit_bytes) + " bytes together.",
                     "Increase \"ai_runtime.session_memory_limit\".");
  } else if (!budget_->Reserve(total_bytes_)) {
    status_ = Status(AI_STATUS_RESOURCE_EXHAUSTED, "too many models are being loaded", "",
                     "Try again when the other models are loaded.");
  } else {
    reserved_bytes_ = total_bytes_;
    if (!bytes_.Resize(total_bytes_)) {
      status_ = Status(AI_STATUS_RESOURCE_EXHAUSTED, "out of memory in the inference server");
    }
  }
}

ModelUpload::~ModelUpload() { budget_->Release(reserved_bytes_); }

void ModelUpload::Add(const AiModelLoadHeader& header, const uint8_t* chunk) {
  if (!status_.ok()) return;
  if (std::memcmp(sha256_.data(), header.sha256, sha256_.size()) != 0 ||
      header.total_bytes != total_bytes_ || header.offset != next_offset_) {
    status_ = Status(AI_STATUS_PROTOCOL_VIOLATION, "chunks of a model are out of order",
                     "Byte " + std::to_string(next_offset_) + " was expected, not byte " +
                         std::to_string(header.offset) + ".");
    return;
  }
  if (header.chunk_bytes > 0) std::memcpy(bytes_.data() + header.offset, chunk, header.chunk_bytes);
  next_offset_ += header.chunk_bytes;
}

}  // namespace ai_runtime

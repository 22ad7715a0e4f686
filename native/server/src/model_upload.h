// Puts the chunks of one model together, as MODEL_LOAD brings them over one connection.
#ifndef AI_RUNTIME_SERVER_MODEL_UPLOAD_H_
#define AI_RUNTIME_SERVER_MODEL_UPLOAD_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "buffer.h"
#include "protocol.h"
#include "sha256.h"
#include "status.h"

namespace ai_runtime {

// Bytes of all uploads at one time; shared by all connections.
class UploadBudget {
 public:
  explicit UploadBudget(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  bool Reserve(uint64_t bytes);
  void Release(uint64_t bytes) { used_bytes_.fetch_sub(bytes); }

 private:
  const uint64_t limit_bytes_;
  std::atomic<uint64_t> used_bytes_{0};
};

class ModelUpload {
 public:
  // Takes the first chunk's header; refuses what is over the limits before it allocates.
  ModelUpload(const AiModelLoadHeader& first, uint64_t limit_bytes,
              std::shared_ptr<UploadBudget> budget);
  ~ModelUpload();

  // Adds a chunk. A failure sticks: later chunks are taken and dropped, and status() tells it.
  void Add(const AiModelLoadHeader& header, const uint8_t* chunk);
  const Status& status() const { return status_; }
  const Sha256Digest& sha256() const { return sha256_; }
  const Buffer& bytes() const { return bytes_; }

 private:
  Sha256Digest sha256_;
  uint64_t total_bytes_;
  uint64_t next_offset_ = 0;
  uint64_t reserved_bytes_ = 0;
  std::shared_ptr<UploadBudget> budget_;
  Buffer bytes_;
  Status status_;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_MODEL_UPLOAD_H_

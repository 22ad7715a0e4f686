// The sessions of the server, by the SHA-256 of their models.
//
// Holds no model's name and no version: those are the database's. A session is loaded once
// even when many ask for it, is shared by all who use it, and goes when it was not used for
// longest and the byte budget is spent; a run under way keeps it alive.
#ifndef AI_RUNTIME_SERVER_MODEL_REPOSITORY_H_
#define AI_RUNTIME_SERVER_MODEL_REPOSITORY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "batch_probe.h"
#include "metrics.h"
#include "model_session.h"
#include "sha256.h"
#include "status.h"

namespace ai_runtime {

struct LoadedModel {
  std::shared_ptr<ModelSession> session;
  std::shared_ptr<ModelMetrics> metrics;
  std::string metadata_json;
  uint64_t session_bytes = 0;
  BatchBehaviour batching;
  // Cheap enough by its operators to run on the I/O thread, when its mean says so too.
  bool may_run_inline = false;
};
using LoadedModelPtr = std::shared_ptr<const LoadedModel>;

class ModelRepository {
 public:
  using Loader =
      std::function<Status(const void* model, size_t bytes, std::shared_ptr<ModelSession>*)>;
  // Called without locks when a load that was under way has ended, well or not.
  using WhenLoaded = std::function<void()>;

  enum class Presence {
    kReady,
    kLoading,
    kUnknown
  };

  // limit_bytes 0: no limit.
  ModelRepository(Loader loader, uint64_t limit_bytes)
      : loader_(std::move(loader)), limit_bytes_(limit_bytes) {}

  // The model when it is there. While it is being loaded, `when_loaded` is kept and called.
  Presence Find(const Sha256Digest& sha256, LoadedModelPtr* model, WhenLoaded when_loaded);

  // Checks the hash and loads the model, unless it is there. When another thread is loading it,
  // sets *waits, keeps `when_loaded`, and the caller asks again when that is called.
  Status Load(const Sha256Digest& sha256, const void* bytes, size_t size, WhenLoaded when_loaded,
              bool* waits);

  // Forgets a session and hands it out, so that the caller chooses the thread that frees it; null:
  // there was none.
  LoadedModelPtr Unload(const Sha256Digest& sha256);

  // MODEL_STATISTICS: a JSON array, one object a model. The sizes of its curve that are marked as
  // chosen are those of executions of at most max_batch_size rows.
  std::string StatisticsJson(uint64_t max_batch_size) const;
  size_t session_count() const;
  uint64_t session_bytes() const;

 private:
  struct Entry {
    LoadedModelPtr model;  // null while it is being loaded
    uint64_t last_use = 0;
    std::vector<WhenLoaded> waiters;
  };

  void EvictLocked(const Sha256Digest& keep, std::vector<LoadedModelPtr>* evicted);
  std::shared_ptr<ModelMetrics> MetricsLocked(const Sha256Digest& sha256);
  Status LoadNow(const void* bytes, size_t size, std::shared_ptr<LoadedModel>* model);

  const Loader loader_;
  const uint64_t limit_bytes_;
  mutable std::mutex mu_;
  std::unordered_map<Sha256Digest, Entry, Sha256DigestHash> entries_;
  std::unordered_map<Sha256Digest, std::shared_ptr<ModelMetrics>, Sha256DigestHash> metrics_;
  uint64_t session_bytes_ = 0;
  uint64_t use_clock_ = 0;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_MODEL_REPOSITORY_H_

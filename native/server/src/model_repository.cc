// Loads happen outside the lock; sessions are destroyed outside it too.
#include "model_repository.h"

#include <chrono>
#include <utility>

#include "json_writer.h"
#include "options.h"

namespace ai_runtime {
namespace {

void WriteCurve(const BatchCurve& curve, uint64_t max_batch_size, JsonWriter* json) {
  json->Key("batch_curve").BeginArray();
  for (const BatchCurve::Point& point : curve.Points(max_batch_size)) {
    json->BeginObject();
    json->Key("batch_size").Number(point.batch_size);
    json->Key("execution_count").Number(static_cast<int64_t>(point.execution_count));
    json->Key("us_per_row").Decimal(point.us_per_row);
    json->Key("chosen").Boolean(point.chosen);
    json->EndObject();
  }
  json->EndArray();
}

}  // namespace

ModelRepository::Presence ModelRepository::Find(const Sha256Digest& sha256, LoadedModelPtr* model,
                                                WhenLoaded when_loaded) {
  std::lock_guard<std::mutex> lock(mu_);
  auto found = entries_.find(sha256);
  if (found == entries_.end()) return Presence::kUnknown;
  Entry& entry = found->second;
  if (entry.model == nullptr) {
    if (when_loaded) entry.waiters.push_back(std::move(when_loaded));
    return Presence::kLoading;
  }
  entry.last_use = ++use_clock_;
  *model = entry.model;
  return Presence::kReady;
}

Status ModelRepository::Load(const Sha256Digest& sha256, const void* bytes, size_t size,
                             WhenLoaded when_loaded, bool* waits) {
  *waits = false;
  const Sha256Digest actual = Sha256::Of(bytes, size);
  if (actual != sha256) {
    return Status(AI_STATUS_INVALID_ARG, "bytes of the model do not match its SHA-256",
                  "Expected " + ToHex(sha256) + ", got " + ToHex(actual) + ".");
  }
  {
    std::lock_guard<std::mutex> lock(mu_);
    auto [found, inserted] = entries_.try_emplace(sha256);
    if (!inserted) {
      *waits = found->second.model == nullptr;
      if (*waits && when_loaded) found->second.waiters.push_back(std::move(when_loaded));
      return Status::Ok();
    }
  }
  std::shared_ptr<LoadedModel> model;
  Status status = LoadNow(bytes, size, &model);
  std::vector<WhenLoaded> waiters;
  std::vector<LoadedModelPtr> evicted;
  {
    std::lock_guard<std::mutex> lock(mu_);
    auto found = entries_.find(sha256);  // nobody removes an entry that is being loaded
    waiters.swap(found->second.waiters);
    if (status.ok()) {
      auto metrics = MetricsLocked(sha256);
      metrics->load_duration_us.store(model->metrics->load_duration_us.load());
      metrics->loaded_at_unix_ms.store(UnixMilliseconds());
      model->metrics = std::move(metrics);
      session_bytes_ += model->session_bytes;
      found->second.model = std::move(model);
      found->second.last_use = ++use_clock_;
      EvictLocked(sha256, &evicted);
    } else {
      entries_.erase(found);
    }
  }
  for (const WhenLoaded& waiter : waiters) waiter();
  return status;
}

Status ModelRepository::LoadNow(const void* bytes, size_t size,
                                std::shared_ptr<LoadedModel>* model) {
  const auto started = std::chrono::steady_clock::now();
  auto loaded = std::make_shared<LoadedModel>();
  RETURN_IF_ERROR(loader_(bytes, size, &loaded->session));
  loaded->batching = ProbeBatching(loaded->session.get());
  loaded->metadata_json = WithBatching(ToJson(loaded->session->signature()), loaded->batching);
  // ONNX Runtime does not tell what a session takes; its weights are most of it.
  loaded->session_bytes = size;
  const InspectedModel& inspected = loaded->session->inspected();
  loaded->may_run_inline = !inspected.has_control_flow && !inspected.has_data_sized_output;
  loaded->metrics = std::make_shared<ModelMetrics>();
  const auto took = std::chrono::steady_clock::now() - started;
  loaded->metrics->load_duration_us.store(
      std::chrono::duration_cast<std::chrono::microseconds>(took).count());
  *model = std::move(loaded);
  return Status::Ok();
}

LoadedModelPtr ModelRepository::Unload(const Sha256Digest& sha256) {
  std::lock_guard<std::mutex> lock(mu_);
  auto found = entries_.find(sha256);
  if (found == entries_.end()) return nullptr;
  LoadedModelPtr dropped = std::move(found->second.model);
  if (dropped == nullptr) return nullptr;  // it is being loaded: its waiters keep the entry
  session_bytes_ -= dropped->session_bytes;
  entries_.erase(found);
  return dropped;
}

void ModelRepository::EvictLocked(const Sha256Digest& keep, std::vector<LoadedModelPtr>* evicted) {
  while (limit_bytes_ > 0 && session_bytes_ > limit_bytes_) {
    auto oldest = entries_.end();
    for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
      if (entry->second.model == nullptr || entry->first == keep) continue;
      if (oldest == entries_.end() || entry->second.last_use < oldest->second.last_use) {
        oldest = entry;
      }
    }
    if (oldest == entries_.end()) return;
    session_bytes_ -= oldest->second.model->session_bytes;
    evicted->push_back(std::move(oldest->second.model));
    entries_.erase(oldest);
  }
}

std::shared_ptr<ModelMetrics> ModelRepository::MetricsLocked(const Sha256Digest& sha256) {
  auto found = metrics_.find(sha256);
  if (found != metrics_.end()) return found->second;
  if (metrics_.size() >= kMaxModelStatistics) {
    auto oldest = metrics_.end();
    for (auto entry = metrics_.begin(); entry != metrics_.end(); ++entry) {
      if (entries_.count(entry->first) > 0) continue;
      if (oldest == metrics_.end() ||
          entry->second->last_inference_unix_ms < oldest->second->last_inference_unix_ms) {
        oldest = entry;
      }
    }
    if (oldest != metrics_.end()) metrics_.erase(oldest);
  }
  return metrics_.emplace(sha256, std::make_shared<ModelMetrics>()).first->second;
}

std::string ModelRepository::StatisticsJson(uint64_t max_batch_size) const {
  JsonWriter json;
  json.BeginArray();
  std::lock_guard<std::mutex> lock(mu_);
  for (const auto& [sha256, metrics] : metrics_) {
    auto entry = entries_.find(sha256);
    const bool loaded = entry != entries_.end() && entry->second.model != nullptr;
    const auto number = [&json](const char* key, uint64_t value) {
      json.Key(key).Number(static_cast<int64_t>(value));
    };
    json.BeginObject();
    json.Key("sha256").String(ToHex(sha256));
    number("inference_count", metrics->inference_count);
    number("execution_count", metrics->execution_count);
    number("success_count", metrics->success_count);
    number("failure_count", metrics->failure_count);
    number("cancel_count", metrics->cancel_count);
    number("reject_count", metrics->reject_count);
    number("queue_duration_us", metrics->queue_duration_us);
    number("compute_infer_duration_us", metrics->compute_infer_duration_us);
    number("session_bytes", loaded ? entry->second.model->session_bytes : 0);
    number("loaded_at_unix_ms", static_cast<uint64_t>(metrics->loaded_at_unix_ms.load()));
    number("last_inference_unix_ms", static_cast<uint64_t>(metrics->last_inference_unix_ms.load()));
    number("load_duration_us", metrics->load_duration_us);
    WriteCurve(metrics->curve, max_batch_size, &json);
    json.EndObject();
  }
  json.EndArray();
  return json.text();
}

size_t ModelRepository::session_count() const {
  std::lock_guard<std::mutex> lock(mu_);
  size_t count = 0;
  for (const auto& [sha256, entry] : entries_) count += entry.model != nullptr ? 1 : 0;
  return count;
}

uint64_t ModelRepository::session_bytes() const {
  std::lock_guard<std::mutex> lock(mu_);
  return session_bytes_;
}

}  // namespace ai_runtime

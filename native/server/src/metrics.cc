// How the counters of a model move.
#include "metrics.h"

#include <algorithm>
#include <chrono>

namespace ai_runtime {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

// Runs before an estimate is trusted: the first ones pay for memory and caches.
constexpr uint64_t kMinExecutions = 2;

// Moves a mean by a quarter of the distance to a new value.
void Move(std::atomic<uint64_t>* mean, uint64_t value) {
  const uint64_t before = mean->load(kRelaxed);
  mean->store(before == 0 ? value : (3 * before + value) / 4, kRelaxed);
}

}  // namespace

void ModelMetrics::AddExecution(uint64_t rows, uint64_t compute_ns, uint64_t payload_bytes,
                                bool success) {
  execution_count.fetch_add(1, kRelaxed);
  compute_infer_duration_us.fetch_add(compute_ns / 1000, kRelaxed);
  last_inference_unix_ms.store(UnixMilliseconds(), kRelaxed);
  if (!success) return;
  successful_executions_.fetch_add(1, kRelaxed);
  inference_count.fetch_add(rows, kRelaxed);
  curve.Record(rows, compute_ns);
  Move(&mean_compute_ns_, std::max<uint64_t>(compute_ns, 1));
  Move(&mean_payload_bytes_, std::max<uint64_t>(payload_bytes, 1));
}

uint32_t ModelMetrics::ExpectedComputeUs(uint64_t payload_bytes) const {
  if (successful_executions_.load(kRelaxed) < kMinExecutions) return UINT32_MAX;
  const uint64_t mean_bytes = std::max<uint64_t>(mean_payload_bytes_.load(kRelaxed), 1);
  // A larger request than usual is expected to take longer in proportion, never less long.
  const uint64_t factor = std::max<uint64_t>(payload_bytes / mean_bytes, 1);
  const uint64_t us = mean_compute_ns_.load(kRelaxed) / 1000;
  return static_cast<uint32_t>(std::min<uint64_t>(us * factor, UINT32_MAX - 1));
}

int64_t UnixMilliseconds() {
  using std::chrono::duration_cast;
  using std::chrono::milliseconds;
  using std::chrono::system_clock;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

}  // namespace ai_runtime

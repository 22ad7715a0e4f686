// Counters of one model, in Triton's words, and what a run of it is expected to cost.
#ifndef AI_RUNTIME_SERVER_METRICS_H_
#define AI_RUNTIME_SERVER_METRICS_H_

#include <atomic>
#include <cstdint>

#include "batch_curve.h"

namespace ai_runtime {

struct ModelMetrics {
  std::atomic<uint64_t> inference_count{0};  // rows
  std::atomic<uint64_t> execution_count{0};  // calls of Run()
  std::atomic<uint64_t> success_count{0};    // requests
  std::atomic<uint64_t> failure_count{0};
  std::atomic<uint64_t> cancel_count{0};  // by their clients, and at their deadlines
  std::atomic<uint64_t> reject_count{0};  // because the queue was full
  std::atomic<uint64_t> queue_duration_us{0};
  std::atomic<uint64_t> compute_infer_duration_us{0};
  std::atomic<uint64_t> load_duration_us{0};
  std::atomic<int64_t> loaded_at_unix_ms{0};
  std::atomic<int64_t> last_inference_unix_ms{0};

  // What executions take by their rows.
  BatchCurve curve;
  // An execution gave other rows than it was given: they share none from then on.
  std::atomic<bool> batching_failed{false};

  // Takes one execution into account; any thread.
  void AddExecution(uint64_t rows, uint64_t compute_ns, uint64_t payload_bytes, bool success);

  // Expected microseconds of a request of this size; UINT32_MAX while too little is known.
  uint32_t ExpectedComputeUs(uint64_t payload_bytes) const;

 private:
  std::atomic<uint64_t> successful_executions_{0};
  // Exponentially weighted means. Concurrent updates may lose one another: they are hints.
  std::atomic<uint64_t> mean_compute_ns_{0};
  std::atomic<uint64_t> mean_payload_bytes_{0};
};

// Counters of the whole server.
struct ServerMetrics {
  std::atomic<uint64_t> inference_count{0};
  std::atomic<uint64_t> connections{0};
  std::atomic<uint64_t> io_tick{0};  // moves while the I/O thread is alive
};

int64_t UnixMilliseconds();

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_METRICS_H_

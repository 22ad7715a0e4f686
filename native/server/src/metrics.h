// Counters of one model, in Triton's words, and what a run of it is expected to cost.
#ifndef AI_RUNTIME_SERVER_METRICS_H_
#define AI_RUNTIME_SERVER_METRICS_H_

#include <atomic>
#include <cstdint>

namespace ai_runtime {

struct ModelMetrics {
  std::atomic<uint64_t> inference_count{0};  // rows
  std::atomic<uint64_t> execution_count{0};  // calls of Run()
  std::atomic<uint64_t> success_count{0};    // requests
  std::atomic<uint64_t> failure_count{0};
  std::atomic<uint64_t> queue_duration_us{0};
  std::atomic<uint64_t> compute_infer_duration_us{0};
  std::atomic<uint64_t> load_duration_us{0};
  std::atomic<int64_t> loaded_at_unix_ms{0};
  std::atomic<int64_t> last_inference_unix_ms{0};

  // Takes one execution into account; any thread.
  void AddExecution(uint64_t rows, uint64_t queue_ns, uint64_t compute_ns, uint64_t payload_bytes,
                    bool success);

  // Expected microseconds of a request of this size; UINT32_MAX while too little is known.
  uint32_t ExpectedComputeUs(uint64_t payload_bytes) const;

 private:
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

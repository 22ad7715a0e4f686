// What the server is started with, and the named bounds of its queues, buffers and caches.
#ifndef AI_RUNTIME_SERVER_OPTIONS_H_
#define AI_RUNTIME_SERVER_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace ai_runtime {

struct ServerOptions {
  std::string socket_path;
  std::string version = "0.0.0";
  // The library to dlopen; the other libraries of ONNX Runtime are looked for beside it.
  std::string onnxruntime_path = "libonnxruntime.so.1";
  int intra_op_threads = 1;
  // Threads that run requests; 0 takes one for each core.
  int threads = 0;
  // In order of preference: "cpu", "cuda".
  std::vector<std::string> execution_providers = {"cpu"};
  // Sessions that were not used for longest are dropped above this; 0: no limit.
  uint64_t session_memory_limit_bytes = 0;
  // Requests that wait for an execution.
  uint32_t max_queued_requests = 1024;
  // Whether executions may hold rows of several requests, and a request take several executions.
  bool dynamic_batching = true;
  // The most rows of an execution that the server puts together.
  uint32_t max_batch_size = 1024;
  // How long a request waits for others before it runs; 0: what waits already is enough.
  uint32_t max_queue_delay_us = 0;
  // For tests: no inference runs before so many requests wait.
  uint32_t delay_scheduler = 0;
  // Connections at a time; a further one gets an ERROR and is closed.
  uint32_t max_connections = 4096;
  // The longest time the I/O thread polls before it sleeps; 0: never.
  uint32_t max_spin_us = 100;
};

// A request runs on the I/O thread when its model is expected to take no longer.
constexpr uint32_t kMaxInlineComputeUs = 200;
// And when its payload is no larger.
constexpr uint64_t kMaxInlinePayloadBytes = 256 * 1024;
// So long, as expected, the I/O thread runs requests before it looks at the sockets again.
constexpr uint32_t kMaxInlineTurnUs = 1000;
// A connection is not read while it has more requests than this under way …
constexpr uint32_t kMaxRequestsPerConnection = 64;
// … or more bytes of them …
constexpr uint64_t kMaxRequestBytesPerConnection = uint64_t{64} * 1024 * 1024;
// … or more bytes of replies that its client has not taken.
constexpr uint64_t kMaxUnsentBytesPerConnection = uint64_t{64} * 1024 * 1024;
// Bytes of all models that are being uploaded at one time.
constexpr uint64_t kMaxUploadBytes = uint64_t{8} * 1024 * 1024 * 1024;
// One ONNX file: protobuf cannot hold more.
constexpr uint64_t kMaxOnnxBytes = (uint64_t{1} << 31) - 1;
// Models whose statistics are kept after their sessions have gone.
constexpr size_t kMaxModelStatistics = 1024;

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_OPTIONS_H_

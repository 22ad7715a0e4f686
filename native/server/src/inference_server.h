// The server as a whole: ONNX Runtime, the repository, the threads; started once, stopped once.
#ifndef AI_RUNTIME_SERVER_INFERENCE_SERVER_H_
#define AI_RUNTIME_SERVER_INFERENCE_SERVER_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "io_thread.h"
#include "log.h"
#include "metrics.h"
#include "model_repository.h"
#include "options.h"
#include "request_handler.h"
#include "status.h"

namespace ai_runtime {

struct ServerStats {
  uint64_t io_tick;
  uint64_t sessions;
  uint64_t session_bytes;
  uint64_t connections;
  uint64_t inference_count;
  uint64_t queued;
  uint64_t under_way;  // queued ones included
};

class InferenceServer {
 public:
  explicit InferenceServer(ServerOptions options);
  ~InferenceServer();
  InferenceServer(const InferenceServer&) = delete;
  InferenceServer& operator=(const InferenceServer&) = delete;

  // Opens ONNX Runtime and the socket; clients can connect when it returns OK.
  Status Start();
  // Lets requests under way finish for at most drain_ms, cancels the rest, ends all threads.
  // False: a run did not end, so the process has to go without it.
  bool Stop(int drain_ms);

  ServerStats stats() const;
  std::string onnxruntime_version() const { return runtime_->version(); }
  std::vector<LogLine> TakeLog() { return log_.Take(); }

 private:
  std::string MetadataJson() const;
  bool WaitUntilIdle(int timeout_ms) const;

  ServerOptions options_;
  Log log_;
  ServerMetrics metrics_;
  int64_t started_at_unix_ms_ = 0;
  std::shared_ptr<OnnxRuntime> runtime_;
  std::unique_ptr<ModelRepository> repository_;
  std::unique_ptr<RequestHandler> handler_;
  std::unique_ptr<IoThread> io_;
  std::vector<std::thread> workers_;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_INFERENCE_SERVER_H_

// What each message means: answers at once, runs here, or hands to a worker.
//
// Between io_thread above and model_repository, model_session below. Handle() belongs to the
// I/O thread, Work() to each worker, Stop() to any thread; every request that Handle() accepted
// is answered through the ReplyPort exactly once, or dropped with its connection.
#ifndef AI_RUNTIME_SERVER_REQUEST_HANDLER_H_
#define AI_RUNTIME_SERVER_REQUEST_HANDLER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "connection.h"
#include "deadline_watchdog.h"
#include "metrics.h"
#include "model_repository.h"
#include "options.h"
#include "request.h"
#include "request_queue.h"

namespace ai_runtime {

// Where replies go; called by any thread.
class ReplyPort {
 public:
  virtual ~ReplyPort() = default;
  virtual void Reply(const RequestPtr& request, Buffer frame) = 0;
};

class RequestHandler {
 public:
  // All that is pointed to outlives the handler. `server_json` makes SERVER_METADATA's answer.
  RequestHandler(const ServerOptions& options, ModelRepository* repository, ServerMetrics* metrics,
                 std::function<std::string()> server_json);

  // Before the first request.
  void Start(ReplyPort* port);
  // No request is taken any more; workers return from Work() when the queue is empty.
  void Close();

  // One frame of a connection: the frame to send at once, or an empty buffer. A request that is
  // under way after that stands in connection->requests.
  Buffer Handle(Connection* connection, const AiFrameHeader& header, Buffer payload);

  // Runs queued requests until Close().
  void Work();

  // Ends a request early: CANCELLED (its client has gone) or DEADLINE_EXCEEDED.
  void Stop(const RequestPtr& request, AiStatusCode reason);

  size_t queued() const { return queue_.size(); }
  // Requests that wait or run.
  size_t under_way() const { return under_way_.load(); }

 private:
  Buffer HandleLoad(Connection* connection, const AiFrameHeader& header, Buffer payload);
  Buffer HandleUnload(Connection* connection, const AiFrameHeader& header, const Buffer& payload);
  void ExecuteUnload(const RequestPtr& request);
  Buffer HandleForModel(Connection* connection, const AiFrameHeader& header, Buffer payload);
  Status ReadTarget(Request* request);
  // Sends a request whose model is wanted on its way.
  void Route(const RequestPtr& request, bool may_run_inline);
  bool ShouldRunInline(const Request& request) const;
  void Enqueue(const RequestPtr& request);
  void Execute(const RequestPtr& request);
  void ExecuteLoad(const RequestPtr& request);
  void ExecuteInfer(const RequestPtr& request);
  Status RunModel(Request* request, FrameWriter* reply);
  void Answer(const RequestPtr& request, Buffer frame);

  const ServerOptions& options_;
  ModelRepository* const repository_;
  ServerMetrics* const metrics_;
  const std::function<std::string()> server_json_;
  const std::shared_ptr<UploadBudget> upload_budget_;
  RequestQueue queue_;
  DeadlineWatchdog watchdog_;
  ReplyPort* port_ = nullptr;
  std::atomic<size_t> under_way_{0};
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_REQUEST_HANDLER_H_

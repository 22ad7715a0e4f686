// What each message means: answers at once, or sees to its execution, here or by a worker.
//
// Between io_thread above and model_repository, batch_queue, batch_execution below. Handle() and
// EndTurn() belong to the I/O thread, Work() to each worker, Stop() to any thread; every request
// that Handle() accepted is answered through the ReplyPort exactly once, or dropped with its
// connection.
#ifndef AI_RUNTIME_SERVER_REQUEST_HANDLER_H_
#define AI_RUNTIME_SERVER_REQUEST_HANDLER_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "batch_execution.h"
#include "batch_queue.h"
#include "connection.h"
#include "deadline_watchdog.h"
#include "metrics.h"
#include "model_repository.h"
#include "options.h"
#include "request.h"

namespace ai_runtime {

// Where replies go; called by any thread.
class ReplyPort {
 public:
  virtual ~ReplyPort() = default;
  virtual void Reply(const RequestPtr& request, Buffer frame) = 0;
};

class RequestHandler : private ExecutionPort {
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

  // All that had come is handled: runs the short ones of it, together where they can be, and
  // leaves the rest to the workers. False: there was nothing to do.
  bool EndTurn();

  // Runs queued requests until Close().
  void Work();

  // Ends a request early: CANCELLED (its client has gone) or DEADLINE_EXCEEDED.
  void Stop(const RequestPtr& request, AiStatusCode reason);

  size_t queued() const { return queue_.size(); }
  // Requests that wait or run.
  size_t under_way() const { return under_way_.load(); }
  // Workers that are at work, be it for a request that was answered meanwhile.
  size_t working() const { return working_.load(); }

 private:
  Buffer HandleLoad(Connection* connection, const AiFrameHeader& header, Buffer payload);
  Buffer HandleUnload(Connection* connection, const AiFrameHeader& header, const Buffer& payload);
  void ExecuteUnload(const RequestPtr& request);
  Buffer HandleForModel(Connection* connection, const AiFrameHeader& header, Buffer payload);
  Status ReadTarget(Request* request);
  // Sends a request whose model is wanted on its way.
  void Route(const RequestPtr& request, bool is_on_io_thread);
  void EnqueueInTurn(const RequestPtr& request);
  void Enqueue(const RequestPtr& request, bool wakes);
  bool MayRunInTurn(const Request& request, uint64_t rows) const;
  bool RunAtOnce();

  void Execute(BatchPlan plan);
  void ExecuteLoad(const RequestPtr& request);
  void ExecuteInference(BatchPlan plan);
  Status Check(Request* request);
  void Complete(const RequestPtr& request, Buffer reply) override;
  void Fail(const RequestPtr& request, const Status& status) override;
  void LeaveExecutions(Request* request);
  void Answer(const RequestPtr& request, Buffer frame);

  const ServerOptions& options_;
  ModelRepository* const repository_;
  ServerMetrics* const metrics_;
  const std::function<std::string()> server_json_;
  const std::shared_ptr<UploadBudget> upload_budget_;
  BatchQueue queue_;
  DeadlineWatchdog watchdog_;
  ReplyPort* port_ = nullptr;
  std::atomic<size_t> under_way_{0};
  std::atomic<size_t> working_{0};

  // Of the I/O thread. The first request of a turn does not pass the queue: mostly it stays alone.
  RequestPtr first_of_turn_;
  bool has_queued_in_turn_ = false;
  uint64_t turn_us_left_ = 0;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_REQUEST_HANDLER_H_

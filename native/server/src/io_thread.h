// The thread that owns the sockets: accepts, reads frames, sends replies, sees hang-ups.
//
// After activity it polls for a moment before it sleeps, as long as that pays: see AdaptiveSpin.
#ifndef AI_RUNTIME_SERVER_IO_THREAD_H_
#define AI_RUNTIME_SERVER_IO_THREAD_H_

#include <atomic>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "adaptive_spin.h"
#include "completion_queue.h"
#include "connection.h"
#include "event_loop.h"
#include "listener.h"
#include "log.h"
#include "metrics.h"
#include "options.h"
#include "request_handler.h"

namespace ai_runtime {

class IoThread : public ReplyPort, public FrameSink {
 public:
  // All that is pointed to outlives the thread.
  IoThread(const ServerOptions& options, RequestHandler* handler, ServerMetrics* metrics, Log* log);
  ~IoThread() override;

  // Listens and starts the thread.
  Status Start();
  // Takes no new connections and no new requests; replies still go out.
  void StopAccepting();
  // Ends the thread; connections are closed and their requests cancelled.
  void Stop();

  void Reply(const RequestPtr& request, Buffer frame) override;
  bool OnFrame(Connection* connection, const AiFrameHeader& header, Buffer payload) override;

 private:
  void Run();
  bool HandleEvents(int timeout_ms);
  void AcceptAll();
  void ReadFrom(Connection* connection);
  void Deliver(const RequestPtr& request, Buffer frame);
  void SettleTouched();
  // Brings pause, interest and life of a connection in line with its state.
  void Settle(Connection* connection);
  void Close(Connection* connection);
  Connection* Find(uint64_t id);

  const ServerOptions& options_;
  RequestHandler* const handler_;
  ServerMetrics* const metrics_;
  Log* const log_;
  Listener listener_;
  EventLoop loop_;
  CompletionQueue completions_;
  AdaptiveSpin spin_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> connections_;
  std::vector<uint64_t> touched_;  // connections that got a reply since they were settled
  uint64_t next_id_ = 1;
  bool accepting_ = true;
  std::atomic<bool> draining_{false};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
  std::atomic<std::thread::id> thread_id_{};
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_IO_THREAD_H_

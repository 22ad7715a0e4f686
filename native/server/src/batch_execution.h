// One execution: the rows of one or more requests through a model, and what becomes of each.
//
// Between dynamic_batcher, which plans it, and model_session, which runs it. A request that was
// ended meanwhile gets nothing, and its rows go nowhere; the model is told to stop when nobody is
// left. Where an execution of several requests fails, each of them runs by itself: one that is
// wrong takes no other down.
#ifndef AI_RUNTIME_SERVER_BATCH_EXECUTION_H_
#define AI_RUNTIME_SERVER_BATCH_EXECUTION_H_

#include <atomic>
#include <utility>
#include <vector>

#include "dynamic_batcher.h"

namespace ai_runtime {

// What the executions of a server report to.
class ExecutionPort {
 public:
  virtual ~ExecutionPort() = default;
  // A request has all its rows; its reply is to be sent.
  virtual void Complete(const RequestPtr& request, Buffer reply) = 0;
  // A request has failed; an error is to be sent, and rows of it that wait are to be dropped.
  virtual void Fail(const RequestPtr& request, const Status& status) = 0;
};

class BatchExecution : private OutputSink {
 public:
  BatchExecution(BatchPlan plan, ExecutionPort* port)
      : slices_(std::move(plan.slices)), port_(port) {}

  // Takes the requests that are still wanted. False: there are none, and nothing is to be done.
  bool Begin(Clock::time_point now);
  // Runs the model, at any time after Begin().
  void Run();
  // Answers the requests that are complete or have failed. What it returns is to be executed as
  // well: the requests of an execution that failed, one by one.
  std::vector<BatchPlan> End(Clock::time_point now);

  // One of its requests has ended; the last one stops the model. Any thread, between Begin() and
  // End().
  void Leave();

 private:
  bool IsWhole() const;
  Status Take(const OutputTensor& tensor) override;
  void RunAlone();
  bool Settle(const BatchSlice& slice, bool has_rows, uint64_t compute_ns);
  void Finish(const RequestPtr& request);
  Status MakeReply(Request* request, Buffer* reply);

  std::vector<BatchSlice> slices_;
  ExecutionPort* const port_;
  LoadedModelPtr model_;
  Clock::time_point started_at_;
  uint64_t rows_ = 0;
  uint64_t payload_bytes_ = 0;
  size_t outputs_taken_ = 0;
  Status status_;
  std::vector<Status> slice_status_;
  Buffer frame_;  // the reply of a request that ran whole
  bool gave_other_rows_ = false;

  // Its requests that have not ended, and one for Begin() itself.
  std::atomic<size_t> wanted_by_{1};
  RunControl control_;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_BATCH_EXECUTION_H_

// The batcher among threads: whoever adds wakes a worker, and a worker sleeps until there is an
// execution to run.
#ifndef AI_RUNTIME_SERVER_BATCH_QUEUE_H_
#define AI_RUNTIME_SERVER_BATCH_QUEUE_H_

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "dynamic_batcher.h"

namespace ai_runtime {

class BatchQueue {
 public:
  BatchQueue(size_t max_requests, size_t hold_until) : batcher_(max_requests, hold_until) {}

  // False: the queue is full or closed. Unless `wakes`, the caller calls TryPop() or Wake() soon.
  [[nodiscard]] bool Push(const RequestPtr& request, bool wakes) {
    {
      std::lock_guard<std::mutex> lock(mu_);
      if (closed_ || !batcher_.Add(request, Clock::now())) return false;
      size_ = batcher_.size();
    }
    if (wakes) ready_.notify_one();
    return true;
  }

  // Waits for the next execution; false once the queue is closed and empty. The plan may hold
  // expired requests alone.
  bool Pop(BatchPlan* plan) {
    std::unique_lock<std::mutex> lock(mu_);
    while (true) {
      Clock::time_point wake_at;
      const bool found = batcher_.Next(Clock::now(), closed_, nullptr, plan, &wake_at);
      size_ = batcher_.size();
      if (found && batcher_.size() > 0) ready_.notify_one();  // there may be work for another
      if (found || !plan->expired.empty()) return true;
      if (closed_) return false;
      if (wake_at == Clock::time_point::max()) {
        ready_.wait(lock);
      } else {
        ready_.wait_until(lock, wake_at);
      }
    }
  }

  // The next execution that the filter lets through, without waiting for one.
  bool TryPop(const DynamicBatcher::Filter& filter, BatchPlan* plan) {
    if (size_ == 0) return false;
    std::lock_guard<std::mutex> lock(mu_);
    Clock::time_point wake_at;
    const bool found = batcher_.Next(Clock::now(), closed_, filter, plan, &wake_at);
    size_ = batcher_.size();
    return found || !plan->expired.empty();
  }

  void Wake() { ready_.notify_one(); }

  // Takes a request out that needs no run any more, so that it counts no longer.
  void Remove(const RequestPtr& request) {
    std::lock_guard<std::mutex> lock(mu_);
    batcher_.Remove(request);
    size_ = batcher_.size();
  }

  // No more requests are taken; those that wait are handed out without delay.
  void Close() {
    {
      std::lock_guard<std::mutex> lock(mu_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  size_t size() const { return size_; }

 private:
  std::mutex mu_;
  std::condition_variable ready_;
  DynamicBatcher batcher_;
  std::atomic<size_t> size_{0};  // of the batcher, to be read without the lock
  bool closed_ = false;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_BATCH_QUEUE_H_

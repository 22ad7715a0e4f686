// Requests that wait for a worker: first in, first out, bounded, closed at the end.
//
// A dynamic batcher will stand here: Push stays, and Pop hands out what belongs together.
#ifndef AI_RUNTIME_SERVER_REQUEST_QUEUE_H_
#define AI_RUNTIME_SERVER_REQUEST_QUEUE_H_

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "request.h"

namespace ai_runtime {

class RequestQueue {
 public:
  explicit RequestQueue(size_t max_requests) : max_requests_(max_requests) {}

  // False: the queue is full or closed.
  [[nodiscard]] bool Push(RequestPtr request) {
    {
      std::lock_guard<std::mutex> lock(mu_);
      if (closed_ || requests_.size() >= max_requests_) return false;
      requests_.push_back(std::move(request));
    }
    ready_.notify_one();
    return true;
  }

  // Waits for the next request; null once the queue is closed.
  RequestPtr Pop() {
    std::unique_lock<std::mutex> lock(mu_);
    ready_.wait(lock, [this] { return closed_ || !requests_.empty(); });
    if (requests_.empty()) return nullptr;
    RequestPtr request = std::move(requests_.front());
    requests_.pop_front();
    return request;
  }

  // Takes a request out that needs no run any more, so that it counts no longer.
  void Remove(const RequestPtr& request) {
    std::lock_guard<std::mutex> lock(mu_);
    auto found = std::find(requests_.begin(), requests_.end(), request);
    if (found != requests_.end()) requests_.erase(found);
  }

  // No more requests are taken or, when those that wait are gone, handed out.
  void Close() {
    {
      std::lock_guard<std::mutex> lock(mu_);
      closed_ = true;
    }
    ready_.notify_all();
  }

  size_t size() const {
    std::lock_guard<std::mutex> lock(mu_);
    return requests_.size();
  }

 private:
  const size_t max_requests_;
  mutable std::mutex mu_;
  std::condition_variable ready_;
  std::deque<RequestPtr> requests_;
  bool closed_ = false;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_REQUEST_QUEUE_H_

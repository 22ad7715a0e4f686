// Replies on their way from workers to the I/O thread, which owns the connections.
#ifndef AI_RUNTIME_SERVER_COMPLETION_QUEUE_H_
#define AI_RUNTIME_SERVER_COMPLETION_QUEUE_H_

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "buffer.h"
#include "request.h"

namespace ai_runtime {

struct Completion {
  RequestPtr request;
  Buffer frame;
};

class CompletionQueue {
 public:
  // `wake` is called when the queue stops being empty. Bounded by the requests under way.
  explicit CompletionQueue(std::function<void()> wake) : wake_(std::move(wake)) {}

  void Push(Completion completion) {
    bool was_empty;
    {
      std::lock_guard<std::mutex> lock(mu_);
      was_empty = completions_.empty();
      completions_.push_back(std::move(completion));
    }
    if (was_empty) wake_();
  }

  // Hands out all that is there.
  std::vector<Completion> TakeAll() {
    std::lock_guard<std::mutex> lock(mu_);
    return std::exchange(completions_, {});
  }

 private:
  const std::function<void()> wake_;
  std::mutex mu_;
  std::vector<Completion> completions_;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_COMPLETION_QUEUE_H_

// Whether to poll or to sleep: polling saves the ~20 µs of a wake-up when the next event is near,
// and wastes a core when it is not.
#ifndef AI_RUNTIME_SERVER_ADAPTIVE_SPIN_H_
#define AI_RUNTIME_SERVER_ADAPTIVE_SPIN_H_

#include <chrono>
#include <cstdint>

namespace ai_runtime {

class AdaptiveSpin {
 public:
  using Clock = std::chrono::steady_clock;

  // Never polls longer than max_us after an event; 0 never polls.
  explicit AdaptiveSpin(uint32_t max_us) : max_(std::chrono::microseconds(max_us)) {}

  bool ShouldPoll(Clock::time_point now) const { return now - last_event_ < budget_; }

  // An event came: polling for max_us would have caught it, or the budget is halved.
  void OnEvent(Clock::time_point now) {
    budget_ = now - last_event_ <= max_ ? max_ : budget_ / 2;
    last_event_ = now;
  }

 private:
  const Clock::duration max_;
  Clock::duration budget_{0};
  Clock::time_point last_event_{};
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_ADAPTIVE_SPIN_H_

// expire_ is called without the lock: it may remove the request it is given.
#include "deadline_watchdog.h"

namespace ai_runtime {

void DeadlineWatchdog::Stop() {
  {
    std::lock_guard<std::mutex> lock(mu_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void DeadlineWatchdog::Add(const RequestPtr& request) {
  if (request->deadline == Clock::time_point::max()) return;
  bool is_earlier;
  {
    std::lock_guard<std::mutex> lock(mu_);
    requests_.emplace(std::make_pair(request->deadline, request.get()), request);
    is_earlier = request->deadline < wakes_at_;
    if (is_earlier) wakes_at_ = request->deadline;
  }
  if (is_earlier) changed_.notify_one();
}

void DeadlineWatchdog::Remove(const RequestPtr& request) {
  if (request->deadline == Clock::time_point::max()) return;
  std::lock_guard<std::mutex> lock(mu_);
  requests_.erase(std::make_pair(request->deadline, request.get()));
}

void DeadlineWatchdog::Run() {
  std::unique_lock<std::mutex> lock(mu_);
  while (!stopping_) {
    if (requests_.empty()) {
      wakes_at_ = Clock::time_point::max();
      changed_.wait(lock);
      continue;
    }
    auto first = requests_.begin();
    if (first->first.first <= Clock::now()) {
      const RequestPtr request = std::move(first->second);
      requests_.erase(first);
      lock.unlock();
      expire_(request);
      lock.lock();
      continue;
    }
    wakes_at_ = first->first.first;
    // A copy: the request may be removed while this thread waits.
    const Clock::time_point until = wakes_at_;
    changed_.wait_until(lock, until);
  }
}

}  // namespace ai_runtime

// Ends requests whose time is over; a thread of its own, because the I/O thread runs requests.
//
// Sleeps until the earliest deadline. Adding a later one costs no wake-up, so that the usual
// request, which ends long before its deadline, costs a map entry and nothing more.
#ifndef AI_RUNTIME_SERVER_DEADLINE_WATCHDOG_H_
#define AI_RUNTIME_SERVER_DEADLINE_WATCHDOG_H_

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "request.h"

namespace ai_runtime {

class DeadlineWatchdog {
 public:
  explicit DeadlineWatchdog(std::function<void(const RequestPtr&)> expire)
      : expire_(std::move(expire)) {}
  ~DeadlineWatchdog() { Stop(); }

  void Start() {
    thread_ = std::thread([this] { Run(); });
  }
  void Stop();

  // Watches a request until its deadline or Remove(); one without a deadline is ignored.
  void Add(const RequestPtr& request);
  void Remove(const RequestPtr& request);

 private:
  void Run();

  const std::function<void(const RequestPtr&)> expire_;
  std::mutex mu_;
  std::condition_variable changed_;
  std::map<std::pair<Clock::time_point, const Request*>, RequestPtr> requests_;
  Clock::time_point wakes_at_ = Clock::time_point::max();
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_DEADLINE_WATCHDOG_H_

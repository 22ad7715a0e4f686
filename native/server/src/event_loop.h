// Waits for many file descriptors, and can be woken by other threads.
//
// event_loop.cc is the only file that knows epoll. One thread adds, changes, removes and waits;
// Wake() may be called by any.
#ifndef AI_RUNTIME_SERVER_EVENT_LOOP_H_
#define AI_RUNTIME_SERVER_EVENT_LOOP_H_

#include <cstddef>
#include <cstdint>

#include "status.h"

namespace ai_runtime {

struct Event {
  uint64_t token;
  bool readable;
  bool writable;
  bool hung_up;  // the peer has closed, or its writing half
};

struct Interest {
  bool read = false;
  bool write = false;
};

class EventLoop {
 public:
  EventLoop() = default;
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  Status Open();
  // Hang-ups are always told. `token` comes back with each event; UINT64_MAX is taken.
  Status Add(int fd, uint64_t token, Interest interest);
  Status Change(int fd, uint64_t token, Interest interest);
  void Remove(int fd);

  // Fills in at most `max` events; -1 waits for ever. A wake-up alone gives 0 events.
  size_t Wait(int timeout_ms, Event* events, size_t max);
  void Wake();

 private:
  int epoll_fd_ = -1;
  int wake_fd_ = -1;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_EVENT_LOOP_H_

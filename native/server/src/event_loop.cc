// epoll, level-triggered, with an eventfd among its descriptors.
#include "event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace ai_runtime {
namespace {

constexpr uint64_t kWakeToken = UINT64_MAX;
constexpr size_t kMaxEvents = 64;

epoll_event MakeEvent(uint64_t token, Interest interest) {
  epoll_event event = {};
  event.events = EPOLLRDHUP;
  if (interest.read) event.events |= EPOLLIN;
  if (interest.write) event.events |= EPOLLOUT;
  event.data.u64 = token;
  return event;
}

}  // namespace

EventLoop::~EventLoop() {
  if (wake_fd_ >= 0) close(wake_fd_);
  if (epoll_fd_ >= 0) close(epoll_fd_);
}

Status EventLoop::Open() {
  epoll_fd_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd_ < 0) return StatusFromErrno("cannot create an epoll instance", errno);
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd_ < 0) return StatusFromErrno("cannot create an eventfd", errno);
  return Add(wake_fd_, kWakeToken, {true, false});
}

Status EventLoop::Add(int fd, uint64_t token, Interest interest) {
  epoll_event event = MakeEvent(token, interest);
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0) return Status::Ok();
  return StatusFromErrno("cannot watch a descriptor", errno);
}

Status EventLoop::Change(int fd, uint64_t token, Interest interest) {
  epoll_event event = MakeEvent(token, interest);
  if (epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0) return Status::Ok();
  return StatusFromErrno("cannot watch a descriptor", errno);
}

void EventLoop::Remove(int fd) { epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr); }

size_t EventLoop::Wait(int timeout_ms, Event* events, size_t max) {
  epoll_event ready[kMaxEvents];
  const int count =
      epoll_wait(epoll_fd_, ready, static_cast<int>(std::min(max, kMaxEvents)), timeout_ms);
  size_t filled = 0;
  for (int i = 0; i < count; ++i) {
    if (ready[i].data.u64 == kWakeToken) {
      uint64_t wakes;
      // Empties the eventfd; it being empty already is as good.
      if (read(wake_fd_, &wakes, sizeof(wakes)) < 0) continue;
      continue;
    }
    const uint32_t what = ready[i].events;
    events[filled++] = {ready[i].data.u64, (what & EPOLLIN) != 0, (what & EPOLLOUT) != 0,
                        (what & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0};
  }
  return filled;
}

void EventLoop::Wake() {
  const uint64_t one = 1;
  // A full counter means that a wake-up is pending anyway.
  if (write(wake_fd_, &one, sizeof(one)) < 0) return;
}

}  // namespace ai_runtime

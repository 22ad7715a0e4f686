// The listening Unix socket: made private to one user, checked on every accept.
#ifndef AI_RUNTIME_SERVER_LISTENER_H_
#define AI_RUNTIME_SERVER_LISTENER_H_

#include <string>

#include "status.h"

namespace ai_runtime {

class Listener {
 public:
  Listener() = default;
  // Closes the socket and removes its name.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds and listens with mode 0600; a socket that is left over under this name is replaced.
  Status Open(const std::string& path);

  enum class Accepted {
    kConnection,
    kNone,
    kRefused,
    kNoDescriptors
  };
  // The next client of our own user, non-blocking. kRefused: another user's, closed already.
  Accepted Accept(int* fd);

  int fd() const { return fd_; }

 private:
  int fd_ = -1;
  std::string path_;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_LISTENER_H_

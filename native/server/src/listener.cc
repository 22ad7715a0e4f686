// A path that does not fit sun_path is reached through a descriptor of its directory.
#include "listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ai_runtime {
namespace {

// Removes a socket that an earlier server left; anything else of that name stays and is told.
Status RemoveLeftOver(const std::string& path) {
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? Status::Ok()
                           : StatusFromErrno("cannot look at \"" + path + "\"", errno);
  }
  if (!S_ISSOCK(info.st_mode)) {
    return Status(AI_STATUS_ALREADY_EXISTS, "\"" + path + "\" exists and is no socket");
  }
  if (unlink(path.c_str()) == 0) return Status::Ok();
  return StatusFromErrno("cannot remove \"" + path + "\"", errno);
}

}  // namespace

Listener::~Listener() {
  if (fd_ < 0) return;
  close(fd_);
  unlink(path_.c_str());
}

Status Listener::Open(const std::string& path) {
  RETURN_IF_ERROR(RemoveLeftOver(path));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::string name = path;
  int directory = -1;
  if (name.size() >= sizeof(address.sun_path)) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) {
      return Status(AI_STATUS_INVALID_ARG, "socket path \"" + path + "\" is too long");
    }
    directory = open(path.substr(0, slash + 1).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0)
      return StatusFromErrno("cannot open the directory of \"" + path + "\"", errno);
    name = "/proc/self/fd/" + std::to_string(directory) + path.substr(slash);
  }
  Status status;
  if (name.size() >= sizeof(address.sun_path)) {
    status = Status(AI_STATUS_INVALID_ARG, "socket path \"" + path + "\" is too long");
  } else {
    std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const mode_t before = umask(0177);
    if (fd_ < 0 || bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
      status = StatusFromErrno("cannot bind to \"" + path + "\"", errno);
    } else if (path_ = path; listen(fd_, SOMAXCONN) != 0) {
      status = StatusFromErrno("cannot listen on \"" + path + "\"", errno);
    }
    umask(before);
  }
  if (directory >= 0) close(directory);
  return status;
}

Listener::Accepted Listener::Accept(int* fd) {
  *fd = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (*fd < 0) {
    if (errno == EINTR || errno == ECONNABORTED) return Accepted::kRefused;
    const bool exhausted =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return exhausted ? Accepted::kNoDescriptors : Accepted::kNone;
  }
  ucred peer = {};
  socklen_t length = sizeof(peer);
  if (getsockopt(*fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 && peer.uid == geteuid()) {
    return Accepted::kConnection;
  }
  close(*fd);
  return Accepted::kRefused;
}

}  // namespace ai_runtime

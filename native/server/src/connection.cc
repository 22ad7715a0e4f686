// A small request comes with one recv(): header and payload are read ahead together. A large
// payload is read straight into its own buffer.
#include "connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "frame_codec.h"

namespace ai_runtime {
namespace {

// Reads per call before the other connections have their turn.
constexpr int kMaxReadsPerTurn = 16;

}  // namespace

Connection::~Connection() { close(fd_); }

bool Connection::StartFrame() {
  malformed_ = CheckFrameHeader(header_);
  if (malformed_.ok()) {
    payload_ = Buffer();
    if (!payload_.Resize(header_.payload_bytes)) {
      malformed_ = Status(AI_STATUS_RESOURCE_EXHAUSTED, "out of memory in the inference server");
    }
  }
  in_payload_ = true;
  payload_at_ = 0;
  return malformed_.ok();
}

// Takes frames out of what was read ahead. False: a header is malformed.
bool Connection::Consume(FrameSink* sink, bool* stopped) {
  while (!*stopped) {
    const uint8_t* from = input_.data() + input_at_;
    const size_t left = input_end_ - input_at_;
    if (!in_payload_) {
      const size_t taken = std::min(left, sizeof(header_) - header_bytes_);
      if (taken == 0) return true;
      std::memcpy(reinterpret_cast<uint8_t*>(&header_) + header_bytes_, from, taken);
      input_at_ += taken;
      header_bytes_ += taken;
      if (header_bytes_ < sizeof(header_)) return true;
      if (!StartFrame()) return false;
    } else {
      const size_t taken = std::min(left, payload_.size() - payload_at_);
      if (taken > 0) std::memcpy(payload_.data() + payload_at_, from, taken);
      input_at_ += taken;
      payload_at_ += taken;
      if (payload_at_ < payload_.size()) return true;
      in_payload_ = false;
      header_bytes_ = 0;
      *stopped = !sink->OnFrame(this, header_, std::move(payload_));
      payload_ = Buffer();
    }
  }
  return true;
}

Connection::Io Connection::Read(FrameSink* sink) {
  if (!input_.Resize(kInputBytes)) return Io::kClosed;
  bool stopped = false;
  for (int reads = 0; reads < kMaxReadsPerTurn; ++reads) {
    if (!Consume(sink, &stopped)) return Io::kMalformed;
    if (stopped) return Io::kOk;
    uint8_t* to = input_.data();
    size_t room = kInputBytes;
    const bool is_direct = in_payload_ && payload_.size() - payload_at_ >= kInputBytes;
    if (is_direct) {
      to = payload_.data() + payload_at_;
      room = payload_.size() - payload_at_;
    }
    const ssize_t got = recv(fd_, to, room, 0);
    if (got == 0) return Io::kClosed;
    if (got < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Io::kOk : Io::kClosed;
    }
    if (is_direct) {
      payload_at_ += got;
    } else {
      input_at_ = 0;
      input_end_ = got;
    }
    if (static_cast<size_t>(got) < room) {  // the socket is empty: save the call that says so
      return Consume(sink, &stopped) ? Io::kOk : Io::kMalformed;
    }
  }
  return Consume(sink, &stopped) ? Io::kOk : Io::kMalformed;
}

Connection::Io Connection::Send(Buffer frame) {
  unsent_bytes_ += frame.size();
  unsent_.push_back(std::move(frame));
  return unsent_.size() == 1 ? Flush() : Io::kOk;
}

Connection::Io Connection::Flush() {
  while (!unsent_.empty()) {
    const Buffer& frame = unsent_.front();
    const ssize_t sent =
        send(fd_, frame.data() + unsent_at_, frame.size() - unsent_at_, MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN || errno == EWOULDBLOCK ? Io::kOk : Io::kClosed;
    }
    unsent_at_ += sent;
    unsent_bytes_ -= sent;
    if (unsent_at_ < frame.size()) continue;
    unsent_.pop_front();
    unsent_at_ = 0;
  }
  return Io::kOk;
}

}  // namespace ai_runtime

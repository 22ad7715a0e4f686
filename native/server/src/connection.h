// One client's socket: cuts what comes into frames, and sends frames as the socket takes them.
//
// Lives on the I/O thread alone. It knows no message but the frame header, allocates a payload
// only after its header was checked, and never blocks.
#ifndef AI_RUNTIME_SERVER_CONNECTION_H_
#define AI_RUNTIME_SERVER_CONNECTION_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "buffer.h"
#include "event_loop.h"
#include "protocol.h"
#include "request.h"
#include "status.h"

namespace ai_runtime {

class Connection;

class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // A whole frame. False: read no further for now.
  virtual bool OnFrame(Connection* connection, const AiFrameHeader& header, Buffer payload) = 0;
};

class Connection {
 public:
  enum class Io {
    kOk,
    kClosed,
    kMalformed
  };

  // Takes ownership of the descriptor, which is non-blocking.
  Connection(int fd, uint64_t id) : fd_(fd), id_(id) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Reads what has come and hands out the frames. kMalformed: malformed() tells why, and
  // nothing more can be read.
  Io Read(FrameSink* sink);
  const Status& malformed() const { return malformed_; }
  // The request id of the frame that was malformed.
  uint64_t malformed_request_id() const { return header_.request_id; }

  // Sends a frame, or what the socket takes of it; the rest waits for Flush().
  Io Send(Buffer frame);
  Io Flush();

  int fd() const { return fd_; }
  uint64_t id() const { return id_; }
  uint64_t unsent_bytes() const { return unsent_bytes_; }

  // What the I/O thread keeps beside the socket.
  std::vector<RequestPtr> requests;     // under way for this client
  std::unique_ptr<ModelUpload> upload;  // being put together
  bool paused = false;                  // not read while too much is under way
  bool closing = false;                 // closed as soon as all is sent
  bool dead = false;                    // the peer has gone; destroyed when its turn ends
  Interest interest;                    // as the event loop knows it

 private:
  bool Consume(FrameSink* sink, bool* stopped);
  bool StartFrame();

  static constexpr size_t kInputBytes = 16 * 1024;

  const int fd_;
  const uint64_t id_;
  Buffer input_;  // what was read ahead: [input_at_, input_end_)
  size_t input_at_ = 0;
  size_t input_end_ = 0;
  AiFrameHeader header_ = {};
  size_t header_bytes_ = 0;
  bool in_payload_ = false;
  Buffer payload_;
  size_t payload_at_ = 0;
  Status malformed_;
  std::deque<Buffer> unsent_;
  size_t unsent_at_ = 0;  // of the first one
  uint64_t unsent_bytes_ = 0;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_CONNECTION_H_

// One frame from one backend, from the moment it is read to its reply.
//
// Many hold a request (its connection, the queue, a worker, the watchdog); whoever moves its
// state first answers it, so it is answered exactly once.
#ifndef AI_RUNTIME_SERVER_REQUEST_H_
#define AI_RUNTIME_SERVER_REQUEST_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

#include "buffer.h"
#include "model_repository.h"
#include "model_upload.h"
#include "protocol.h"

namespace ai_runtime {

using Clock = std::chrono::steady_clock;

enum class RequestState {
  kWaiting,
  kRunning,
  kDone
};

struct Request {
  uint64_t connection_id = 0;
  uint64_t request_id = 0;
  uint16_t type = 0;
  Sha256Digest sha256 = {};
  Buffer payload;
  LoadedModelPtr model;                 // of an infer, once it is known
  std::unique_ptr<ModelUpload> upload;  // of a load
  Clock::time_point received_at;
  Clock::time_point deadline = Clock::time_point::max();

  std::atomic<RequestState> state{RequestState::kWaiting};
  // Why it has to end: CANCELLED or DEADLINE_EXCEEDED; OK: it may go on.
  std::atomic<AiStatusCode> stop_code{AI_STATUS_OK};

  std::mutex mu;
  RunControl* control = nullptr;  // guarded by mu; set while a run is under way

  // Moves on from kWaiting; true for the one caller that did it.
  bool LeaveWaiting(RequestState to) {
    RequestState expected = RequestState::kWaiting;
    return state.compare_exchange_strong(expected, to);
  }
};
using RequestPtr = std::shared_ptr<Request>;

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_REQUEST_H_

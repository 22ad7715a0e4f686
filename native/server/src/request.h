// One frame from one backend, from the moment it is read to its reply.
//
// Many hold a request (its connection, the batcher, executions, the watchdog); whoever ends it
// first answers it, so it is answered exactly once. Its payload stays until the last of them lets
// go, since executions read their rows from it.
#ifndef AI_RUNTIME_SERVER_REQUEST_H_
#define AI_RUNTIME_SERVER_REQUEST_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "buffer.h"
#include "input_check.h"
#include "model_repository.h"
#include "model_upload.h"
#include "protocol.h"
#include "reply_rows.h"

namespace ai_runtime {

using Clock = std::chrono::steady_clock;

class BatchExecution;

enum class RequestState {
  kWaiting,
  kRunning,
  kDone
};

// How the rows of a request may be put into executions; written before it is queued.
struct BatchTerms {
  std::string lane;        // requests with the same may share an execution; empty: with none
  uint64_t rows = 1;       // along the batch axis, or what counts as such
  bool may_split = false;  // rows may run in several executions
  uint64_t max_rows = 1;   // of an execution with others
  Clock::duration max_delay{0};
};

// Where a request stands in the batcher, which alone looks at it, under its owner's lock.
struct BatchPlace {
  bool is_queued = false;
  uint64_t next_row = 0;  // rows before it were handed out
  uint64_t tag = 0;
  uint64_t sequence = 0;
  Clock::time_point queued_at;
};

// What the executions of a request came to; guarded by the request's lock.
struct RequestProgress {
  std::vector<BatchExecution*> executions;  // that hold rows of it now
  ReplyRows rows;
  uint64_t rows_done = 0;
  bool has_started = false;
  uint64_t queue_ns = 0;
  uint64_t compute_ns = 0;
  uint32_t execution_count = 0;
  uint64_t execution_rows = 0;
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

  bool is_checked = false;  // of an infer: `checked` and `terms` are filled in
  CheckedRequest checked;
  BatchTerms terms;
  BatchPlace place;

  std::atomic<RequestState> state{RequestState::kWaiting};

  std::mutex mu;
  RequestProgress progress;

  // Moves on from kWaiting to kRunning; true for the one caller that did it.
  bool StartRunning() {
    RequestState expected = RequestState::kWaiting;
    return state.compare_exchange_strong(expected, RequestState::kRunning);
  }
  // True for the one caller that has to answer.
  bool End() { return state.exchange(RequestState::kDone) != RequestState::kDone; }
  bool has_ended() const { return state.load() == RequestState::kDone; }
  bool is_infer() const { return type == AI_MODEL_INFER_REQUEST; }
};
using RequestPtr = std::shared_ptr<Request>;

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_REQUEST_H_

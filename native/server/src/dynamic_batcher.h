// Requests that wait, and which of their rows run next, together.
//
// Between request_handler, which adds requests, and batch_execution, which runs what is planned
// here. Requests of one lane (one model, the same outputs and row shapes) share executions, of as
// many rows as the model's curve likes best. Connections take turns by the time that their rows are
// expected to take: what a connection asks for is stamped with the time at which it would be done
// if all connections that wait were served at once, and the earliest stamp runs first. So one that
// sends thousands of rows does not keep others waiting, and none waits for ever.
//
// Knows neither clock nor thread: the caller tells the time and holds a lock.
#ifndef AI_RUNTIME_SERVER_DYNAMIC_BATCHER_H_
#define AI_RUNTIME_SERVER_DYNAMIC_BATCHER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "request.h"

namespace ai_runtime {

// Rows of one request in an execution.
struct BatchSlice {
  RequestPtr request;
  uint64_t first_row = 0;
  uint64_t rows = 0;
};

// One execution to be: rows of one lane, or a request that shares none.
struct BatchPlan {
  std::vector<BatchSlice> slices;
  uint64_t rows = 0;
  // Their time is over; they are out of the queue, and the caller ends them.
  std::vector<RequestPtr> expired;
};

class DynamicBatcher {
 public:
  // At most max_requests wait at a time. With hold_until n, inferences are held back until n of
  // them wait, and then run until none does.
  DynamicBatcher(size_t max_requests, size_t hold_until)
      : max_requests_(max_requests), hold_until_(hold_until) {}

  // False: the queue is full.
  [[nodiscard]] bool Add(const RequestPtr& request, Clock::time_point now);
  // Takes a request out; rows of it that were handed out are not its business.
  void Remove(const RequestPtr& request);

  // Whether an execution that starts with this request may be handed out now.
  using Filter = std::function<bool(const Request& first, uint64_t rows)>;

  // Hands out the next execution, true, or says when to ask again: at *wake_at, or when something
  // is added. `flush` ends all delays.
  bool Next(Clock::time_point now, bool flush, const Filter& filter, BatchPlan* plan,
            Clock::time_point* wake_at);

  size_t size() const { return order_.size(); }

 private:
  using Stamp = std::pair<uint64_t, uint64_t>;  // tag, then order of arrival
  struct Lane {
    std::map<Stamp, Request*> order;
    uint64_t waiting_rows = 0;
  };

  static uint64_t CostNs(const Request& request, uint64_t rows);
  static uint64_t NextRows(const Request& request);
  void Insert(const RequestPtr& request);
  RequestPtr TakeOut(Request* request);
  uint64_t ChooseRows(const Lane& lane, const Request& first) const;
  // The time at which a lane's next execution may start, of the rows that it would have.
  Clock::time_point ReadyAt(const Lane& lane, const Request& first, uint64_t rows) const;
  void Fill(Lane* lane, uint64_t rows, Clock::time_point now, BatchPlan* plan);
  void Hand(Request* request, uint64_t rows, BatchPlan* plan);
  bool Find(Clock::time_point now, bool flush, const Filter& filter, BatchPlan* plan,
            Clock::time_point* wake_at);
  void RestIfEmpty();
  void ForgetIdleConnections();

  size_t max_requests_;
  size_t hold_until_;
  bool is_holding_ = true;
  size_t inferences_ = 0;
  uint64_t sequence_ = 0;
  uint64_t virtual_ns_ = 0;  // the stamp that was served last
  std::map<Stamp, RequestPtr> order_;
  std::unordered_map<std::string, Lane> lanes_;
  // By connection: the stamp at which all that it asked for is done.
  std::unordered_map<uint64_t, uint64_t> done_at_;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_DYNAMIC_BATCHER_H_

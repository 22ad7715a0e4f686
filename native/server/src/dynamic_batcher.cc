// Self-clocked fair queueing: stamps are finish times in nanoseconds of expected compute, and the
// clock of newcomers is the stamp that was served last.
#include "dynamic_batcher.h"

#include <algorithm>

namespace ai_runtime {
namespace {

// What a request whose model was never measured is taken to cost, for each row.
constexpr uint64_t kUnknownRowNs = 10 * 1000;
// No request is dearer than an hour: stamps stay far from their limit.
constexpr uint64_t kMaxCostNs = uint64_t{3600} * 1000 * 1000 * 1000;

}  // namespace

uint64_t DynamicBatcher::CostNs(const Request& request, uint64_t rows) {
  uint64_t cost = UINT64_MAX;
  if (request.model != nullptr) cost = request.model->metrics->curve.ExpectedNs(rows);
  if (cost == UINT64_MAX) cost = std::min(rows, kMaxCostNs / kUnknownRowNs) * kUnknownRowNs;
  return std::clamp<uint64_t>(cost, 1, kMaxCostNs);
}

// Rows of a request that its next execution is expected to take.
uint64_t DynamicBatcher::NextRows(const Request& request) {
  const uint64_t left = request.terms.rows - request.place.next_row;
  if (!request.terms.may_split || request.model == nullptr) return left;
  return request.model->metrics->curve.ChooseRows(left, request.terms.max_rows);
}

bool DynamicBatcher::Add(const RequestPtr& request, Clock::time_point now) {
  if (order_.size() >= max_requests_) return false;
  BatchPlace& place = request->place;
  place.next_row = 0;
  if (done_at_.size() > 2 * max_requests_) ForgetIdleConnections();
  uint64_t& done_at = done_at_[request->connection_id];
  const uint64_t start = std::max(virtual_ns_, done_at);
  place.tag = start + CostNs(*request, NextRows(*request));
  done_at = start + CostNs(*request, request->terms.rows);
  place.sequence = ++sequence_;
  place.queued_at = now;
  Insert(request);
  return true;
}

void DynamicBatcher::Insert(const RequestPtr& request) {
  BatchPlace& place = request->place;
  const Stamp stamp(place.tag, place.sequence);
  place.is_queued = true;
  order_.emplace(stamp, request);
  if (request->is_infer()) ++inferences_;
  if (request->terms.lane.empty()) return;
  Lane& lane = lanes_[request->terms.lane];
  lane.order.emplace(stamp, request.get());
  lane.waiting_rows += request->terms.rows - place.next_row;
}

RequestPtr DynamicBatcher::TakeOut(Request* request) {
  BatchPlace& place = request->place;
  const Stamp stamp(place.tag, place.sequence);
  auto found = order_.find(stamp);
  RequestPtr taken = std::move(found->second);
  order_.erase(found);
  place.is_queued = false;
  if (request->is_infer()) --inferences_;
  if (!request->terms.lane.empty()) {
    auto lane = lanes_.find(request->terms.lane);
    lane->second.order.erase(stamp);
    lane->second.waiting_rows -= request->terms.rows - place.next_row;
    if (lane->second.order.empty()) lanes_.erase(lane);
  }
  return taken;
}

// Nobody waits, so nobody has a claim.
void DynamicBatcher::RestIfEmpty() {
  if (inferences_ == 0) is_holding_ = true;
  if (!order_.empty()) return;
  virtual_ns_ = 0;
  done_at_.clear();
}

void DynamicBatcher::Remove(const RequestPtr& request) {
  if (!request->place.is_queued) return;
  (void)TakeOut(request.get());
  RestIfEmpty();
}

void DynamicBatcher::ForgetIdleConnections() {
  for (auto entry = done_at_.begin(); entry != done_at_.end();) {
    entry = entry->second <= virtual_ns_ ? done_at_.erase(entry) : std::next(entry);
  }
}

// Rows for the next execution of a lane; where tests hold requests back, all that wait.
uint64_t DynamicBatcher::ChooseRows(const Lane& lane, const Request& first) const {
  if (hold_until_ > 0) return std::min(lane.waiting_rows, first.terms.max_rows);
  return first.model->metrics->curve.ChooseRows(lane.waiting_rows, first.terms.max_rows);
}

Clock::time_point DynamicBatcher::ReadyAt(const Lane& lane, const Request& first,
                                          uint64_t rows) const {
  if (first.terms.max_delay == Clock::duration::zero()) return Clock::time_point::min();
  // Enough wait when more would not be taken.
  const BatchCurve& curve = first.model->metrics->curve;
  if (rows < lane.waiting_rows || rows >= curve.ChooseRows(UINT64_MAX, first.terms.max_rows)) {
    return Clock::time_point::min();
  }
  Clock::time_point oldest = Clock::time_point::max();
  Clock::time_point deadline = Clock::time_point::max();
  for (const auto& [stamp, request] : lane.order) {
    oldest = std::min(oldest, request->place.queued_at);
    deadline = std::min(deadline, request->deadline);
  }
  // Half of the time that a request has left is for its execution.
  if (deadline != Clock::time_point::max()) deadline = oldest + (deadline - oldest) / 2;
  return std::min(oldest + first.terms.max_delay, deadline);
}

bool DynamicBatcher::Next(Clock::time_point now, bool flush, const Filter& filter, BatchPlan* plan,
                          Clock::time_point* wake_at) {
  const bool found = Find(now, flush, filter, plan, wake_at);
  RestIfEmpty();
  return found;
}

bool DynamicBatcher::Find(Clock::time_point now, bool flush, const Filter& filter, BatchPlan* plan,
                          Clock::time_point* wake_at) {
  *wake_at = Clock::time_point::max();
  if (hold_until_ > 0 && inferences_ >= hold_until_) is_holding_ = false;
  const bool holds = hold_until_ > 0 && is_holding_ && !flush;
  std::vector<const Lane*> passed;
  for (auto entry = order_.begin(); entry != order_.end();) {
    Request* request = entry->second.get();
    ++entry;
    if (request->deadline <= now) {
      plan->expired.push_back(TakeOut(request));
      continue;
    }
    if (holds && request->is_infer()) continue;
    if (request->terms.lane.empty()) {
      if (filter && !filter(*request, request->terms.rows)) continue;
      Hand(request, request->terms.rows, plan);
      return true;
    }
    Lane* lane = &lanes_.find(request->terms.lane)->second;
    if (std::find(passed.begin(), passed.end(), lane) != passed.end()) continue;
    const uint64_t rows = ChooseRows(*lane, *request);
    const Clock::time_point ready_at =
        flush ? Clock::time_point::min() : ReadyAt(*lane, *request, rows);
    if (ready_at > now || (filter && !filter(*request, rows))) {
      if (ready_at > now) *wake_at = std::min(*wake_at, ready_at);
      passed.push_back(lane);
      continue;
    }
    Fill(lane, rows, now, plan);
    return true;
  }
  return false;
}

// Takes rows of a lane in the order of their stamps. The first request is always among them, be it
// larger than what was asked for: it may not be splittable.
void DynamicBatcher::Fill(Lane* lane, uint64_t rows, Clock::time_point now, BatchPlan* plan) {
  std::vector<std::pair<Request*, uint64_t>> takes;
  uint64_t taken = 0;
  for (const auto& [stamp, request] : lane->order) {
    if (request->deadline <= now) continue;  // found when it is the first, or by its watchdog
    const uint64_t left = request->terms.rows - request->place.next_row;
    uint64_t take = left;
    if (request->terms.may_split) {
      take = std::min(left, rows - taken);
    } else if (taken > 0 && taken + left > rows) {
      continue;
    }
    takes.emplace_back(request, take);
    taken += take;
    if (taken >= rows) break;
  }
  for (const auto& [request, take] : takes) Hand(request, take, plan);
}

// Moves rows of a request into a plan; what is left of it keeps its place in line, later by what
// its next rows are expected to take.
void DynamicBatcher::Hand(Request* request, uint64_t rows, BatchPlan* plan) {
  virtual_ns_ = std::max(virtual_ns_, request->place.tag);
  RequestPtr taken = TakeOut(request);
  BatchPlace& place = request->place;
  plan->slices.push_back({taken, place.next_row, rows});
  plan->rows += rows;
  place.next_row += rows;
  if (place.next_row >= request->terms.rows) return;
  place.tag += CostNs(*request, NextRows(*request));
  Insert(taken);
}

}  // namespace ai_runtime

// Sizes are places in a table: 2^place rows.
#include "batch_curve.h"

#include <algorithm>

namespace ai_runtime {
namespace {

// Measurements of a size before it is judged.
constexpr uint64_t kMinExecutions = 3;
// The weight of a new measurement is never below 1/32.
constexpr uint64_t kMaxWeight = 32;
// A thread that lost its core says nothing about the model: more than this is not believed.
constexpr double kMaxOutlier = 1.5;
// The share of the time in which other sizes than the best are looked at again.
constexpr double kLookShare = 0.02;
// A larger size is taken though it costs a little more: fewer executions, less to put together.
constexpr double kLargerMayCost = 1.05;
constexpr double kMaxSpentNs = 60e9;

// The place of the largest size of at most so many rows.
int FloorPlace(uint64_t rows) {
  const int place = 63 - __builtin_clzll(std::max<uint64_t>(rows, 1));
  return std::min(place, BatchCurve::kSizes - 1);
}

// The place of the size that is nearest in proportion.
int NearestPlace(uint64_t rows) {
  const int place = FloorPlace(rows);
  const bool is_nearer_to_next = rows * rows > uint64_t{2} << (2 * place);
  return std::min(place + (is_nearer_to_next ? 1 : 0), BatchCurve::kSizes - 1);
}

}  // namespace

uint64_t BatchCurve::ChooseRows(uint64_t waiting, uint64_t max_rows) const {
  const uint64_t limit = std::max<uint64_t>(std::min(waiting, max_rows), 1);
  if (limit == 1) return 1;
  std::lock_guard<std::mutex> lock(mu_);
  const int largest = FloorPlace(limit);
  const int unknown = UnknownLocked(largest);
  if (unknown >= 0) return uint64_t{1} << unknown;
  const int best = BestLocked(largest);
  const int stalest = StalestLocked(largest, best);
  if (stalest >= 0) return uint64_t{1} << stalest;
  const uint64_t rows = uint64_t{1} << best;
  // A rest of less than half the size would pay for an execution of its own.
  return limit < rows + rows / 2 ? limit : rows;
}

// The smallest size that was not measured often enough and may be tried; -1: there is none.
int BatchCurve::UnknownLocked(int largest) const {
  double ns_per_row = 0;
  for (int place = 0; place <= largest; ++place) {
    const Size& size = sizes_[place];
    const double expected_ns = ns_per_row * static_cast<double>(uint64_t{1} << place);
    if (place > 0 && expected_ns > kMaxExecutionNs) return -1;
    if (size.executions < kMinExecutions) return place;
    ns_per_row = size.ns_per_row;
  }
  return -1;
}

// The cheapest size that was measured; the smallest where none was.
int BatchCurve::BestLocked(int largest) const {
  int best = 0;
  for (int place = 1; place <= largest; ++place) {
    const Size& size = sizes_[place];
    if (size.executions < kMinExecutions) continue;
    if (size.ns_per_row * static_cast<double>(uint64_t{1} << place) > kMaxExecutionNs) break;
    if (sizes_[best].executions == 0 || size.ns_per_row < sizes_[best].ns_per_row) best = place;
  }
  const double enough = kLargerMayCost * sizes_[best].ns_per_row;
  for (int place = best + 1; place <= largest; ++place) {
    const Size& size = sizes_[place];
    if (size.executions < kMinExecutions || size.ns_per_row > enough) continue;
    if (size.ns_per_row * static_cast<double>(uint64_t{1} << place) > kMaxExecutionNs) break;
    best = place;
  }
  return best;
}

// The size that was not measured for longest, if there is time to look at it; -1: there is none.
int BatchCurve::StalestLocked(int largest, int best) const {
  int stalest = -1;
  for (int place = 0; place <= largest; ++place) {
    const Size& size = sizes_[place];
    if (place == best || size.executions < kMinExecutions) continue;
    const double expected_ns = size.ns_per_row * static_cast<double>(uint64_t{1} << place);
    if (expected_ns > kMaxExecutionNs) break;
    if ((expected_ns + size.looked_ns) * kSizes > kLookShare * spent_ns_) continue;
    if (stalest < 0 || size.last_execution < sizes_[stalest].last_execution) stalest = place;
  }
  return stalest;
}

// What was spent long ago buys no more looks.
void BatchCurve::ForgetHalfLocked() {
  spent_ns_ /= 2;
  for (Size& size : sizes_) size.looked_ns /= 2;
}

void BatchCurve::Record(uint64_t rows, uint64_t ns) {
  if (rows == 0) return;
  std::lock_guard<std::mutex> lock(mu_);
  const int place = NearestPlace(rows);
  Size& size = sizes_[place];
  double measured = static_cast<double>(ns) / static_cast<double>(rows);
  spent_ns_ += static_cast<double>(ns);
  if (place != best_) {
    size.looked_ns += static_cast<double>(ns);
    best_ = BestLocked(kSizes - 1);
  }
  if (spent_ns_ > kMaxSpentNs) ForgetHalfLocked();
  ++size.executions;
  size.last_execution = ++executions_;
  if (size.executions == 1) {
    size.ns_per_row = measured;
  } else if (size.executions == 2) {
    // The first one pays for memory and caches.
    size.ns_per_row = std::min(size.ns_per_row, measured);
  } else {
    measured = std::min(measured, kMaxOutlier * size.ns_per_row);
    const double weight = 1.0 / static_cast<double>(std::min(size.executions - 1, kMaxWeight));
    size.ns_per_row += weight * (measured - size.ns_per_row);
  }
}

uint64_t BatchCurve::ExpectedNs(uint64_t rows) const {
  std::lock_guard<std::mutex> lock(mu_);
  if (executions_ < 2 || rows == 0) return UINT64_MAX;
  const int place = NearestPlace(rows);
  for (int below = place; below >= 0; --below) {
    if (sizes_[below].executions == 0) continue;
    return static_cast<uint64_t>(sizes_[below].ns_per_row * static_cast<double>(rows));
  }
  for (int above = place + 1; above < kSizes; ++above) {
    if (sizes_[above].executions == 0) continue;
    // Fewer rows take no longer than these.
    return static_cast<uint64_t>(sizes_[above].ns_per_row *
                                 static_cast<double>(uint64_t{1} << above));
  }
  return UINT64_MAX;
}

std::vector<BatchCurve::Point> BatchCurve::Points(uint64_t max_rows) const {
  std::vector<Point> points;
  std::lock_guard<std::mutex> lock(mu_);
  const int best = BestLocked(FloorPlace(max_rows));
  for (int place = 0; place < kSizes; ++place) {
    const Size& size = sizes_[place];
    if (size.executions == 0) continue;
    Point point;
    point.batch_size = uint32_t{1} << place;
    point.execution_count = size.executions;
    point.us_per_row = size.ns_per_row / 1000;
    point.chosen = place == best;
    points.push_back(point);
  }
  return points;
}

}  // namespace ai_runtime

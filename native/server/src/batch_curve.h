// What a row costs by the rows of its execution, measured, and the rows to run at a time.
//
// More is not better for every model: a call's overhead spreads over more rows, but large tree
// ensembles fall out of the cache. So sizes, powers of two, are tried from one on, each a few
// times, while an execution stays short; then the cheapest is taken, and now and then another is
// looked at again. Knows no clock and no thread but its own lock: it is told what was measured.
#ifndef AI_RUNTIME_SERVER_BATCH_CURVE_H_
#define AI_RUNTIME_SERVER_BATCH_CURVE_H_

#include <cstdint>
#include <mutex>
#include <vector>

namespace ai_runtime {

class BatchCurve {
 public:
  // The largest size is 2^16 rows.
  static constexpr int kSizes = 17;
  // A size that is expected to take longer is neither tried nor taken, unless one row does.
  static constexpr uint64_t kMaxExecutionNs = 100 * 1000 * 1000;

  struct Point {
    uint32_t batch_size = 0;
    uint64_t execution_count = 0;
    double us_per_row = 0;
    bool chosen = false;
  };

  // Rows for the next execution when so many wait, at most max_rows and at least one.
  uint64_t ChooseRows(uint64_t waiting, uint64_t max_rows) const;

  // Takes an execution into account.
  void Record(uint64_t rows, uint64_t ns);

  // What an execution of so many rows is expected to take; UINT64_MAX while too little is known.
  uint64_t ExpectedNs(uint64_t rows) const;

  // The sizes that were measured; `chosen` is what is taken of rows without end.
  std::vector<Point> Points(uint64_t max_rows) const;

 private:
  struct Size {
    uint64_t executions = 0;
    uint64_t last_execution = 0;  // the count of all at that time
    double ns_per_row = 0;        // moves towards each new measurement
    double looked_ns = 0;         // spent at this size while it was not the best
  };

  int BestLocked(int largest) const;
  int UnknownLocked(int largest) const;
  int StalestLocked(int largest, int best) const;
  void ForgetHalfLocked();

  mutable std::mutex mu_;
  Size sizes_[kSizes];
  int best_ = 0;  // of all sizes
  uint64_t executions_ = 0;
  double spent_ns_ = 0;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_BATCH_CURVE_H_

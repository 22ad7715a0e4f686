// Outputs kept for comparison: is a row the same alone and among others?
#ifndef AI_RUNTIME_SERVER_PROBE_OUTPUTS_H_
#define AI_RUNTIME_SERVER_PROBE_OUTPUTS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "batch_rows.h"

namespace ai_runtime {

struct RowDifference {
  bool is_equal = true;  // bit for bit
  double largest = 0;    // between two numbers
  std::string reason;    // why these rows cannot share an execution; empty: they can
};

class ProbeOutputs : public OutputSink {
 public:
  Status Take(const OutputTensor& tensor) override;
  void Clear() { outputs_.clear(); }

  // Compares these outputs of one row with those of the row at this place of a batch.
  RowDifference Differ(const ProbeOutputs& batch, uint64_t batch_rows, uint64_t place) const;

 private:
  struct Output {
    OutputTensor tensor;  // without its pointer
    std::string data;

    std::string Row(uint64_t place) const;
  };

  std::vector<Output> outputs_;
};

// The nearest half, and the number cut to a bfloat16; for numbers of everyday size.
uint16_t ToHalf(double number);
uint16_t ToBfloat16(double number);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_PROBE_OUTPUTS_H_

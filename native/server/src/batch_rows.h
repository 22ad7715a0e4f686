// Rows on their way into an execution and out of it.
#ifndef AI_RUNTIME_SERVER_BATCH_ROWS_H_
#define AI_RUNTIME_SERVER_BATCH_ROWS_H_

#include <cstdint>
#include <vector>

#include "input_check.h"
#include "status.h"

namespace ai_runtime {

// Rows of a request, along the first axis of each of its inputs.
struct RowSlice {
  const CheckedRequest* request = nullptr;
  uint64_t first_row = 0;
  uint64_t rows = 0;
};

// An output of an execution; what it points to is gone when the sink returns.
struct OutputTensor {
  uint16_t index = 0;  // its place in the signature
  AiDatatype datatype = AI_DATATYPE_INVALID;
  std::vector<int64_t> dims;
  const uint8_t* data = nullptr;  // as on the wire
  uint64_t data_bytes = 0;
  // Of BYTES: where each row starts in data, and where the last one ends.
  std::vector<uint64_t> row_offsets;

  bool HasRows(uint64_t rows) const {
    return !dims.empty() && dims.front() >= 0 && static_cast<uint64_t>(dims.front()) == rows;
  }
};

// Takes the outputs of an execution in the order asked for.
class OutputSink {
 public:
  virtual ~OutputSink() = default;
  virtual Status Take(const OutputTensor& tensor) = 0;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_BATCH_ROWS_H_

// The outputs of one request, gathered from the executions that its rows ran in.
//
// Executions may end in any order and may hold rows of other requests: each output is cut at rows
// and put where the request's own rows stand. Knows no thread; the request's lock guards it.
#ifndef AI_RUNTIME_SERVER_REPLY_ROWS_H_
#define AI_RUNTIME_SERVER_REPLY_ROWS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "batch_rows.h"
#include "buffer.h"
#include "frame_codec.h"
#include "status.h"

namespace ai_runtime {

class ReplyRows {
 public:
  // Takes `rows` rows of an output from row `from` on as this request's rows from `to` on, of
  // `total` rows. `place` is the output's among those asked for. INTERNAL for another shape than
  // before.
  Status Add(size_t place, const OutputTensor& tensor, uint64_t from, uint64_t to, uint64_t rows,
             uint64_t total);

  // Appends the outputs to a reply; all rows are there.
  Status Write(uint64_t total, FrameWriter* reply) const;

 private:
  struct Output {
    uint16_t index = 0;
    AiDatatype datatype = AI_DATATYPE_INVALID;
    std::vector<int64_t> row_dims;
    uint64_t row_bytes = 0;
    Buffer data;                              // all rows, of fixed size
    std::map<uint64_t, std::string> strings;  // of BYTES: rows by the place of the first one
  };

  static Status Start(const OutputTensor& tensor, uint64_t total, Output* output);
  static Status WriteOutput(const Output& output, uint64_t total, FrameWriter* reply);

  std::vector<Output> outputs_;
  Status failure_;  // of an output that could not be started: rows that come later find no room
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_REPLY_ROWS_H_

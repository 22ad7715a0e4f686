// Rows of a request gathered from executions: in any order, among rows of others.
#include "reply_rows.h"

#include <gtest/gtest.h>

#include "test_client.h"

namespace ai_runtime::test {
namespace {

// An output of so many rows of two INT32, numbered from `first` on.
class Numbers {
 public:
  Numbers(int32_t first, int64_t rows) {
    for (int32_t i = 0; i < 2 * rows; ++i) values_.push_back(2 * first + i);
    tensor.datatype = AI_DATATYPE_INT32;
    tensor.dims = {rows, 2};
    tensor.data = reinterpret_cast<const uint8_t*>(values_.data());
    tensor.data_bytes = values_.size() * sizeof(int32_t);
  }
  std::string bytes() const {
    return std::string(reinterpret_cast<const char*>(tensor.data), tensor.data_bytes);
  }

  OutputTensor tensor;

 private:
  std::vector<int32_t> values_;
};

std::string Written(const ReplyRows& rows, uint64_t total) {
  FrameWriter writer(AI_MODEL_INFER_RESPONSE, 1);
  const Status status = rows.Write(total, &writer);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return std::string(reinterpret_cast<char*>(writer.payload()), writer.payload_bytes());
}

TEST(ReplyRows, PutsRowsWhereTheyBelong) {
  ReplyRows rows;
  // Row 10 and 11 of the request come first, as rows 1 and 2 of an execution; then 0 to 9.
  EXPECT_TRUE(rows.Add(0, Numbers(9, 5).tensor, 1, 10, 2, 12).ok());
  EXPECT_TRUE(rows.Add(0, Numbers(0, 10).tensor, 0, 0, 10, 12).ok());
  EXPECT_EQ(Written(rows, 12), EncodeTensor(0, AI_DATATYPE_INT32, {12, 2}, Numbers(0, 12).bytes()));
}

TEST(ReplyRows, JoinsStrings) {
  const auto text = [](const std::string& value) {
    return AsBytes(static_cast<uint32_t>(value.size())) + value;
  };
  const std::string data = text("a") + text("") + text("ccc");
  OutputTensor tensor;
  tensor.datatype = AI_DATATYPE_BYTES;
  tensor.dims = {3};
  tensor.data = reinterpret_cast<const uint8_t*>(data.data());
  tensor.data_bytes = data.size();
  tensor.row_offsets = {0, 5, 9, data.size()};
  ReplyRows rows;
  EXPECT_TRUE(rows.Add(0, tensor, 2, 1, 1, 3).ok());
  EXPECT_TRUE(rows.Add(0, tensor, 1, 2, 1, 3).ok());
  EXPECT_TRUE(rows.Add(0, tensor, 0, 0, 1, 3).ok());
  EXPECT_EQ(Written(rows, 3),
            EncodeTensor(0, AI_DATATYPE_BYTES, {3}, text("a") + text("ccc") + text("")));
}

TEST(ReplyRows, RefusesOutputsOfAnotherShape) {
  ReplyRows rows;
  EXPECT_TRUE(rows.Add(0, Numbers(0, 1).tensor, 0, 0, 1, 2).ok());
  OutputTensor other = Numbers(0, 2).tensor;
  other.dims = {1, 4};
  EXPECT_EQ(rows.Add(0, other, 0, 1, 1, 2).code(), AI_STATUS_INTERNAL);
}

// Another execution of the same request may end before the request is known to have failed.
TEST(ReplyRows, RefusesTooLargeOutputsAgainAndAgain) {
  ReplyRows rows;
  const Numbers numbers(0, 1);
  const uint64_t total = AI_MAX_FRAME_BYTES / sizeof(int32_t);
  EXPECT_EQ(rows.Add(0, numbers.tensor, 0, 0, 1, total).code(), AI_STATUS_RESOURCE_EXHAUSTED);
  EXPECT_EQ(rows.Add(0, numbers.tensor, 0, 1, 1, total).code(), AI_STATUS_RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace ai_runtime::test

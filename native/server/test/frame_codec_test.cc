// What the codec takes, what it refuses, and that it reads what it writes.
#include "frame_codec.h"

#include <gtest/gtest.h>

#include "test_client.h"

namespace ai_runtime {
namespace {

using test::EncodeInfer;
using test::EncodeTensor;
using test::EncodeValueHeader;

// A copy of its own size, so that a sanitizer sees every byte read beyond it.
std::vector<uint8_t> Exactly(const std::string& payload) {
  return std::vector<uint8_t>(payload.begin(), payload.end());
}

AiStatusCode DecodeCode(const std::string& payload) {
  const std::vector<uint8_t> bytes = Exactly(payload);
  InferRequest request;
  return DecodeInferRequest(bytes.data(), bytes.size(), &request).code();
}

std::string OneTensor(AiDatatype datatype, const std::vector<uint32_t>& dims,
                      const std::string& data) {
  return EncodeInfer({}, {EncodeTensor(0, datatype, dims, data)});
}

TEST(FrameHeader, IsRefusedWithBothVersionsInTheText) {
  AiFrameHeader header = {AI_PROTOCOL_MAGIC, 7, AI_ECHO_REQUEST, 1, 0};
  const Status status = CheckFrameHeader(header);
  EXPECT_EQ(status.code(), AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_NE(status.message().find("version 7"), std::string::npos);
  EXPECT_NE(status.message().find("version 1"), std::string::npos);
}

TEST(FrameHeader, IsRefusedForEveryLengthOverTheLimit) {
  for (uint64_t bytes :
       {AI_MAX_FRAME_BYTES + 1, uint64_t{1} << 31, uint64_t{1} << 63, UINT64_MAX}) {
    AiFrameHeader header = {AI_PROTOCOL_MAGIC, AI_PROTOCOL_VERSION, AI_ECHO_REQUEST, 1, bytes};
    EXPECT_EQ(CheckFrameHeader(header).code(), AI_STATUS_PROTOCOL_VIOLATION) << bytes;
  }
  AiFrameHeader header = {AI_PROTOCOL_MAGIC, AI_PROTOCOL_VERSION, 1, 1, AI_MAX_FRAME_BYTES};
  EXPECT_TRUE(CheckFrameHeader(header).ok());
}

TEST(InferRequest, KeepsEveryDatatypeBitForBit) {
  for (int datatype = AI_DATATYPE_BOOL; datatype <= AI_DATATYPE_BYTES; ++datatype) {
    std::string data;
    if (datatype == AI_DATATYPE_BYTES) {
      for (const std::string& text : {std::string(), std::string("a\0b", 3), std::string(9, 'x')}) {
        data += test::AsBytes(static_cast<uint32_t>(text.size())) + text;
      }
    } else {
      for (uint32_t i = 0; i < 3 * ai_datatype_bytes(datatype); ++i) {
        data += static_cast<char>(datatype == AI_DATATYPE_BOOL ? i % 2 : 251 * i + 127);
      }
    }
    const AiDatatype type = static_cast<AiDatatype>(datatype);
    const std::vector<uint8_t> bytes = Exactly(OneTensor(type, {1, 3}, data));
    InferRequest request;
    const Status status = DecodeInferRequest(bytes.data(), bytes.size(), &request);
    ASSERT_TRUE(status.ok()) << status.ToString();
    const ValueView& value = request.inputs.at(0);
    EXPECT_EQ(value.datatype, datatype);
    EXPECT_EQ(value.element_count, 3u);
    EXPECT_EQ(value.dim(0), 1u);
    EXPECT_EQ(value.dim(1), 3u);
    FrameWriter writer(AI_MODEL_INFER_RESPONSE, 1);
    const int64_t dims[] = {1, 3};
    uint8_t* room;
    ASSERT_TRUE(writer.AppendTensor(0, type, dims, 2, data.size(), &room).ok());
    std::memcpy(room, data.data(), data.size());
    EXPECT_EQ(std::string(reinterpret_cast<char*>(writer.payload()), writer.payload_bytes()),
              EncodeTensor(0, type, {1, 3}, data));
  }
}

TEST(InferRequest, IsRefusedWhenCutAtAnyByte) {
  const std::string nested = EncodeValueHeader(AI_VALUE_SEQUENCE, 1, 2) +
                             EncodeTensor(0, AI_DATATYPE_FP32, {2}, "abcdefgh") +
                             EncodeValueHeader(AI_VALUE_MAP, 0, 0) +
                             EncodeTensor(0, AI_DATATYPE_INT64, {1}, "12345678") +
                             EncodeTensor(0, AI_DATATYPE_FP32, {1}, "1234");
  const std::string payload =
      EncodeInfer({}, {EncodeTensor(0, AI_DATATYPE_UINT8, {3}, "abc"), nested}, 5, {0, 1, 2});
  ASSERT_EQ(DecodeCode(payload), AI_STATUS_OK);
  for (size_t cut = 0; cut < payload.size(); ++cut) {
    EXPECT_EQ(DecodeCode(payload.substr(0, cut)), AI_STATUS_PROTOCOL_VIOLATION) << cut;
  }
  EXPECT_EQ(DecodeCode(payload + std::string(8, '\0')), AI_STATUS_PROTOCOL_VIOLATION);
}

TEST(InferRequest, RefusesFlagsThatItDoesNotKnow) {
  const auto decode = [](uint32_t flags, uint32_t max_queue_delay_us) {
    std::string payload = EncodeInfer({}, {EncodeTensor(0, AI_DATATYPE_UINT8, {3}, "abc")});
    AiInferRequestHeader header;
    std::memcpy(&header, payload.data(), sizeof(header));
    header.flags = flags;
    header.max_batch_size = 7;
    header.max_queue_delay_us = max_queue_delay_us;
    std::memcpy(payload.data(), &header, sizeof(header));
    return DecodeCode(payload);
  };
  EXPECT_EQ(decode(0, 0), AI_STATUS_OK);
  EXPECT_EQ(decode(AI_INFER_DETERMINISTIC, 0), AI_STATUS_OK);
  EXPECT_EQ(decode(AI_INFER_QUEUE_DELAY, 0), AI_STATUS_OK);
  EXPECT_EQ(decode(AI_INFER_FLAGS, UINT32_MAX), AI_STATUS_OK);
  EXPECT_EQ(decode(0, 1), AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_EQ(decode(AI_INFER_DETERMINISTIC, 1), AI_STATUS_PROTOCOL_VIOLATION);
  for (uint32_t bit = 2; bit < 32; ++bit) {
    EXPECT_EQ(decode(uint32_t{1} << bit, 0), AI_STATUS_PROTOCOL_VIOLATION) << bit;
  }
}

TEST(InferRequest, RefusesDimensionsThatDoNotFitTheData) {
  EXPECT_EQ(DecodeCode(OneTensor(AI_DATATYPE_FP32, {2}, "1234")), AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_EQ(DecodeCode(OneTensor(AI_DATATYPE_FP32, {0}, "1234")), AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_EQ(DecodeCode(OneTensor(AI_DATATYPE_FP32, {1}, "12345")), AI_STATUS_PROTOCOL_VIOLATION);
  const uint32_t huge = UINT32_MAX;
  EXPECT_EQ(DecodeCode(OneTensor(AI_DATATYPE_UINT8, {huge, huge, huge, huge}, "")),
            AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_EQ(DecodeCode(OneTensor(AI_DATATYPE_FP64, {1u << 31, 1u << 31, 4}, "")),
            AI_STATUS_PROTOCOL_VIOLATION);
  // No elements are a tensor, too, whatever its other dimensions say.
  EXPECT_EQ(DecodeCode(OneTensor(AI_DATATYPE_FP32, {huge, huge, huge, 0}, "")), AI_STATUS_OK);
}

TEST(InferRequest, RefusesValuesOutsideTheirDatatype) {
  EXPECT_EQ(DecodeCode(OneTensor(AI_DATATYPE_BOOL, {2}, std::string("\1\2", 2))),
            AI_STATUS_PROTOCOL_VIOLATION);
  const std::string long_string = test::AsBytes(UINT32_MAX) + "abcd";
  EXPECT_EQ(DecodeCode(OneTensor(AI_DATATYPE_BYTES, {1}, long_string)),
            AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_EQ(DecodeCode(OneTensor(AI_DATATYPE_INVALID, {1}, "1")), AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_EQ(DecodeCode(OneTensor(static_cast<AiDatatype>(15), {1}, "1")),
            AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_EQ(DecodeCode(OneTensor(AI_DATATYPE_UINT8, std::vector<uint32_t>(17, 1), "1")),
            AI_STATUS_PROTOCOL_VIOLATION);
}

TEST(InferRequest, RefusesCountsThatCannotBe) {
  EXPECT_EQ(DecodeCode(EncodeInfer({}, {EncodeValueHeader(AI_VALUE_SEQUENCE, 0, UINT64_MAX)})),
            AI_STATUS_PROTOCOL_VIOLATION);
  std::string deep;
  for (int i = 0; i < 10; ++i) deep += EncodeValueHeader(AI_VALUE_SEQUENCE, 0, 1);
  deep += EncodeValueHeader(AI_VALUE_NONE, 0, 0);
  EXPECT_EQ(DecodeCode(EncodeInfer({}, {deep})), AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_EQ(DecodeCode(EncodeInfer({}, {EncodeValueHeader(static_cast<AiValueKind>(9), 0, 0)})),
            AI_STATUS_PROTOCOL_VIOLATION);
}

TEST(ModelLoad, RefusesChunksThatDoNotFit) {
  AiModelLoadHeader header = {};
  header.total_bytes = 8;
  header.chunk_bytes = 4;
  const auto decode = [&](const std::string& chunk) {
    const std::string bytes = test::AsBytes(header) + chunk;
    const uint8_t* data;
    AiModelLoadHeader decoded;
    return DecodeModelLoad(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), &decoded,
                           &data)
        .code();
  };
  EXPECT_EQ(decode("abcd"), AI_STATUS_OK);
  EXPECT_EQ(decode("abc"), AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_EQ(decode("abcde"), AI_STATUS_PROTOCOL_VIOLATION);
  header.offset = 5;
  EXPECT_EQ(decode("abcd"), AI_STATUS_PROTOCOL_VIOLATION);
  header.offset = UINT64_MAX;
  EXPECT_EQ(decode("abcd"), AI_STATUS_PROTOCOL_VIOLATION);
}

TEST(Error, CutsLongTextsAtACharacter) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "\xc3\xa4";
  const Buffer frame = EncodeError(3, Status(AI_STATUS_INTERNAL, "x" + text, "detail", "hint"));
  AiErrorHeader header;
  std::memcpy(&header, frame.data() + sizeof(AiFrameHeader), sizeof(header));
  EXPECT_EQ(header.message_bytes, AI_MAX_ERROR_BYTES - 1u);
  EXPECT_EQ(header.detail_bytes, 6u);
  EXPECT_EQ(frame.size(), sizeof(AiFrameHeader) + sizeof(header) + header.message_bytes + 10);
}

TEST(Writer, RefusesMoreThanAFrameHolds) {
  FrameWriter writer(AI_MODEL_INFER_RESPONSE, 1);
  const int64_t dims[] = {INT32_MAX};
  uint8_t* room;
  EXPECT_EQ(
      writer.AppendTensor(0, AI_DATATYPE_FP64, dims, 1, uint64_t{INT32_MAX} * 8, &room).code(),
      AI_STATUS_RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace ai_runtime

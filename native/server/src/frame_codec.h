// Bytes of the wire protocol to structures and back (native/protocol/README.md).
//
// Stands between connection and request_handler. Nothing here trusts a length: each is
// compared with what is left of the payload, and with its limit, before it is used. Decoded
// views point into the payload and own nothing of it.
#ifndef AI_RUNTIME_SERVER_FRAME_CODEC_H_
#define AI_RUNTIME_SERVER_FRAME_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "buffer.h"
#include "protocol.h"
#include "sha256.h"
#include "status.h"

namespace ai_runtime {

// Values within the sequences and maps of one request, all together.
constexpr size_t kMaxNestedValues = size_t{1} << 20;

// One input as it stands in the payload.
struct ValueView {
  AiValueKind kind = AI_VALUE_NONE;
  uint8_t datatype = AI_DATATYPE_INVALID;
  uint16_t index = 0;
  uint8_t rank = 0;
  const uint8_t* dims = nullptr;  // rank u32, maybe unaligned
  const uint8_t* data = nullptr;  // aligned to 8 within the payload
  uint64_t data_bytes = 0;
  uint64_t element_count = 0;       // product of the dims
  std::vector<ValueView> elements;  // of a sequence, or keys and values of a map

  uint32_t dim(size_t axis) const;
};

struct InferRequest {
  AiInferRequestHeader header;
  std::vector<uint16_t> outputs;  // empty: all
  std::vector<ValueView> inputs;
};

// PROTOCOL_VIOLATION for a wrong magic, version or size; the text names both versions.
Status CheckFrameHeader(const AiFrameHeader& header);

// The fixed part alone, to find the model and the deadline before the values are looked at.
Status DecodeInferHeader(const uint8_t* payload, size_t bytes, AiInferRequestHeader* header);
Status DecodeInferRequest(const uint8_t* payload, size_t bytes, InferRequest* request);
// `chunk` points into the payload and has header->chunk_bytes bytes.
Status DecodeModelLoad(const uint8_t* payload, size_t bytes, AiModelLoadHeader* header,
                       const uint8_t** chunk);
// The payload of MODEL_UNLOAD and MODEL_METADATA.
Status DecodeModelDigest(const uint8_t* payload, size_t bytes, Sha256Digest* digest);

// Visits the elements of a BYTES tensor that was decoded: f(data, bytes) for each.
template <typename Function>
void ForEachBytesElement(const ValueView& value, Function f) {
  const uint8_t* next = value.data;
  for (uint64_t i = 0; i < value.element_count; ++i) {
    uint32_t length;
    __builtin_memcpy(&length, next, sizeof(length));
    f(reinterpret_cast<const char*>(next) + sizeof(length), length);
    next += sizeof(length) + length;
  }
}

// Builds a frame, header first, in one buffer that is ready for the socket.
class FrameWriter {
 public:
  FrameWriter(uint16_t type, uint64_t request_id);

  // Adds bytes, or room for them that the caller fills; RESOURCE_EXHAUSTED over the frame limit.
  Status Append(const void* data, uint64_t bytes);
  Status AppendSpace(uint64_t bytes, uint8_t** space);
  // Adds a tensor's header and dims and hands out the room for its data, padding zeroed.
  Status AppendTensor(uint16_t index, AiDatatype datatype, const int64_t* dims, size_t rank,
                      uint64_t data_bytes, uint8_t** data);
  // Adds the header of a sequence, map or absent value.
  Status AppendValueHeader(AiValueKind kind, uint16_t index, uint64_t count);

  // The payload written so far, to fill in what is known last.
  uint8_t* payload() { return buffer_.data() + sizeof(AiFrameHeader); }
  uint64_t payload_bytes() const { return buffer_.size() - sizeof(AiFrameHeader); }

  // The finished frame; the writer is spent afterwards.
  Buffer Finish();

 private:
  Buffer buffer_;
};

// An ERROR frame for `status`, its texts cut at a character within the limits.
Buffer EncodeError(uint64_t request_id, const Status& status);
// A response whose payload is this text or these bytes.
Buffer EncodeResponse(uint16_t type, uint64_t request_id, const void* data, size_t bytes);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_FRAME_CODEC_H_

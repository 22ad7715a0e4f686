// The decoders check in the order: fixed part, counts, each value; the encoders keep to the
// same invariants, so that what one writes the other reads.
#include "frame_codec.h"

#include <cstring>
#include <new>

namespace ai_runtime {
namespace {

Status Malformed(const std::string& detail) {
  return Status(AI_STATUS_PROTOCOL_VIOLATION, "malformed request", detail);
}

// Walks a payload and never past its end.
class PayloadReader {
 public:
  PayloadReader(const uint8_t* payload, size_t bytes) : payload_(payload), bytes_(bytes) {}

  size_t left() const { return bytes_ - at_; }

  bool Read(void* to, size_t bytes) {
    const uint8_t* from;
    if (!Skip(bytes, &from)) return false;
    std::memcpy(to, from, bytes);
    return true;
  }

  bool Skip(uint64_t bytes, const uint8_t** from) {
    if (bytes > left()) return false;
    *from = payload_ + at_;
    at_ += bytes;
    return true;
  }

  // The writer pads with zeros up to a multiple of 8.
  bool Align() {
    const uint8_t* padding;
    size_t bytes = AI_ALIGN8(at_) - at_;
    if (!Skip(bytes, &padding)) return false;
    for (size_t i = 0; i < bytes; ++i) {
      if (padding[i] != 0) return false;
    }
    return true;
  }

 private:
  const uint8_t* payload_;
  size_t bytes_;
  size_t at_ = 0;
};

// True when the data of a BYTES tensor is exactly element_count lengths with their bytes.
bool BytesElementsFit(const ValueView& value) {
  uint64_t left = value.data_bytes;
  const uint8_t* next = value.data;
  for (uint64_t i = 0; i < value.element_count; ++i) {
    uint32_t length;
    if (left < sizeof(length)) return false;
    std::memcpy(&length, next, sizeof(length));
    left -= sizeof(length);
    if (left < length) return false;
    left -= length;
    next += sizeof(length) + length;
  }
  return left == 0;
}

Status CheckTensorData(const ValueView& value) {
  if (value.datatype == AI_DATATYPE_BYTES) {
    if (value.element_count > value.data_bytes / 4 || !BytesElementsFit(value)) {
      return Malformed("The strings of a BYTES tensor do not fill its data.");
    }
    return Status::Ok();
  }
  const uint32_t element_bytes = ai_datatype_bytes(value.datatype);
  // The count is bounded first: the product below cannot overflow.
  if (value.element_count > AI_MAX_FRAME_BYTES ||
      value.element_count * element_bytes != value.data_bytes) {
    return Malformed("The dimensions of a tensor do not fit its data.");
  }
  if (value.datatype == AI_DATATYPE_BOOL) {
    for (uint64_t i = 0; i < value.data_bytes; ++i) {
      if (value.data[i] > 1) return Malformed("An element of a BOOL tensor is neither 0 nor 1.");
    }
  }
  return Status::Ok();
}

Status DecodeTensor(PayloadReader* reader, const AiValueHeader& header, ValueView* value) {
  if (header.datatype < AI_DATATYPE_BOOL || header.datatype > AI_DATATYPE_BYTES) {
    return Malformed("Datatype " + std::to_string(header.datatype) + " is not known.");
  }
  if (header.rank > AI_MAX_RANK) {
    return Malformed("Rank " + std::to_string(header.rank) + " is over the limit.");
  }
  value->datatype = header.datatype;
  value->rank = header.rank;
  value->data_bytes = header.count;
  if (!reader->Skip(header.rank * sizeof(uint32_t), &value->dims) || !reader->Align() ||
      !reader->Skip(header.count, &value->data) || !reader->Align()) {
    return Malformed("A tensor is longer than its payload.");
  }
  bool is_empty = false;
  for (size_t axis = 0; axis < header.rank; ++axis) is_empty = is_empty || value->dim(axis) == 0;
  value->element_count = is_empty ? 0 : 1;
  for (size_t axis = 0; axis < header.rank && !is_empty; ++axis) {
    if (__builtin_mul_overflow(value->element_count, value->dim(axis), &value->element_count)) {
      return Malformed("The dimensions of a tensor are too large.");
    }
  }
  return CheckTensorData(*value);
}

Status DecodeValue(PayloadReader* reader, int depth, size_t* values_left, ValueView* value) {
  AiValueHeader header;
  if (depth > AI_MAX_VALUE_DEPTH) return Malformed("Values are nested too deeply.");
  if (*values_left == 0) return Malformed("There are too many values.");
  --*values_left;
  if (!reader->Read(&header, sizeof(header))) return Malformed("A value is cut off.");
  if (header.reserved != 0 || header.reserved2 != 0) return Malformed("A reserved field is set.");
  value->kind = static_cast<AiValueKind>(header.kind);
  value->index = header.index;
  if (header.kind == AI_VALUE_TENSOR) return DecodeTensor(reader, header, value);
  if (header.datatype != 0 || header.rank != 0) {
    return Malformed("A value that is no tensor has a datatype or a rank.");
  }
  uint64_t count = 0;
  if (header.kind == AI_VALUE_SEQUENCE) {
    count = header.count;
  } else if (header.kind == AI_VALUE_MAP && header.count == 0) {
    count = 2;
  } else if (header.kind != AI_VALUE_NONE || header.count != 0) {
    return Malformed("Kind " + std::to_string(header.kind) + " of a value is not known.");
  }
  if (count > reader->left() / sizeof(header) || count > *values_left) {
    return Malformed("A sequence is longer than its payload.");
  }
  value->elements.resize(count);
  for (ValueView& element : value->elements) {
    RETURN_IF_ERROR(DecodeValue(reader, depth + 1, values_left, &element));
  }
  return Status::Ok();
}

// The longest prefix of at most `limit` bytes that does not cut a UTF-8 character or hold a NUL.
std::string CutText(const std::string& text) {
  std::string cut = text.substr(0, text.find('\0'));
  if (cut.size() <= AI_MAX_ERROR_BYTES) return cut;
  size_t end = AI_MAX_ERROR_BYTES;
  while (end > 0 && (static_cast<uint8_t>(cut[end]) & 0xc0) == 0x80) --end;
  return cut.substr(0, end);
}

}  // namespace

uint32_t ValueView::dim(size_t axis) const {
  uint32_t value;
  std::memcpy(&value, dims + axis * sizeof(value), sizeof(value));
  return value;
}

Status CheckFrameHeader(const AiFrameHeader& header) {
  if (header.magic != AI_PROTOCOL_MAGIC) {
    char text[80];
    snprintf(text, sizeof(text), "The frame starts with 0x%08x, expected 0x%08x.", header.magic,
             AI_PROTOCOL_MAGIC);
    return Status(AI_STATUS_PROTOCOL_VIOLATION, "not a frame of the inference protocol", text);
  }
  if (header.version != AI_PROTOCOL_VERSION) {
    return Status(AI_STATUS_PROTOCOL_VIOLATION,
                  "protocol version " + std::to_string(header.version) +
                      " is not supported, the inference server speaks version " +
                      std::to_string(AI_PROTOCOL_VERSION),
                  "", "Install the same release of the extension and of the server.");
  }
  if (header.payload_bytes > AI_MAX_FRAME_BYTES) {
    return Status(AI_STATUS_PROTOCOL_VIOLATION, "frame of " + std::to_string(header.payload_bytes) +
                                                    " bytes is over the limit of " +
                                                    std::to_string(AI_MAX_FRAME_BYTES) + " bytes");
  }
  return Status::Ok();
}

Status DecodeInferHeader(const uint8_t* payload, size_t bytes, AiInferRequestHeader* header) {
  PayloadReader reader(payload, bytes);
  if (!reader.Read(header, sizeof(*header))) return Malformed("The request header is cut off.");
  if ((header->flags & ~AI_INFER_FLAGS) != 0) {
    return Malformed("A flag of the request is not known.");
  }
  if ((header->flags & AI_INFER_QUEUE_DELAY) == 0 && header->max_queue_delay_us != 0) {
    return Malformed("A queue delay is given without its flag.");
  }
  if (header->input_count > AI_MAX_VALUES || header->output_count > AI_MAX_VALUES) {
    return Malformed("There are too many inputs or outputs.");
  }
  return Status::Ok();
}

Status DecodeInferRequest(const uint8_t* payload, size_t bytes, InferRequest* request) {
  RETURN_IF_ERROR(DecodeInferHeader(payload, bytes, &request->header));
  PayloadReader reader(payload, bytes);
  const uint8_t* skipped;
  const size_t outputs_bytes = request->header.output_count * sizeof(uint16_t);
  if (!reader.Skip(sizeof(request->header), &skipped) || !reader.Skip(outputs_bytes, &skipped) ||
      !reader.Align()) {
    return Malformed("The list of outputs is cut off.");
  }
  request->outputs.resize(request->header.output_count);
  if (outputs_bytes > 0) {
    std::memcpy(request->outputs.data(), payload + sizeof(request->header), outputs_bytes);
  }
  if (request->header.input_count > reader.left() / sizeof(AiValueHeader)) {
    return Malformed("There are fewer inputs than the header says.");
  }
  size_t values_left = kMaxNestedValues;
  request->inputs.resize(request->header.input_count);
  for (ValueView& input : request->inputs) {
    RETURN_IF_ERROR(DecodeValue(&reader, 0, &values_left, &input));
  }
  if (reader.left() != 0) return Malformed("Bytes are left over behind the last input.");
  return Status::Ok();
}

Status DecodeModelLoad(const uint8_t* payload, size_t bytes, AiModelLoadHeader* header,
                       const uint8_t** chunk) {
  PayloadReader reader(payload, bytes);
  if (!reader.Read(header, sizeof(*header))) return Malformed("The load header is cut off.");
  if (header->reserved != 0) return Malformed("A reserved field is set.");
  if (header->chunk_bytes > AI_MAX_CHUNK_BYTES) return Malformed("A chunk is over the limit.");
  if (header->chunk_bytes != reader.left()) {
    return Malformed("A chunk is not as long as its header says.");
  }
  if (header->offset > header->total_bytes ||
      header->chunk_bytes > header->total_bytes - header->offset) {
    return Malformed("A chunk reaches past the end of its model.");
  }
  if (header->chunk_bytes == 0 && header->total_bytes != 0) return Malformed("A chunk is empty.");
  return reader.Skip(header->chunk_bytes, chunk) ? Status::Ok() : Malformed("A chunk is cut off.");
}

Status DecodeModelDigest(const uint8_t* payload, size_t bytes, Sha256Digest* digest) {
  if (bytes != digest->size()) return Malformed("A SHA-256 of 32 bytes is expected.");
  std::memcpy(digest->data(), payload, bytes);
  return Status::Ok();
}

FrameWriter::FrameWriter(uint16_t type, uint64_t request_id) {
  const AiFrameHeader header = {AI_PROTOCOL_MAGIC, AI_PROTOCOL_VERSION, type, request_id, 0};
  // 24 bytes are all that is asked for here: a process without them cannot go on.
  if (!buffer_.Resize(sizeof(header))) throw std::bad_alloc();
  std::memcpy(buffer_.data(), &header, sizeof(header));
}

Status FrameWriter::AppendSpace(uint64_t bytes, uint8_t** space) {
  if (bytes > AI_MAX_FRAME_BYTES - payload_bytes()) {
    return Status(
        AI_STATUS_RESOURCE_EXHAUSTED, "outputs of the model are too large",
        "The reply would be over the limit of " + std::to_string(AI_MAX_FRAME_BYTES) + " bytes.",
        "Ask for fewer outputs or send fewer rows at a time.");
  }
  const size_t before = buffer_.size();
  if (!buffer_.Resize(before + bytes)) {
    return Status(AI_STATUS_RESOURCE_EXHAUSTED, "out of memory in the inference server");
  }
  *space = buffer_.data() + before;
  return Status::Ok();
}

Status FrameWriter::Append(const void* data, uint64_t bytes) {
  uint8_t* space;
  RETURN_IF_ERROR(AppendSpace(bytes, &space));
  if (bytes > 0) std::memcpy(space, data, bytes);
  return Status::Ok();
}

Status FrameWriter::AppendValueHeader(AiValueKind kind, uint16_t index, uint64_t count) {
  AiValueHeader header = {};
  header.kind = static_cast<uint8_t>(kind);
  header.index = index;
  header.count = count;
  return Append(&header, sizeof(header));
}

Status FrameWriter::AppendTensor(uint16_t index, AiDatatype datatype, const int64_t* dims,
                                 size_t rank, uint64_t data_bytes, uint8_t** data) {
  if (rank > AI_MAX_RANK) {
    return Status(AI_STATUS_UNSUPPORTED, "output has " + std::to_string(rank) +
                                             " dimensions, more than " +
                                             std::to_string(AI_MAX_RANK));
  }
  AiValueHeader header = {};
  header.kind = AI_VALUE_TENSOR;
  header.datatype = static_cast<uint8_t>(datatype);
  header.rank = static_cast<uint8_t>(rank);
  header.index = index;
  header.count = data_bytes;
  const uint64_t dims_bytes = AI_ALIGN8(rank * sizeof(uint32_t));
  if (data_bytes > AI_MAX_FRAME_BYTES) data_bytes = AI_MAX_FRAME_BYTES;  // refused just below
  uint8_t* space;
  RETURN_IF_ERROR(AppendSpace(sizeof(header) + dims_bytes + AI_ALIGN8(data_bytes), &space));
  std::memcpy(space, &header, sizeof(header));
  space += sizeof(header);
  std::memset(space, 0, dims_bytes);
  for (size_t axis = 0; axis < rank; ++axis) {
    if (dims[axis] < 0 || dims[axis] > UINT32_MAX) {
      return Status(AI_STATUS_UNSUPPORTED,
                    "dimension " + std::to_string(dims[axis]) + " of an output is out of range");
    }
    const uint32_t dim = static_cast<uint32_t>(dims[axis]);
    std::memcpy(space + axis * sizeof(dim), &dim, sizeof(dim));
  }
  *data = space + dims_bytes;
  std::memset(*data + data_bytes, 0, AI_ALIGN8(data_bytes) - data_bytes);
  return Status::Ok();
}

Buffer FrameWriter::Finish() {
  const uint64_t bytes = payload_bytes();
  std::memcpy(buffer_.data() + offsetof(AiFrameHeader, payload_bytes), &bytes, sizeof(bytes));
  return std::move(buffer_);
}

Buffer EncodeError(uint64_t request_id, const Status& status) {
  const std::string message = CutText(status.message());
  const std::string detail = CutText(status.detail());
  const std::string hint = CutText(status.hint());
  const AiErrorHeader header = {
      static_cast<uint32_t>(status.code()), static_cast<uint32_t>(message.size()),
      static_cast<uint32_t>(detail.size()), static_cast<uint32_t>(hint.size())};
  std::string payload(reinterpret_cast<const char*>(&header), sizeof(header));
  payload += message + detail + hint;
  return EncodeResponse(AI_ERROR, request_id, payload.data(), payload.size());
}

Buffer EncodeResponse(uint16_t type, uint64_t request_id, const void* data, size_t bytes) {
  FrameWriter writer(type, request_id);
  Status status = writer.Append(data, bytes);
  return status.ok() ? writer.Finish() : EncodeError(request_id, status);
}

}  // namespace ai_runtime

// A blocking client of the wire protocol, and requests put together by hand.
#ifndef AI_RUNTIME_SERVER_TEST_TEST_CLIENT_H_
#define AI_RUNTIME_SERVER_TEST_TEST_CLIENT_H_

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "protocol.h"
#include "sha256.h"

namespace ai_runtime::test {

template <typename T>
std::string AsBytes(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof(value));
}

inline std::string Pad8(std::string bytes) {
  bytes.resize(AI_ALIGN8(bytes.size()), '\0');
  return bytes;
}

inline std::string EncodeFrame(uint16_t type, uint64_t request_id, const std::string& payload) {
  const AiFrameHeader header = {AI_PROTOCOL_MAGIC, AI_PROTOCOL_VERSION, type, request_id,
                                payload.size()};
  return AsBytes(header) + payload;
}

inline std::string EncodeValueHeader(AiValueKind kind, uint16_t index, uint64_t count) {
  AiValueHeader header = {};
  header.kind = static_cast<uint8_t>(kind);
  header.index = index;
  header.count = count;
  return AsBytes(header);
}

inline std::string EncodeTensor(uint16_t index, AiDatatype datatype,
                                const std::vector<uint32_t>& dims, const std::string& data) {
  AiValueHeader header = {};
  header.kind = AI_VALUE_TENSOR;
  header.datatype = static_cast<uint8_t>(datatype);
  header.rank = static_cast<uint8_t>(dims.size());
  header.index = index;
  header.count = data.size();
  std::string bytes = AsBytes(header);
  for (uint32_t dim : dims) bytes += AsBytes(dim);
  return Pad8(bytes) + Pad8(data);
}

inline std::string EncodeFloats(uint16_t index, const std::vector<uint32_t>& dims,
                                const std::vector<float>& values) {
  return EncodeTensor(
      index, AI_DATATYPE_FP32, dims,
      std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
}

inline std::string EncodeInfer(const Sha256Digest& sha256, const std::vector<std::string>& values,
                               uint64_t timeout_us = 0, const std::vector<uint16_t>& outputs = {}) {
  AiInferRequestHeader header = {};
  std::memcpy(header.sha256, sha256.data(), sha256.size());
  header.timeout_us = timeout_us;
  header.input_count = static_cast<uint16_t>(values.size());
  header.output_count = static_cast<uint16_t>(outputs.size());
  std::string bytes = AsBytes(header);
  for (uint16_t output : outputs) bytes += AsBytes(output);
  bytes = Pad8(bytes);
  for (const std::string& value : values) bytes += value;
  return bytes;
}

inline Sha256Digest DigestOf(const std::string& model) {
  return Sha256::Of(model.data(), model.size());
}

inline std::string DigestBytes(const Sha256Digest& sha256) {
  return std::string(sha256.begin(), sha256.end());
}

struct Reply {
  bool ok = false;  // false: the connection ended
  AiFrameHeader header = {};
  std::string payload;

  AiStatusCode code() const {
    if (header.type != AI_ERROR) return AI_STATUS_OK;
    uint32_t code;
    std::memcpy(&code, payload.data(), sizeof(code));
    return static_cast<AiStatusCode>(code);
  }
  // Message, detail and hint of an ERROR.
  std::string error_text() const {
    return header.type == AI_ERROR ? payload.substr(sizeof(AiErrorHeader)) : "";
  }
  // The floats of the first output of an infer response, which is a tensor of this rank.
  std::vector<float> floats(size_t rank) const {
    const size_t start = sizeof(AiInferResponseHeader);
    AiValueHeader value;
    std::memcpy(&value, payload.data() + start, sizeof(value));
    std::vector<float> values(value.count / sizeof(float));
    if (values.empty()) return values;
    std::memcpy(values.data(), payload.data() + start + sizeof(value) + AI_ALIGN8(rank * 4),
                values.size() * sizeof(float));
    return values;
  }
};

class Client {
 public:
  explicit Client(const std::string& path) {
    fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~Client() { Close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

  bool SendBytes(const std::string& bytes) {
    size_t at = 0;
    while (at < bytes.size()) {
      const ssize_t sent = send(fd_, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += sent;
    }
    return true;
  }
  bool SendFrame(uint16_t type, uint64_t request_id, const std::string& payload) {
    return SendBytes(EncodeFrame(type, request_id, payload));
  }

  Reply Receive() {
    Reply reply;
    if (!ReadExactly(&reply.header, sizeof(reply.header))) return reply;
    reply.payload.resize(reply.header.payload_bytes);
    reply.ok = ReadExactly(reply.payload.data(), reply.payload.size());
    return reply;
  }

  Reply Call(uint16_t type, const std::string& payload) {
    const uint64_t id = ++last_id_;
    if (!SendFrame(type, id, payload)) return Reply();
    return Receive();
  }

  // Streams a model in chunks of this size.
  Reply Load(const std::string& model, size_t chunk_bytes = AI_MAX_CHUNK_BYTES) {
    return LoadAs(DigestOf(model), model, chunk_bytes);
  }
  Reply LoadAs(const Sha256Digest& sha256, const std::string& model, size_t chunk_bytes) {
    AiModelLoadHeader header = {};
    std::memcpy(header.sha256, sha256.data(), sha256.size());
    header.total_bytes = model.size();
    do {
      const std::string chunk = model.substr(header.offset, chunk_bytes);
      header.chunk_bytes = static_cast<uint32_t>(chunk.size());
      if (!SendFrame(AI_MODEL_LOAD_REQUEST, ++last_id_, AsBytes(header) + chunk)) return Reply();
      header.offset += chunk.size();
    } while (header.offset < model.size());
    return Receive();
  }

  // True when something, or the end, can be read within this time.
  bool Readable(int timeout_ms) {
    pollfd descriptor = {fd_, POLLIN, 0};
    return poll(&descriptor, 1, timeout_ms) > 0;
  }

 private:
  bool ReadExactly(void* to, size_t bytes) {
    char* at = static_cast<char*>(to);
    while (bytes > 0) {
      const ssize_t got = recv(fd_, at, bytes, 0);
      if (got <= 0) return false;
      at += got;
      bytes -= got;
    }
    return true;
  }

  int fd_ = -1;
  bool connected_ = false;
  uint64_t last_id_ = 0;
};

}  // namespace ai_runtime::test

#endif  // AI_RUNTIME_SERVER_TEST_TEST_CLIENT_H_

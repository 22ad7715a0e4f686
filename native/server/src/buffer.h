// A growable block of bytes that is not zeroed, aligned for every element type.
//
// Payloads and replies live in one; tensors are made over its memory, so the owner keeps it
// until ONNX Runtime is done with it.
#ifndef AI_RUNTIME_SERVER_BUFFER_H_
#define AI_RUNTIME_SERVER_BUFFER_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace ai_runtime {

class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept { Swap(other); }
  Buffer& operator=(Buffer&& other) noexcept {
    Swap(other);
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { std::free(data_); }

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

  // Makes it `size` bytes long; what was there stays, what is new is undefined. False: no memory.
  [[nodiscard]] bool Resize(size_t size) {
    if (size > capacity_ && !Grow(size)) return false;
    size_ = size;
    return true;
  }

 private:
  bool Grow(size_t size) {
    size_t wanted = capacity_ == 0 ? size : capacity_ + capacity_ / 2;
    if (wanted < size) wanted = size;
    if (wanted < 64) wanted = 64;
    void* grown = std::realloc(data_, wanted);
    if (grown == nullptr) return false;
    data_ = static_cast<uint8_t*>(grown);
    capacity_ = wanted;
    return true;
  }

  void Swap(Buffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_BUFFER_H_

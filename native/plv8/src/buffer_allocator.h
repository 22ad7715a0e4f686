/*
 * The memory of a role's array buffers: counted, bounded, and kept for reuse where the
 * buffers are small.
 */
#ifndef AI_RUNTIME_PLV8_BUFFER_ALLOCATOR_H_
#define AI_RUNTIME_PLV8_BUFFER_ALLOCATOR_H_

#include <atomic>

#include "pg_v8.h"

namespace ai_runtime {

// Freed blocks of small buffers. The main thread takes, and any thread gives back: V8
// frees buffers in a thread of its own.
class BlockPool {
 public:
  static constexpr size_t kMaxBlockBytes = 8192;
  static constexpr size_t kStepBytes = 64;

  ~BlockPool();
  // A block of at least that many bytes, or nullptr where there is none.
  void* Take(size_t length);
  // False when the pool is full.
  bool Give(void* data, size_t length);

 private:
  struct Block {
    Block* next;
  };
  // About what two collections of young objects give back.
  static constexpr size_t kMaxPooledBytes = 16UL * 1024 * 1024;

  static size_t ClassOf(size_t length) { return (length + kStepBytes - 1) / kStepBytes; }

  Block* at_hand_[kMaxBlockBytes / kStepBytes + 1] = {};  // the main thread's
  std::atomic<Block*> given_[kMaxBlockBytes / kStepBytes + 1] = {};
  std::atomic<size_t> pooled_bytes_{0};
};

// Refuses what is over the limit of heap and buffers together; V8 collects garbage then,
// asks again, and in the end makes a RangeError of the refusal.
class BufferAllocator : public v8::ArrayBuffer::Allocator {
 public:
  explicit BufferAllocator(size_t limit) : limit_(limit) {}

  void* Allocate(size_t length) override { return Reserve(length, !filled_); }
  void* AllocateUninitialized(size_t length) override { return Reserve(length, false); }
  void Free(void* data, size_t length) override;

  // The isolate whose heap counts against the limit.
  void Watch(v8::Isolate* isolate) { isolate_ = isolate; }
  // What the heap holds, known anew after a collection.
  void SetHeapBytes(size_t bytes) { heap_bytes_ = bytes; }
  // Whether V8 may clear no memory: the buffer that is made will be filled at once.
  void SetFilled(bool filled) { filled_ = filled; }

  bool HasRoom(size_t length) const { return used() + length + heap_bytes_ <= limit_; }
  size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  void* Reserve(size_t length, bool zero);
  void RefreshHeapBytes(size_t length);

  const size_t limit_;
  v8::Isolate* isolate_ = nullptr;
  BlockPool pool_;
  std::atomic<size_t> used_{0};
  size_t heap_bytes_ = 0;
  size_t unseen_bytes_ = 0;  // allocated since heap_bytes_ was read
  bool filled_ = false;
};

}  // namespace ai_runtime

#endif

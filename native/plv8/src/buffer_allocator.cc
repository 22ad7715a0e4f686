/*
 * The memory of array buffers. An argument of type bytea or float8[] is a buffer a row:
 * malloc, the clearing, and free() in V8's thread under malloc's lock would cost more than
 * the row, so small blocks go around in a pool. A block comes back only when V8 has
 * collected its buffer, so nothing that JavaScript still holds is ever reused.
 */
#include "buffer_allocator.h"

#include "memory_limit.h"

namespace ai_runtime {
namespace {

// So much may be allocated before the heap's size is looked at again.
constexpr size_t kRefreshBytes = 1024 * 1024;

// A block of the pool serves all lengths of its class.
size_t BytesToAllocate(size_t length) {
  if (length > BlockPool::kMaxBlockBytes) return length;
  return Max(TYPEALIGN(BlockPool::kStepBytes, length), BlockPool::kStepBytes);
}

}  // namespace

BlockPool::~BlockPool() {
  for (size_t i = 0; i < sizeof(at_hand_) / sizeof(at_hand_[0]); i++) {
    for (Block* list : {at_hand_[i], given_[i].load()}) {
      while (list != nullptr) {
        Block* next = list->next;
        free(list);
        list = next;
      }
    }
  }
}

void* BlockPool::Take(size_t length) {
  if (length == 0 || length > kMaxBlockBytes) return nullptr;
  size_t index = ClassOf(length);
  if (at_hand_[index] == nullptr) {
    if (given_[index].load(std::memory_order_relaxed) == nullptr) return nullptr;
    /* The whole list at once: nobody else takes, so no block can come back meanwhile. */
    at_hand_[index] = given_[index].exchange(nullptr, std::memory_order_acquire);
  }
  Block* block = at_hand_[index];
  at_hand_[index] = block->next;
  pooled_bytes_.fetch_sub(index * kStepBytes, std::memory_order_relaxed);
  return block;
}

bool BlockPool::Give(void* data, size_t length) {
  if (length == 0 || length > kMaxBlockBytes) return false;
  size_t index = ClassOf(length);
  size_t bytes = index * kStepBytes;
  if (pooled_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes > kMaxPooledBytes) {
    pooled_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return false;
  }
  Block* block = static_cast<Block*>(data);
  block->next = given_[index].load(std::memory_order_relaxed);
  while (!given_[index].compare_exchange_weak(block->next, block, std::memory_order_release,
                                              std::memory_order_relaxed)) {
  }
  return true;
}

void BufferAllocator::RefreshHeapBytes(size_t length) {
  unseen_bytes_ += length;
  if (unseen_bytes_ < kRefreshBytes || isolate_ == nullptr) return;
  unseen_bytes_ = 0;
  heap_bytes_ = HeapBytes(isolate_);
}

void* BufferAllocator::Reserve(size_t length, bool zero) {
  RefreshHeapBytes(length);
  size_t used = used_.fetch_add(length, std::memory_order_relaxed) + length;
  void* data = nullptr;
  if (used <= limit_ && used + heap_bytes_ <= limit_) {
    data = pool_.Take(length);
    if (data != nullptr && zero) memset(data, 0, length);
    if (data == nullptr)
      data = zero ? calloc(BytesToAllocate(length), 1) : malloc(BytesToAllocate(length));
  }
  if (data != nullptr) return data;
  used_.fetch_sub(length, std::memory_order_relaxed);
  return nullptr;
}

void BufferAllocator::Free(void* data, size_t length) {
  used_.fetch_sub(length, std::memory_order_relaxed);
  if (!pool_.Give(data, length)) free(data);
}

}  // namespace ai_runtime

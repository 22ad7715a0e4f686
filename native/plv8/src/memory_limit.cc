/*
 * The memory limit of a role, see memory_limit.h. V8 knows a limit of the heap alone, and
 * asks before it goes over it; the allocator of array buffers counts these. Together they
 * are looked at after each collection, and when the sum is over the limit a full collection
 * decides, at the next point where JavaScript can be interrupted. A script over the limit is
 * terminated: nothing that it could catch.
 */
#include "memory_limit.h"

#include "buffer_allocator.h"
#include "errors.h"

namespace ai_runtime {
namespace {

// What a script may still allocate between reaching the heap limit and the
// next point at which V8 can terminate it; beyond it the session ends.
constexpr size_t kHeapGraceBytes = 512UL * 1024 * 1024;
// The sum is checked again when it grew by this part of the limit, so that a script near
// the limit does not only collect.
constexpr size_t kCheckParts = 16;

constexpr char kRefusedMessage[] = "RangeError: Array buffer allocation failed";

void StopForMemory(Role* role) {
  role->out_of_memory = true;
  role->isolate->TerminateExecution();
}

size_t OnNearHeapLimit(void* data, size_t current_limit, size_t) {
  Role* role = static_cast<Role*>(data);
  StopForMemory(role);
  if (current_limit > role->heap_limit + kHeapGraceBytes / 2) return current_limit;
  return current_limit + kHeapGraceBytes;
}

// Heap, array buffers and what else V8 counts as such: WebAssembly's memories.
size_t BytesInUse(Role* role) {
  v8::HeapStatistics statistics;
  role->isolate->GetHeapStatistics(&statistics);
  role->allocator->SetHeapBytes(statistics.used_heap_size());
  return statistics.used_heap_size() +
         Max(statistics.external_memory(), role->allocator->used());
}

// A full collection, at a fraction of what LowMemoryNotification() costs.
void CollectAll(v8::Isolate* isolate) {
  isolate->MemoryPressureNotification(v8::MemoryPressureLevel::kCritical);
  isolate->MemoryPressureNotification(v8::MemoryPressureLevel::kNone);
}

// In JavaScript, on the main thread: garbage does not count.
void CheckMemory(v8::Isolate* isolate, void* data) {
  Role* role = static_cast<Role*>(data);
  if (!role->memory_check_pending || role->out_of_memory) return;
  role->memory_check_pending = false;
  CollectAll(isolate);
  size_t in_use = BytesInUse(role);
  if (in_use > role->heap_limit) return StopForMemory(role);
  role->memory_check_at = Max(role->heap_limit, in_use + role->heap_limit / kCheckParts);
}

void AfterCollection(v8::Isolate* isolate, v8::GCType, v8::GCCallbackFlags, void* data) {
  Role* role = static_cast<Role*>(data);
  if (BytesInUse(role) <= role->memory_check_at || role->memory_check_pending) return;
  role->memory_check_pending = true;
  isolate->RequestInterrupt(CheckMemory, role);
}

}  // namespace

void WatchMemory(Role* role) {
  role->memory_check_at = role->heap_limit;
  role->memory_check_pending = false;
  role->allocator->Watch(role->isolate);
  role->isolate->AddNearHeapLimitCallback(OnNearHeapLimit, role);
  role->isolate->AutomaticallyRestoreInitialHeapLimit(0.5);
  role->isolate->AddGCEpilogueCallback(AfterCollection, role);
}

size_t HeapBytes(v8::Isolate* isolate) {
  v8::HeapStatistics statistics;
  isolate->GetHeapStatistics(&statistics);
  return statistics.used_heap_size();
}

bool EndIfOutOfMemory(v8::Isolate* isolate) {
  Role* role = static_cast<Role*>(isolate->GetData(0));
  CheckMemory(isolate, role);
  return role->out_of_memory;
}

ErrorData* MakeMemoryError() {
  return MakeError(ERRCODE_OUT_OF_MEMORY, "out of memory for JavaScript",
                   "Heap and array buffers of this role reached plv8.memory_limit.",
                   "Raise plv8.memory_limit and start a new session.");
}

void ExplainRefusedBuffer(ErrorData* error) {
  if (strcmp(error->message, kRefusedMessage) != 0) return;
  ErrorData* explained = MakeMemoryError();
  error->sqlerrcode = explained->sqlerrcode;
  error->detail = explained->detail;
  error->hint = explained->hint;
}

void RecoverMemory(Role* role) {
  role->isolate->LowMemoryNotification();
  role->out_of_memory = false;
  /* A check that the script did not live to see would keep the next ones away. */
  role->memory_check_pending = false;
  role->memory_check_at = role->heap_limit;
  if (BytesInUse(role) > role->heap_limit / 4 * 3) role->retired = true;
}

v8::Local<v8::ArrayBuffer> NewArrayBuffer(v8::Isolate* isolate, size_t length) {
  Role* role = static_cast<Role*>(isolate->GetData(0));
  BufferAllocator* allocator = role->allocator;
  if (!allocator->HasRoom(length)) {
    isolate->LowMemoryNotification();
    (void)BytesInUse(role);
  }
  if (!allocator->HasRoom(length))
    ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY),
                    errmsg("out of memory for array buffers of JavaScript"),
                    errhint("The limit is plv8.memory_limit.")));
  allocator->SetFilled(true);
  v8::Local<v8::ArrayBuffer> buffer = v8::ArrayBuffer::New(isolate, length);
  allocator->SetFilled(false);
  return buffer;
}

}  // namespace ai_runtime

/*
 * One isolate per effective user per backend; see isolate.h. Limits are set here:
 * heap, array buffers, stack. None of them may end the process: the heap limit
 * terminates the script, array buffers over it are a RangeError, and the last
 * resort of V8, its fatal callbacks, ends the session in PostgreSQL's own way.
 */
#include "isolate.h"

#include <atomic>

#include "call_site.h"
#include "errors.h"
#include "fatal.h"
#include "function_cache.h"
#include "interrupt.h"
#include "module.h"
#include "plv8_object.h"
#include "rejections.h"
#include "runtime.h"

extern "C" {
#include "tcop/tcopprot.h"
}

namespace ai_runtime {

// Counts the bytes of array buffers and refuses those over the limit; V8 makes a
// RangeError of the refusal.
class BufferAllocator : public v8::ArrayBuffer::Allocator {
 public:
  explicit BufferAllocator(size_t limit) : limit_(limit) {}

  void* Allocate(size_t length) override { return Reserve(length, true); }
  void* AllocateUninitialized(size_t length) override { return Reserve(length, false); }
  void Free(void* data, size_t length) override {
    used_.fetch_sub(length, std::memory_order_relaxed);
    free(data);
  }
  bool HasRoom(size_t length) const { return used() + length <= limit_; }
  size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  void* Reserve(size_t length, bool zero) {
    if (used_.fetch_add(length, std::memory_order_relaxed) + length > limit_) {
      used_.fetch_sub(length, std::memory_order_relaxed);
      return nullptr;
    }
    void* data = zero ? calloc(length ? length : 1, 1) : malloc(length ? length : 1);
    if (data == nullptr) used_.fetch_sub(length, std::memory_order_relaxed);
    return data;
  }

  const size_t limit_;
  std::atomic<size_t> used_{0};
};

namespace {

// What a script may still allocate between reaching the heap limit and the
// next point at which V8 can terminate it; beyond it the session ends.
constexpr size_t kHeapGraceBytes = 512UL * 1024 * 1024;
// What V8's C++ needs under the stack limit of JavaScript.
constexpr size_t kStackReserveBytes = 128 * 1024;

std::vector<Role*>* roles = nullptr;
Role* last_role = nullptr;

size_t OnNearHeapLimit(void* data, size_t current_limit, size_t) {
  Role* role = static_cast<Role*>(data);
  role->out_of_memory = true;
  role->isolate->TerminateExecution();
  if (current_limit > role->heap_limit + kHeapGraceBytes / 2) return current_limit;
  return current_limit + kHeapGraceBytes;
}

v8::Isolate* NewIsolate(Role* role) {
  size_t limit = static_cast<size_t>(guc_memory_limit_mb) * 1024 * 1024;
  v8::Isolate::CreateParams params;
  role->allocator = new BufferAllocator(limit);
  role->heap_limit = limit;
  params.array_buffer_allocator = role->allocator;
  params.constraints.ConfigureDefaultsFromHeapSize(0, limit);
  params.fatal_error_callback = OnFatalError;
  params.oom_error_callback = OnOutOfMemory;
  v8::Isolate* isolate = v8::Isolate::New(params);
  isolate->SetFatalErrorHandler(OnFatalError);
  isolate->SetOOMErrorHandler(OnOutOfMemory);
  isolate->AddNearHeapLimitCallback(OnNearHeapLimit, role);
  isolate->AutomaticallyRestoreInitialHeapLimit(0.5);
  /* Nothing could wake it, and a wait ignores interrupts. */
  isolate->SetAllowAtomicsWait(false);
  isolate->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  isolate->SetData(0, role);
  return isolate;
}

void StartIsolate(Role* role) {
  role->isolate = NewIsolate(role);
  role->generation++;
  role->stack_depth_kb = 0;
  role->eval_allowed = true;
  role->started = role->retired = role->out_of_memory = false;
  AdaptStackLimit(role);
  v8::Isolate::Scope isolate_scope(role->isolate);
  v8::HandleScope handles(role->isolate);
  InstallContext(role);
  WatchRejections(role);
}

void DisposeIsolate(Role* role) {
  {
    v8::Isolate::Scope isolate_scope(role->isolate);
    for (CallSite* site : role->call_sites) site->Forget();
    role->call_sites.clear();
    ForgetFunctions(role);
    role->rejections.clear();
    role->plan_template.Reset();
    role->cursor_template.Reset();
    role->window_template.Reset();
    role->context.Reset();
  }
  LockWatcher();
  role->isolate->Dispose();
  UnlockWatcher();
  delete role->allocator;
  role->isolate = nullptr;
  role->allocator = nullptr;
}

Role* FindRole(Oid user_id) {
  if (roles == nullptr) roles = new std::vector<Role*>;
  for (Role* role : *roles) {
    if (role->user_id == user_id) return role;
  }
  Role* role = new Role;
  role->user_id = user_id;
  roles->push_back(role);
  return role;
}

}  // namespace

Role* CurrentRole() {
  Oid user_id = GetUserId();
  if (likely(last_role != nullptr && last_role->user_id == user_id &&
             last_role->isolate != nullptr &&
             !(last_role->retired && last_role->depth == 0)))
    return last_role;
  EnsureRuntime();
  Role* role = FindRole(user_id);
  if (role->isolate != nullptr && role->retired && role->depth == 0) DisposeIsolate(role);
  if (role->isolate == nullptr) StartIsolate(role);
  last_role = role;
  return role;
}

void RetireCurrentRole() {
  if (roles == nullptr) return;
  FindRole(GetUserId())->retired = true;
}

void AdaptStackLimit(Role* role) {
  if (likely(role->stack_depth_kb == max_stack_depth)) return;
  pg_stack_base_t base = set_stack_base();
  restore_stack_base(base);
  size_t size = static_cast<size_t>(max_stack_depth) * 1024;
  if (size < 2 * kStackReserveBytes) size = 2 * kStackReserveBytes;
  role->isolate->SetStackLimit(reinterpret_cast<uintptr_t>(base) - size + kStackReserveBytes);
  role->stack_depth_kb = max_stack_depth;
}

void RecoverMemory(Role* role) {
  v8::HeapStatistics statistics;
  role->isolate->LowMemoryNotification();
  role->isolate->GetHeapStatistics(&statistics);
  role->out_of_memory = false;
  if (statistics.used_heap_size() > role->heap_limit / 4 * 3)
    role->retired = true;
}

v8::Local<v8::ArrayBuffer> NewArrayBuffer(v8::Isolate* isolate, size_t length) {
  Role* role = static_cast<Role*>(isolate->GetData(0));
  if (!role->allocator->HasRoom(length)) isolate->LowMemoryNotification();
  if (!role->allocator->HasRoom(length))
    ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY),
                    errmsg("out of memory for array buffers of JavaScript"),
                    errhint("The limit is plv8.memory_limit.")));
  return v8::ArrayBuffer::New(isolate, length);
}

Role* NextLiveRole(const Role* before) {
  bool found = before == nullptr;
  if (roles == nullptr) return nullptr;
  for (Role* role : *roles) {
    if (found && role->isolate != nullptr) return role;
    found = found || role == before;
  }
  return nullptr;
}

size_t ArrayBufferBytes(const Role* role) { return role->allocator->used(); }

}  // namespace ai_runtime

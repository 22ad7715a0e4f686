/*
 * One isolate per effective user per backend; see isolate.h. Limits are set here:
 * memory (memory_limit.h) and stack. None of them may end the process; the last
 * resort of V8, its fatal callbacks, ends the session in PostgreSQL's own way.
 */
#include "isolate.h"

#include "buffer_allocator.h"
#include "call_site.h"
#include "errors.h"
#include "fatal.h"
#include "function_cache.h"
#include "interrupt.h"
#include "memory_limit.h"
#include "module.h"
#include "natives.h"
#include "object_shapes.h"
#include "plv8_object.h"
#include "rejections.h"
#include "runtime.h"
#include "snapshot.h"

extern "C" {
#include "tcop/tcopprot.h"
}

namespace ai_runtime {

namespace {

// What V8's C++ needs under the stack limit of JavaScript.
constexpr size_t kStackReserveBytes = 128 * 1024;

std::vector<Role*>* roles = nullptr;
Role* last_role = nullptr;
// Stays entered between calls; beneath running calls it is the outermost one's.
v8::Isolate* resident_isolate = nullptr;

v8::Isolate* NewIsolate(Role* role) {
  size_t limit = static_cast<size_t>(guc_memory_limit_mb) * 1024 * 1024;
  v8::Isolate::CreateParams params;
  role->allocator = new BufferAllocator(limit);
  role->heap_limit = limit;
  params.array_buffer_allocator = role->allocator;
  params.constraints.ConfigureDefaultsFromHeapSize(0, limit);
  params.snapshot_blob = StartupBlob();
  params.external_references = kNativeAddresses;
  params.fatal_error_callback = OnFatalError;
  params.oom_error_callback = OnOutOfMemory;
  v8::Isolate* isolate = v8::Isolate::New(params);
  isolate->SetFatalErrorHandler(OnFatalError);
  isolate->SetOOMErrorHandler(OnOutOfMemory);
  /* Nothing could wake it, and a wait ignores interrupts. */
  isolate->SetAllowAtomicsWait(false);
  isolate->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  isolate->SetData(0, role);
  return isolate;
}

void StartContext(Role* role, size_t index) {
  v8::Local<v8::Context> context;
  role->from_snapshot =
      StartupBlob() != nullptr &&
      v8::Context::FromSnapshot(role->isolate, index).ToLocal(&context);
  if (!role->from_snapshot) context = NewPlv8Context(role->isolate);
  role->bundle = role->from_snapshot ? BundleIn(index) : nullptr;
  role->context.Reset(role->isolate, context);
}

void StartIsolate(Role* role, Oid function) {
  size_t context = ContextFor(function);
  role->isolate = NewIsolate(role);
  WatchMemory(role);
  role->shapes = new ObjectShapes;
  role->generation++;
  role->stack_depth_kb = role->cached_functions = 0;
  role->eval_allowed = true;
  role->started = role->retired = role->out_of_memory = false;
  AdaptStackLimit(role);
  v8::Isolate::Scope isolate_scope(role->isolate);
  v8::HandleScope handles(role->isolate);
  StartContext(role, context);
  WatchRejections(role);
}

void DisposeIsolate(Role* role) {
  if (resident_isolate == role->isolate) {
    resident_isolate->Exit();
    resident_isolate = nullptr;
  }
  {
    v8::Isolate::Scope isolate_scope(role->isolate);
    for (CallSite* site : role->call_sites) site->Forget();
    role->call_sites.clear();
    ForgetFunctions(role);
    role->rejections.clear();
    delete role->shapes;
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

Role* CurrentRole(Oid function) {
  Oid user_id = GetUserId();
  if (likely(last_role != nullptr && last_role->user_id == user_id &&
             last_role->isolate != nullptr &&
             !(last_role->retired && last_role->depth == 0)))
    return last_role;
  EnsureRuntime();
  Role* role = FindRole(user_id);
  if (role->isolate != nullptr && role->retired && role->depth == 0) DisposeIsolate(role);
  if (role->isolate == nullptr) StartIsolate(role, function);
  last_role = role;
  return role;
}

void StayEntered(Role* role) {
  if (likely(resident_isolate == role->isolate)) return;
  if (resident_isolate != nullptr) resident_isolate->Exit();
  resident_isolate = role->isolate;
  resident_isolate->Enter();
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

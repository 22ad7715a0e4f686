/*
 * The JavaScript of one effective user in this backend: an isolate (a heap of its
 * own), its context, and what hangs on them. Nothing is shared between two roles.
 */
#ifndef AI_RUNTIME_PLV8_ISOLATE_H_
#define AI_RUNTIME_PLV8_ISOLATE_H_

#include "pg_v8.h"

namespace ai_runtime {

struct Function;
struct CallSite;
class BufferAllocator;
class ObjectShapes;

// Lives as long as the backend once made: call sites point to it. Its isolate is
// replaced after plv8_reset() or when memory ran out; generation counts these.
struct Role {
  Oid user_id = InvalidOid;
  uint64 generation = 0;
  v8::Isolate* isolate = nullptr;
  BufferAllocator* allocator = nullptr;
  ObjectShapes* shapes = nullptr;
  v8::Global<v8::Context> context;
  v8::Global<v8::FunctionTemplate> plan_template;
  v8::Global<v8::FunctionTemplate> cursor_template;
  v8::Global<v8::ObjectTemplate> window_template;
  std::vector<v8::Global<v8::Promise>> rejections;  // of the running call
  std::unordered_map<Oid, Function*> functions;
  std::unordered_set<CallSite*> call_sites;
  int depth = 0;              // calls on the stack in this isolate
  bool from_snapshot = false; // where isolate and context come from
  const char* bundle = nullptr;  // that the context had from the start
  int cached_functions = 0;   // compiled from a code cache
  bool started = false;       // plv8.start_proc has run
  bool retired = false;       // a new isolate at the next outermost call
  bool eval_allowed = true;   // as the context knows it
  bool out_of_memory = false; // the memory limit terminated the script
  size_t heap_limit = 0;      // plv8.memory_limit when the isolate was made
  size_t memory_check_at = 0; // heap and buffers for which a collection must decide
  bool memory_check_pending = false;
  int stack_depth_kb = 0;     // max_stack_depth that V8's stack limit stands for
};

// The role of the current effective user, with a live isolate; the function that is
// about to run may say what a new one starts with. May raise; opens and closes V8
// scopes of its own.
Role* CurrentRole(Oid function);

// For an outermost call: enters the role's isolate for good, as a scope of an isolate that
// is entered already is cheap.
void StayEntered(Role* role);

// Has the current user's JavaScript start anew at its next outermost call.
void RetireCurrentRole();

// Adapts V8's stack limit to max_stack_depth. Cheap when nothing changed.
void AdaptStackLimit(Role* role);

// A buffer of that many bytes, not cleared: fill it at once. Raises over the limit, where
// V8 would abort.
v8::Local<v8::ArrayBuffer> NewArrayBuffer(v8::Isolate* isolate, size_t length);

// Walks the roles whose JavaScript runs in this backend: nullptr before the first
// and after the last.
Role* NextLiveRole(const Role* before);

// Bytes in array buffers of the role.
size_t ArrayBufferBytes(const Role* role);

}  // namespace ai_runtime

#endif

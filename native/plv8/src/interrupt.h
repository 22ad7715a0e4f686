/*
 * Makes running JavaScript stop when PostgreSQL wants to: cancel, timeouts,
 * termination, a lost client.
 */
#ifndef AI_RUNTIME_PLV8_INTERRUPT_H_
#define AI_RUNTIME_PLV8_INTERRUPT_H_

#include <atomic>

#include "pg_v8.h"

namespace ai_runtime {

// Starts the watcher thread and puts itself in front of PostgreSQL's signal
// handlers. Once a process; the caller blocks signals around it.
void StartInterruptWatcher();

// The isolate whose JavaScript runs now, for signal handler and watcher.
extern std::atomic<v8::Isolate*> running_isolate;

// Number of the outermost run of JavaScript, for the watcher's clock.
extern std::atomic<uint64> run_number;
// True while the watcher looks at the clock, for plv8.execution_timeout.
extern std::atomic<bool> clock_armed;
// plv8.execution_timeout in seconds, 0 for none.
extern double guc_execution_timeout_s;

// The watcher's copy of the setting: its assign hook.
void AssignExecutionTimeout(double seconds, void* extra);

// Has the watcher start its clock.
void ArmClock();

// Has the watcher interrupt the running JavaScript. Async-signal-safe.
void PokeWatcher();

// For long work of our own in a script, where V8 does not look: true when the script has
// been told to end. Never raises.
bool EndIfInterrupted(v8::Isolate* isolate);

// Marks JavaScript as running; what ran before comes back for LeaveJs.
inline v8::Isolate* EnterJs(v8::Isolate* isolate) {
  v8::Isolate* before = running_isolate.load(std::memory_order_relaxed);
  if (before == nullptr) {
    run_number.store(run_number.load(std::memory_order_relaxed) + 1,
                     std::memory_order_relaxed);
    if (unlikely(guc_execution_timeout_s > 0) && !clock_armed.load(std::memory_order_relaxed))
      ArmClock();
  }
  running_isolate.store(isolate, std::memory_order_seq_cst);
  if (unlikely(InterruptPending)) PokeWatcher();
  return before;
}

inline void LeaveJs(v8::Isolate* before) {
  running_isolate.store(before, std::memory_order_relaxed);
  if (unlikely(before != nullptr && InterruptPending)) PokeWatcher();
}

// Held while an isolate is disposed of, so that the watcher cannot touch it.
void LockWatcher();
void UnlockWatcher();

}  // namespace ai_runtime

#endif

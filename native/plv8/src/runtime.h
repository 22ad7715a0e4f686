/*
 * V8 itself: its platform and flags, once a process and only when a first
 * function needs it.
 */
#ifndef AI_RUNTIME_PLV8_RUNTIME_H_
#define AI_RUNTIME_PLV8_RUNTIME_H_

namespace ai_runtime {

// Starts V8 in this backend if it has not been; raises in the postmaster.
void EnsureRuntime();

// Runs what V8's own tasks have queued for this thread (finalizers of a heap).
void PumpRuntime(void* isolate);

}  // namespace ai_runtime

#endif

/*
 * V8 itself. Started lazily in a backend, never in the postmaster: the platform's
 * threads do not survive a fork, so a preloaded library only maps its code. Never
 * torn down: at exit the process simply ends.
 */
#include "runtime.h"

#include <libplatform/libplatform.h>

#include <csignal>
#include <memory>

#include "fatal.h"
#include "interrupt.h"
#include "module.h"
#include "pg_v8.h"
#include "snapshot_file.h"

namespace ai_runtime {
namespace {

v8::Platform* platform = nullptr;

// One worker is enough for a backend's small heap, and its stack is memory.
constexpr int kWorkerThreads = 1;

void StartPlatform() {
  v8::V8::SetFlagsFromString(kV8Flags);
  if (guc_v8_flags != nullptr && *guc_v8_flags != '\0')
    v8::V8::SetFlagsFromString(guc_v8_flags, strlen(guc_v8_flags));
  platform = v8::platform::NewDefaultPlatform(kWorkerThreads).release();
  v8::V8::InitializePlatform(platform);
  v8::V8::Initialize();
}

}  // namespace

void EnsureRuntime() {
  if (platform != nullptr) return;
  if (!IsUnderPostmaster && IsPostmasterEnvironment)
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("JavaScript cannot run in the postmaster")));
  /* The new threads inherit the mask: PostgreSQL's signals must never reach them. */
  sigset_t all, before;
  sigfillset(&all);
  for (int fault : {SIGABRT, SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE}) sigdelset(&all, fault);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  StartPlatform();
  StartInterruptWatcher();
  InstallAbortHandler();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void PumpRuntime(void* isolate) {
  while (v8::platform::PumpMessageLoop(platform, static_cast<v8::Isolate*>(isolate))) {
  }
}

}  // namespace ai_runtime

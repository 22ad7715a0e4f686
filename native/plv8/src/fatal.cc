/*
 * The end of V8, see fatal.h. An abort is turned into FATAL only where it comes from
 * V8: PostgreSQL's own aborts (PANIC, failed assertions), and any in a critical
 * section or under a lock, stay what they are, as shared memory could be broken.
 */
#include "fatal.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>

#include "errors.h"
#include "interrupt.h"

extern "C" {
#include "storage/ipc.h"
}

namespace ai_runtime {
namespace {

constexpr int kAbortSignals[] = {SIGABRT, SIGILL, SIGTRAP};
// An exit that hangs in a lock which the broken V8 holds ends by SIGALRM.
constexpr unsigned kExitSeconds = 10;

pthread_t main_thread;
pid_t main_pid = 0;
const char* volatile worker_message = nullptr;

[[noreturn]] void EndSession(int sqlerrcode, const char* location, const char* message) {
  signal(SIGALRM, SIG_DFL);
  alarm(kExitSeconds);
  ereport(FATAL, (errcode(sqlerrcode), errmsg("JavaScript failed fatally"),
                  errdetail("%s: %s", location ? location : "V8", message ? message : ""),
                  errhint("The session ends; its transaction is rolled back.")));
  pg_unreachable();
}

// A thread of V8 has the main thread end the session, and waits for that.
[[noreturn]] void HandToMainThread(const char* message) {
  worker_message = message;
  pthread_kill(main_thread, SIGABRT);
  for (;;) pause();
}

bool MayEndSession() {
  return running_isolate.load(std::memory_order_relaxed) != nullptr &&
         InterruptHoldoffCount == 0 && CritSectionCount == 0 && !proc_exit_inprogress;
}

void OnAbort(int signal_number) {
  if (getpid() == main_pid && !pthread_equal(pthread_self(), main_thread))
    HandToMainThread("a thread of V8 aborted");
  bool from_v8 = worker_message != nullptr || !IsInPostgres();
  if (getpid() == main_pid && from_v8 && MayEndSession())
    EndSession(ERRCODE_INTERNAL_ERROR, "V8",
               worker_message ? worker_message : "an internal check failed");
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

}  // namespace

void InstallAbortHandler() {
  main_thread = pthread_self();
  main_pid = getpid();
  for (int signal_number : kAbortSignals) {
    struct sigaction action = {};
    action.sa_handler = OnAbort;
    sigemptyset(&action.sa_mask);
    sigaction(signal_number, &action, nullptr);
  }
}

void OnFatalError(const char* location, const char* message) {
  if (!pthread_equal(pthread_self(), main_thread)) HandToMainThread(message);
  /* On the way out nothing is left to end, and V8 aborts when this returns. */
  if (proc_exit_inprogress) _exit(1);
  EndSession(ERRCODE_OUT_OF_MEMORY, location, message);
}

void OnOutOfMemory(const char* location, bool) { OnFatalError(location, "out of memory"); }

}  // namespace ai_runtime

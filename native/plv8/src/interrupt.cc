/*
 * Stops running JavaScript. The story: PostgreSQL's signal handlers set
 * InterruptPending and return; JavaScript never looks at it. So a wrapper,
 * installed once in front of them, posts a semaphore when JavaScript is running;
 * a watcher thread, woken by it, asks V8 to call OnInterrupt on the main thread at
 * the next loop edge, call or backtrack of a regular expression; and OnInterrupt
 * runs CHECK_FOR_INTERRUPTS. If that raises, the error is kept in the call frame
 * and the script is terminated, which try/catch cannot stop. If it does not raise
 * (the interrupt was for something else) the script goes on.
 *
 * A call pays one atomic store; there is no thread and no system call per call.
 */
#include "interrupt.h"

#include <pthread.h>
#include <semaphore.h>
#include <csignal>

#include <mutex>

#include "call.h"
#include "errors.h"

namespace ai_runtime {

std::atomic<v8::Isolate*> running_isolate{nullptr};

namespace {

// Each of these can end in InterruptPending: cancel, terminate, timeouts and the
// client check, recovery conflicts.
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGALRM, SIGUSR1};
constexpr int kSignalCount = sizeof(kSignals) / sizeof(kSignals[0]);

struct sigaction originals[kSignalCount];
sem_t wake_up;
std::mutex* watcher_mutex = nullptr;
pid_t watcher_pid = 0;

void OnSignal(int signal_number, siginfo_t* info, void* ucontext) {
  int saved_errno = errno;
  for (int i = 0; i < kSignalCount; i++) {
    if (kSignals[i] != signal_number) continue;
    if (originals[i].sa_flags & SA_SIGINFO)
      originals[i].sa_sigaction(signal_number, info, ucontext);
    else if (originals[i].sa_handler != SIG_IGN && originals[i].sa_handler != SIG_DFL)
      originals[i].sa_handler(signal_number);
  }
  if (InterruptPending && running_isolate.load(std::memory_order_relaxed) != nullptr &&
      getpid() == watcher_pid)
    PokeWatcher();
  errno = saved_errno;
}

// Called by V8 on the main thread, inside JavaScript.
void OnInterrupt(v8::Isolate* isolate, void*) {
  CallFrame* frame = CurrentFrame();
  if (!InterruptPending || frame == nullptr) return;
  /* Ending the process from here would run PostgreSQL's exit over V8's frames. */
  if (ProcDiePending && InterruptHoldoffCount == 0 && CritSectionCount == 0) {
    isolate->TerminateExecution();
    return;
  }
  ErrorData* error = Catch([] { CHECK_FOR_INTERRUPTS(); });
  if (error == nullptr) return;
  frame->fatal = error;
  isolate->TerminateExecution();
}

void* Watch(void*) {
  for (;;) {
    while (sem_wait(&wake_up) != 0) {
    }
    std::lock_guard<std::mutex> lock(*watcher_mutex);
    v8::Isolate* isolate = running_isolate.load(std::memory_order_seq_cst);
    if (isolate != nullptr) isolate->RequestInterrupt(OnInterrupt, nullptr);
  }
  return nullptr;
}

void WrapSignal(int index) {
  struct sigaction wrapper;
  if (sigaction(kSignals[index], nullptr, &originals[index]) != 0) return;
  wrapper = originals[index];
  if (!(wrapper.sa_flags & SA_SIGINFO) &&
      (wrapper.sa_handler == SIG_IGN || wrapper.sa_handler == SIG_DFL))
    return;
  wrapper.sa_flags |= SA_SIGINFO;
  wrapper.sa_sigaction = OnSignal;
  sigaction(kSignals[index], &wrapper, nullptr);
}

}  // namespace

void StartInterruptWatcher() {
  pthread_t thread;
  watcher_mutex = new std::mutex;
  watcher_pid = getpid();
  sem_init(&wake_up, 0, 0);
  if (pthread_create(&thread, nullptr, Watch, nullptr) != 0)
    elog(FATAL, "could not start the thread that interrupts JavaScript");
  pthread_detach(thread);
  for (int i = 0; i < kSignalCount; i++) WrapSignal(i);
}

void PokeWatcher() { sem_post(&wake_up); }

void LockWatcher() { watcher_mutex->lock(); }
void UnlockWatcher() { watcher_mutex->unlock(); }

}  // namespace ai_runtime

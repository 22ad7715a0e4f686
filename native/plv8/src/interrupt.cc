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
 * plv8.execution_timeout goes the same way. The watcher cannot be told of each call,
 * that would be a system call; so it ticks while calls come and sees by their number
 * whether one lasts. A tick without JavaScript ends the ticking.
 *
 * A call pays two atomic stores; there is no thread and no system call per call.
 */
#include "interrupt.h"

#include <pthread.h>
#include <semaphore.h>
#include <csignal>
#include <ctime>

#include <algorithm>
#include <mutex>

#include "call.h"
#include "errors.h"

namespace ai_runtime {

std::atomic<v8::Isolate*> running_isolate{nullptr};
std::atomic<uint64> run_number{0};
std::atomic<bool> clock_armed{false};
double guc_execution_timeout_s = 0;

namespace {

// Each of these can end in InterruptPending: cancel, terminate, timeouts and the
// client check, recovery conflicts.
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGALRM, SIGUSR1};
constexpr int kSignalCount = sizeof(kSignals) / sizeof(kSignals[0]);

struct sigaction originals[kSignalCount];
sem_t wake_up;
std::mutex* watcher_mutex = nullptr;
pid_t watcher_pid = 0;

constexpr int64 kMinTickUs = 5000;
constexpr int64 kMaxTickUs = 1000000;
std::atomic<int64> timeout_us{0};
std::atomic<uint64> expired_run{0};

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

bool HasExpired() {
  return expired_run.load(std::memory_order_relaxed) ==
         run_number.load(std::memory_order_relaxed);
}

// Ends the script where PostgreSQL or the clock wants it; true if so.
bool EndIfWanted(v8::Isolate* isolate) {
  CallFrame* frame = CurrentFrame();
  if (frame != nullptr && frame->fatal == nullptr && HasExpired()) {
    Terminate(isolate, MakeTimeoutError());
    return true;
  }
  if (!InterruptPending || frame == nullptr) return false;
  /* Ending the process from here would run PostgreSQL's exit over V8's frames. */
  if (ProcDiePending && InterruptHoldoffCount == 0 && CritSectionCount == 0) {
    isolate->TerminateExecution();
    return true;
  }
  ErrorData* error = Catch([] { CHECK_FOR_INTERRUPTS(); });
  if (error == nullptr) return false;
  frame->fatal = error;
  isolate->TerminateExecution();
  return true;
}

// Called by V8 on the main thread, inside JavaScript.
void OnInterrupt(v8::Isolate* isolate, void*) { (void)EndIfWanted(isolate); }

int64 NowUs() {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64>(now.tv_sec) * 1000000 + now.tv_nsec / 1000;
}

void InterruptRunning() {
  std::lock_guard<std::mutex> lock(*watcher_mutex);
  v8::Isolate* isolate = running_isolate.load(std::memory_order_seq_cst);
  if (isolate != nullptr) isolate->RequestInterrupt(OnInterrupt, nullptr);
}

// Sleeps until somebody pokes, or for a tick while the clock is armed; true when poked.
bool AwaitPoke() {
  int64 timeout = timeout_us.load(std::memory_order_relaxed);
  struct timespec until;
  if (!clock_armed.load(std::memory_order_seq_cst)) {
    while (sem_wait(&wake_up) != 0) {
    }
    return true;
  }
  int64 tick = std::clamp(timeout / 10, kMinTickUs, kMaxTickUs);
  clock_gettime(CLOCK_REALTIME, &until);
  int64 ns = until.tv_nsec + tick * 1000;
  until.tv_sec += ns / 1000000000;
  until.tv_nsec = ns % 1000000000;
  while (sem_timedwait(&wake_up, &until) != 0) {
    if (errno == ETIMEDOUT) return false;
  }
  return true;
}

struct Clock {
  uint64 run = 0;
  int64 seen_us = 0;
};

// One tick: is the run that was seen at an earlier one still going, for too long?
void Tick(Clock* clock) {
  uint64 run = run_number.load(std::memory_order_relaxed);
  bool running = running_isolate.load(std::memory_order_seq_cst) != nullptr;
  if (run != clock->run) {
    clock->run = run;
    clock->seen_us = NowUs();
    return;
  }
  if (!running) {
    clock_armed.store(false, std::memory_order_seq_cst);
    return;
  }
  int64 timeout = timeout_us.load(std::memory_order_relaxed);
  if (timeout == 0 || NowUs() - clock->seen_us < timeout) return;
  expired_run.store(run, std::memory_order_relaxed);
  InterruptRunning();
}

void* Watch(void*) {
  Clock clock;
  for (;;) {
    if (AwaitPoke()) InterruptRunning();
    if (clock_armed.load(std::memory_order_seq_cst)) Tick(&clock);
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

void AssignExecutionTimeout(double seconds, void*) {
  timeout_us.store(static_cast<int64>(seconds * 1e6), std::memory_order_relaxed);
  /* The next call winds the clock anew, for ticks of the new length. */
  clock_armed.store(false, std::memory_order_seq_cst);
}

void ArmClock() {
  clock_armed.store(true, std::memory_order_seq_cst);
  PokeWatcher();
}

bool EndIfInterrupted(v8::Isolate* isolate) {
  return (InterruptPending || HasExpired()) && EndIfWanted(isolate);
}

void PokeWatcher() { sem_post(&wake_up); }

void LockWatcher() { watcher_mutex->lock(); }
void UnlockWatcher() { watcher_mutex->unlock(); }

}  // namespace ai_runtime

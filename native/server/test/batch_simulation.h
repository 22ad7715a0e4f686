// A server, its clients and all that can go wrong between them, in one thread and counted time.
//
// One seed decides everything: arrivals, sizes, deadlines, cancels, poisonous rows, how long an
// execution takes, when the server crashes. Batcher, executions and gathering are the real ones; a
// worker is an entry in a calendar. What must hold is checked while it runs.
#ifndef AI_RUNTIME_SERVER_TEST_BATCH_SIMULATION_H_
#define AI_RUNTIME_SERVER_TEST_BATCH_SIMULATION_H_

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "batch_execution.h"
#include "batch_terms.h"
#include "simulated_model.h"
#include "test_client.h"

namespace ai_runtime::test {

class BatchSimulation : private ExecutionPort {
 public:
  explicit BatchSimulation(uint64_t seed);

  // Runs to the end. Empty, or what was violated.
  std::string Run();

 private:
  // What a client asks for, over connections and servers.
  struct Question {
    int64_t owner = 0;
    size_t client = 0;
    size_t model = 0;
    std::vector<TaggedRow> rows;
    bool is_poisoned = false;
    bool is_deterministic = false;
    Clock::time_point deadline = Clock::time_point::max();
    RequestPtr request;  // at the server that has it now
    int tries = 0;
    bool is_cancelled = false;
    bool is_answered = false;
  };
  using QuestionPtr = std::shared_ptr<Question>;

  size_t Random(size_t below) { return random_() % below; }
  void At(Clock::duration after, std::function<void()> what);
  void Violate(const std::string& what);

  void StartServer();
  void Crash();
  void Ask(size_t client);
  void Send(const QuestionPtr& question);
  void CloseConnection(size_t client);
  void Work();
  void RunPlan(BatchPlan plan);
  void CheckPlan(const BatchPlan& plan);
  void EndExecution(const std::shared_ptr<BatchExecution>& execution, uint64_t generation);

  void Complete(const RequestPtr& request, Buffer reply) override;
  void Fail(const RequestPtr& request, const Status& status) override;
  void Stop(const RequestPtr& request, AiStatusCode reason);
  void LeaveExecutions(Request* request);
  void Answer(const RequestPtr& request, const Status& status, const Buffer* reply);
  void CheckRows(const Question& question, const Buffer& reply);
  void CheckEnd();

  std::mt19937_64 random_;
  ServerOptions options_;
  Clock::time_point now_{};
  std::multimap<Clock::time_point, std::function<void()>> calendar_;
  std::vector<LoadedModelPtr> models_;
  std::unique_ptr<DynamicBatcher> batcher_;
  uint64_t generation_ = 0;  // of the server
  size_t busy_workers_ = 0;
  size_t workers_ = 1;
  size_t max_queued_ = 1024;
  size_t questions_left_ = 0;
  uint64_t next_connection_ = 1;
  std::vector<uint64_t> connections_;  // of the clients
  std::map<const Request*, QuestionPtr> asked_;
  std::vector<QuestionPtr> questions_;
  std::string violation_;
};

}  // namespace ai_runtime::test

#endif  // AI_RUNTIME_SERVER_TEST_BATCH_SIMULATION_H_

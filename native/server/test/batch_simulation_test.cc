// Batcher, executions, clients, deadlines and crashes, over many seeds.
//
// AI_RUNTIME_SIMULATION_SEEDS sets how many (default 100000), AI_RUNTIME_SIMULATION_SEED runs one.
#include "batch_simulation.h"

#include <gtest/gtest.h>

#include "server_fixture.h"

namespace ai_runtime::test {
namespace {

uint64_t Number(const char* name, uint64_t otherwise) {
  const std::string text = FromEnvironment(name);
  return text.empty() ? otherwise : std::strtoull(text.c_str(), nullptr, 10);
}

TEST(BatchSimulation, AnswersEachQuestionOnceWithItsOwnRows) {
  const uint64_t one = Number("AI_RUNTIME_SIMULATION_SEED", 0);
  const uint64_t seeds = Number("AI_RUNTIME_SIMULATION_SEEDS", 100000);
  int failures = 0;
  for (uint64_t seed = one > 0 ? one : 1; seed <= (one > 0 ? one : seeds); ++seed) {
    const std::string violation = BatchSimulation(seed).Run();
    if (violation.empty()) continue;
    ADD_FAILURE() << "AI_RUNTIME_SIMULATION_SEED=" << seed << ": " << violation;
    if (++failures == 5) return;
  }
}

}  // namespace
}  // namespace ai_runtime::test

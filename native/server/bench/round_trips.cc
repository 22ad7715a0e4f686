// Round trips a second against a server that runs: ECHO, then a linear model and a perceptron.
//
// usage: round_trips SOCKET [ROUNDS] [BUSY]   BUSY=1 polls for the reply instead of sleeping
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "onnx_builder.h"
#include "test_client.h"

namespace ai_runtime::test {
namespace {

void Measure(const char* name, Client* client, uint16_t type, const std::string& payload,
             int rounds, bool busy) {
  std::vector<double> windows;
  for (int window = 0; window < 9; ++window) {
    const auto started = std::chrono::steady_clock::now();
    for (int i = 0; i < rounds; ++i) {
      client->SendFrame(type, i, payload);
      while (busy && !client->Readable(0)) continue;
      const Reply reply = client->Receive();
      if (!reply.ok || reply.header.type != type + 1) {
        std::printf("%s: failed: %s\n", name, reply.error_text().c_str());
        return;
      }
    }
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    windows.push_back(rounds / took.count());
  }
  std::sort(windows.begin(), windows.end());
  std::printf("%-14s %9.0f round trips/s median, %9.0f best, %6.2f us\n", name, windows[4],
              windows[8], 1e6 / windows[4]);
}

}  // namespace
}  // namespace ai_runtime::test

int main(int argc, char** argv) {
  using namespace ai_runtime::test;
  if (argc < 2) return 2;
  Client client(argv[1]);
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 20000;
  const bool busy = argc > 3 && std::atoi(argv[3]) != 0;
  const std::string row = EncodeFloats(0, {1, 32}, std::vector<float>(32, 0.5f));
  Measure("echo 256 B", &client, AI_ECHO_REQUEST, std::string(256, 'x'), rounds, busy);
  const std::pair<const char*, std::string> models[] = {{"linear", LinearModel(32, 0.25f)},
                                                        {"mlp", MlpModel()}};
  for (const auto& [name, model] : models) {
    const Reply loaded = client.Load(model);
    if (loaded.header.type != AI_MODEL_LOAD_RESPONSE) {
      std::printf("%s: %s\n", name, loaded.error_text().c_str());
      return 1;
    }
    Measure(name, &client, AI_MODEL_INFER_REQUEST, EncodeInfer(DigestOf(model), {row}), rounds,
            busy);
  }
  const std::vector<float> rows(1024 * 32, 0.5f);
  Measure("mlp 1024 rows", &client, AI_MODEL_INFER_REQUEST,
          EncodeInfer(DigestOf(MlpModel()), {EncodeFloats(0, {1024, 32}, rows)}), rounds / 20,
          busy);
  return 0;
}

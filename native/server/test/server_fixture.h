// An InferenceServer in this process, on a socket of its own, for the length of a test.
#ifndef AI_RUNTIME_SERVER_TEST_SERVER_FIXTURE_H_
#define AI_RUNTIME_SERVER_TEST_SERVER_FIXTURE_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>

#include "inference_server.h"
#include "onnx_builder.h"
#include "test_client.h"

namespace ai_runtime::test {

inline std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

// Waits until a condition holds; false after ten seconds.
inline bool WaitUntil(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class ServerTest : public ::testing::Test {
 protected:
  void StartServer() {
    char folder[] = "/tmp/ai_runtime_test.XXXXXX";
    ASSERT_NE(mkdtemp(folder), nullptr);
    folder_ = folder;
    options_.socket_path = folder_ + "/s";
    options_.onnxruntime_path = FromEnvironment("ORT_LIBRARY");
    server_ = std::make_unique<InferenceServer>(options_);
    const Status status = server_->Start();
    ASSERT_TRUE(status.ok()) << status.ToString();
  }

  void TearDown() override {
    if (server_ != nullptr) {
      EXPECT_TRUE(server_->Stop(0));
    }
    server_.reset();
    if (!folder_.empty()) rmdir(folder_.c_str());
  }

  std::unique_ptr<Client> Connect() { return std::make_unique<Client>(options_.socket_path); }

  ServerOptions options_;
  std::string folder_;
  std::unique_ptr<InferenceServer> server_;
};

}  // namespace ai_runtime::test

#endif  // AI_RUNTIME_SERVER_TEST_SERVER_FIXTURE_H_

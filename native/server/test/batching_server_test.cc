// Batching through a whole server: requests of many connections, sent so that they have to meet.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>

#include "server_fixture.h"

namespace ai_runtime::test {
namespace {

// y = the row of w at x: a place outside w makes an execution fail.
std::string GatherModel() {
  return Model(Message()
                   .Add(1, Node("Gather", {"w", "x"}, {"y"}))
                   .Add(5, FloatTensor("w", {4}, {10, 11, 12, 13}))
                   .Add(11, ValueInfo("x", TensorType(kOnnxInt64, {-1})))
                   .Add(12, ValueInfo("y", TensorType(kOnnxFloat, {-1}))));
}

std::string EncodeInts(const std::vector<int64_t>& values) {
  return EncodeTensor(
      0, AI_DATATYPE_INT64, {static_cast<uint32_t>(values.size())},
      std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int64_t)));
}

// Sets fields of an infer request that EncodeInfer() leaves 0.
std::string WithTerms(std::string payload, uint32_t flags, uint32_t max_batch_size) {
  AiInferRequestHeader header;
  std::memcpy(&header, payload.data(), sizeof(header));
  header.flags = flags;
  header.max_batch_size = max_batch_size;
  std::memcpy(payload.data(), &header, sizeof(header));
  return payload;
}

AiInferResponseHeader HeaderOf(const Reply& reply) {
  AiInferResponseHeader header = {};
  if (reply.payload.size() >= sizeof(header)) {
    std::memcpy(&header, reply.payload.data(), sizeof(header));
  }
  return header;
}

class BatchingServer : public ServerTest {
 protected:
  // A server that lets no inference run before so many wait, and has these models.
  void StartHolding(uint32_t hold_until, const std::vector<std::string>& models) {
    options_.delay_scheduler = hold_until;
    StartServer();
    auto client = Connect();
    for (const std::string& model : models) {
      ASSERT_EQ(client->Load(model).header.type, AI_MODEL_LOAD_RESPONSE);
    }
  }
  std::string Row(float value) {
    return EncodeInfer(DigestOf(linear_), {EncodeFloats(0, {1, 4}, {value, 0, 0, 0})});
  }
  std::string Statistics(const std::string& key) {
    auto client = Connect();
    const std::string json = client->Call(AI_MODEL_STATISTICS_REQUEST, "").payload;
    const size_t at = json.find("\"" + key + "\":") + key.size() + 3;
    return json.substr(at, json.find_first_of(",}", at) - at);
  }

  const std::string linear_ = LinearModel(4, 0.5f);
  const std::string gather_ = GatherModel();
};

TEST_F(BatchingServer, MergesRequestsOfManyConnections) {
  StartHolding(8, {linear_});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(Connect());
    clients.back()->SendFrame(AI_MODEL_INFER_REQUEST, 100 + i, Row(static_cast<float>(i)));
  }
  for (int i = 0; i < 8; ++i) {
    const Reply reply = clients[i]->Receive();
    ASSERT_EQ(reply.header.type, AI_MODEL_INFER_RESPONSE) << reply.error_text();
    EXPECT_EQ(reply.header.request_id, 100u + i);
    EXPECT_EQ(reply.floats(2), std::vector<float>{static_cast<float>(i) / 2});
    EXPECT_EQ(HeaderOf(reply).execution_count, 1u);
    EXPECT_EQ(HeaderOf(reply).execution_rows, 8u);
  }
  EXPECT_EQ(Statistics("inference_count"), "8");
  EXPECT_EQ(Statistics("execution_count"), "1");
  EXPECT_EQ(Statistics("success_count"), "8");
}

TEST_F(BatchingServer, KeepsToTheSizeThatARequestAllows) {
  StartHolding(8, {linear_});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(Connect());
    clients.back()->SendFrame(AI_MODEL_INFER_REQUEST, i, WithTerms(Row(1), 0, 4));
  }
  for (const auto& client : clients) EXPECT_EQ(HeaderOf(client->Receive()).execution_rows, 4u);
  EXPECT_EQ(Statistics("execution_count"), "2");
}

TEST_F(BatchingServer, RunsEachRowOfADeterministicRequestByItself) {
  StartHolding(2, {linear_});
  auto one = Connect();
  auto other = Connect();
  const std::string rows = EncodeFloats(0, {3, 4}, {1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0});
  one->SendFrame(AI_MODEL_INFER_REQUEST, 1,
                 WithTerms(EncodeInfer(DigestOf(linear_), {rows}), AI_INFER_DETERMINISTIC, 0));
  other->SendFrame(AI_MODEL_INFER_REQUEST, 1, Row(8));
  const Reply reply = one->Receive();
  EXPECT_EQ(reply.floats(2), (std::vector<float>{0.5f, 1, 1.5f}));
  EXPECT_EQ(HeaderOf(reply).execution_count, 3u);
  EXPECT_EQ(HeaderOf(reply).execution_rows, 3u);
  EXPECT_EQ(HeaderOf(other->Receive()).execution_rows, 1u);
}

TEST_F(BatchingServer, LetsNoRequestFailForAnother) {
  StartHolding(4, {gather_});
  std::vector<std::unique_ptr<Client>> clients;
  const std::vector<int64_t> places = {0, 99, 2, 3};
  for (int64_t place : places) {
    clients.push_back(Connect());
    clients.back()->SendFrame(AI_MODEL_INFER_REQUEST, 1,
                              EncodeInfer(DigestOf(gather_), {EncodeInts({place})}));
  }
  for (size_t i = 0; i < places.size(); ++i) {
    const Reply reply = clients[i]->Receive();
    if (places[i] == 99) {
      EXPECT_EQ(reply.header.type, AI_ERROR);
      EXPECT_NE(reply.error_text().find("model failed"), std::string::npos);
    } else {
      EXPECT_EQ(reply.floats(1), std::vector<float>{10.0f + static_cast<float>(places[i])});
    }
  }
  EXPECT_EQ(Statistics("failure_count"), "1");
}

TEST_F(BatchingServer, RefusesAWrongRequestBeforeItMeetsOthers) {
  StartHolding(2, {linear_});
  auto wrong = Connect();
  EXPECT_EQ(wrong
                ->Call(AI_MODEL_INFER_REQUEST,
                       EncodeInfer(DigestOf(linear_), {EncodeFloats(0, {1, 3}, {1, 2, 3})}))
                .code(),
            AI_STATUS_INVALID_ARG);
  EXPECT_EQ(server_->stats().queued, 0u);
}

TEST_F(BatchingServer, TakesACancelledRequestOutBeforeItRuns) {
  StartHolding(3, {linear_});
  auto gone = Connect();
  gone->SendFrame(AI_MODEL_INFER_REQUEST, 1, Row(77));
  ASSERT_TRUE(WaitUntil([&] { return server_->stats().queued == 1; }));
  gone->Close();
  ASSERT_TRUE(WaitUntil([&] { return server_->stats().queued == 0; }));
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Connect());
    clients.back()->SendFrame(AI_MODEL_INFER_REQUEST, 1, Row(static_cast<float>(i)));
  }
  for (int i = 0; i < 3; ++i) {
    const Reply reply = clients[i]->Receive();
    EXPECT_EQ(reply.floats(2), std::vector<float>{static_cast<float>(i) / 2});
    EXPECT_EQ(HeaderOf(reply).execution_rows, 3u);
  }
  EXPECT_EQ(Statistics("inference_count"), "3");
  EXPECT_EQ(Statistics("cancel_count"), "1");
}

TEST_F(BatchingServer, AnswersTheOthersWhenOneOfARunningExecutionIsCancelled) {
  options_.threads = 1;
  StartServer();
  auto busy = Connect();
  ASSERT_EQ(busy->Load(EndlessModel()).header.type, AI_MODEL_LOAD_RESPONSE);
  ASSERT_EQ(busy->Load(linear_).header.type, AI_MODEL_LOAD_RESPONSE);
  busy->SendFrame(AI_MODEL_INFER_REQUEST, 1,
                  EncodeInfer(DigestOf(EndlessModel()), {EncodeFloats(0, {1}, {0})}));
  ASSERT_TRUE(WaitUntil([&] { return server_->stats().under_way == 1; }));
  auto one = Connect();
  auto gone = Connect();
  one->SendFrame(AI_MODEL_INFER_REQUEST, 1, Row(2));
  gone->SendFrame(AI_MODEL_INFER_REQUEST, 1, Row(3));
  ASSERT_TRUE(WaitUntil([&] { return server_->stats().queued == 2; }));
  gone->Close();
  busy->Close();
  EXPECT_EQ(one->Receive().floats(2), std::vector<float>{1});
}

TEST_F(BatchingServer, DoesNotBatchWhenToldNotTo) {
  options_.dynamic_batching = false;
  StartHolding(4, {linear_});
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(Connect());
    clients.back()->SendFrame(AI_MODEL_INFER_REQUEST, 1, Row(1));
  }
  for (const auto& client : clients) EXPECT_EQ(HeaderOf(client->Receive()).execution_rows, 1u);
  EXPECT_EQ(Statistics("execution_count"), "4");
}

// Rows of each connection are its own numbers; sizes, pipelining and hang-ups are random.
TEST_F(BatchingServer, NeverMixesRows) {
  const std::string identity = UnaryModel("Identity", kOnnxInt64, {-1, 2});
  StartServer();
  ASSERT_EQ(Connect()->Load(identity).header.type, AI_MODEL_LOAD_RESPONSE);
  constexpr int kClients = 6;
  const uint64_t rows_each = 20000;
  std::atomic<uint64_t> rows_seen{0};
  std::vector<std::thread> threads;
  for (int id = 0; id < kClients; ++id) {
    threads.emplace_back([&, id] {
      std::mt19937_64 random(id);
      auto client = Connect();
      int64_t next = 0;
      for (uint64_t done = 0; done < rows_each;) {
        std::vector<std::string> expected;
        const size_t in_flight = 1 + random() % 4;
        for (size_t i = 0; i < in_flight; ++i) {
          const uint32_t rows = 1 + static_cast<uint32_t>(random() % (random() % 4 == 0 ? 900 : 8));
          std::string data;
          for (uint32_t row = 0; row < rows; ++row) {
            data += AsBytes(int64_t{id}) + AsBytes(next++);
          }
          expected.push_back(EncodeTensor(0, AI_DATATYPE_INT64, {rows, 2}, data));
          client->SendFrame(AI_MODEL_INFER_REQUEST, i,
                            EncodeInfer(DigestOf(identity), {expected.back()}));
          done += rows;
          rows_seen += rows;
        }
        if (random() % 20 == 0) {
          client = Connect();
          continue;
        }
        for (size_t i = 0; i < in_flight; ++i) {
          const Reply reply = client->Receive();
          ASSERT_EQ(reply.header.type, AI_MODEL_INFER_RESPONSE) << reply.error_text();
          ASSERT_EQ(reply.payload.substr(sizeof(AiInferResponseHeader)),
                    expected.at(reply.header.request_id));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GE(rows_seen.load(), kClients * rows_each);
}

}  // namespace
}  // namespace ai_runtime::test

// A whole server, asked over its socket.
#include "inference_server.h"

#include <gtest/gtest.h>

#include "server_fixture.h"

namespace ai_runtime::test {
namespace {

const std::string kRow = EncodeFloats(0, {1, 4}, {1, 2, 3, 4});

class Server : public ServerTest {
 protected:
  std::string InferLinear(uint64_t timeout_us = 0) {
    return EncodeInfer(DigestOf(linear_), {kRow}, timeout_us);
  }
  std::string InferEndless(uint64_t timeout_us = 0) {
    return EncodeInfer(DigestOf(endless_), {EncodeFloats(0, {1}, {0})}, timeout_us);
  }
  // Loads models and waits until nothing is under way, so that what follows can be counted.
  void LoadAll(Client* client, const std::vector<std::string>& models) {
    for (const std::string& model : models) {
      ASSERT_EQ(client->Load(model).header.type, AI_MODEL_LOAD_RESPONSE);
    }
    ASSERT_TRUE(WaitUntil([&] { return server_->stats().under_way == 0; }));
  }
  // One request runs, and so many wait.
  bool WaitForRunning(uint64_t queued) {
    return WaitUntil([&] {
      const ServerStats stats = server_->stats();
      return stats.queued == queued && stats.under_way == queued + 1;
    });
  }

  const std::string linear_ = LinearModel(4, 0.5f);
  const std::string endless_ = EndlessModel();
};

TEST_F(Server, EchoesAnyPayload) {
  StartServer();
  auto client = Connect();
  for (size_t bytes : {size_t{0}, size_t{1}, size_t{16 * 1024}, size_t{5000001}}) {
    const std::string payload(bytes, 'e');
    const Reply reply = client->Call(AI_ECHO_REQUEST, payload);
    ASSERT_TRUE(reply.ok);
    EXPECT_EQ(reply.header.type, AI_ECHO_RESPONSE);
    EXPECT_EQ(reply.payload, payload);
  }
}

TEST_F(Server, AsksForAModelThenAnswers) {
  StartServer();
  auto client = Connect();
  EXPECT_EQ(client->Call(AI_MODEL_INFER_REQUEST, InferLinear()).code(), AI_STATUS_MODEL_UNKNOWN);
  EXPECT_EQ(client->Load(linear_, 10).header.type, AI_MODEL_LOAD_RESPONSE);
  for (int i = 0; i < 10; ++i) {  // on a worker first, on the I/O thread later
    const Reply reply = client->Call(AI_MODEL_INFER_REQUEST, InferLinear());
    ASSERT_EQ(reply.header.type, AI_MODEL_INFER_RESPONSE) << reply.error_text();
    EXPECT_EQ(reply.floats(2), std::vector<float>{5});
  }
  const Reply metadata = client->Call(AI_MODEL_METADATA_REQUEST, DigestBytes(DigestOf(linear_)));
  EXPECT_NE(metadata.payload.find(R"({"inputs":[{"name":"x","kind":"tensor","datatype":"FP32",)"
                                  R"("shape":["N",4]}],"outputs":[{"name":"y")"),
            std::string::npos)
      << metadata.payload;
  const Reply statistics = client->Call(AI_MODEL_STATISTICS_REQUEST, "");
  EXPECT_NE(statistics.payload.find(R"("inference_count":10,"execution_count":10)"),
            std::string::npos)
      << statistics.payload;
  EXPECT_EQ(server_->stats().inference_count, 10u);
}

TEST_F(Server, RefusesAModelWhoseBytesHaveAnotherHash) {
  StartServer();
  auto client = Connect();
  EXPECT_EQ(client->LoadAs(DigestOf("other"), linear_, 100).code(), AI_STATUS_INVALID_ARG);
  EXPECT_EQ(client->Load("no model").code(), AI_STATUS_INVALID_ARG);
  EXPECT_EQ(client->Load("").code(), AI_STATUS_INVALID_ARG);
  EXPECT_EQ(client->Load(linear_).header.type, AI_MODEL_LOAD_RESPONSE);
}

TEST_F(Server, RefusesATotalOverTheLimitWithoutTakingIt) {
  options_.session_memory_limit_bytes = 1000;
  StartServer();
  auto client = Connect();
  EXPECT_EQ(client->Load(MlpModel()).code(), AI_STATUS_RESOURCE_EXHAUSTED);
  AiModelLoadHeader header = {};
  header.total_bytes = UINT64_MAX;
  header.offset = UINT64_MAX - 4;
  header.chunk_bytes = 4;
  EXPECT_NE(client->Call(AI_MODEL_LOAD_REQUEST, AsBytes(header) + "abcd").code(), AI_STATUS_OK);
  EXPECT_EQ(client->Load(linear_).header.type, AI_MODEL_LOAD_RESPONSE);
}

TEST_F(Server, NamesTheInputThatIsWrong) {
  StartServer();
  auto client = Connect();
  client->Load(linear_);
  const auto error_of = [&](const std::vector<std::string>& values,
                            const std::vector<uint16_t>& outputs = {}) {
    const Reply reply =
        client->Call(AI_MODEL_INFER_REQUEST, EncodeInfer(DigestOf(linear_), values, 0, outputs));
    EXPECT_EQ(reply.code(), AI_STATUS_INVALID_ARG);
    return reply.error_text();
  };
  EXPECT_EQ(error_of({EncodeFloats(0, {1, 3}, {1, 2, 3})}),
            "input \"x\" expects FP32 [N, 4], not FP32 [1, 3]");
  EXPECT_EQ(error_of({EncodeFloats(0, {4}, {1, 2, 3, 4})}),
            "input \"x\" expects FP32 [N, 4], not FP32 [4]");
  EXPECT_EQ(error_of({EncodeTensor(0, AI_DATATYPE_INT32, {1, 4}, std::string(16, '\0'))}),
            "input \"x\" expects FP32 [N, 4], not INT32 [1, 4]");
  EXPECT_EQ(error_of({EncodeValueHeader(AI_VALUE_NONE, 0, 0)}),
            "input \"x\" expects FP32 [N, 4], not an absent value");
  EXPECT_EQ(error_of({}), "input \"x\" is missingIt expects FP32 [N, 4].");
  EXPECT_EQ(error_of({kRow, kRow}), "input \"x\" is given twice");
  EXPECT_EQ(error_of({kRow, EncodeFloats(1, {1, 4}, {1, 2, 3, 4})}),
            "model has 1 inputs, input number 2 was given");
  EXPECT_EQ(error_of({kRow}, {3}), "model has 1 outputs, output number 4 was asked for");
  EXPECT_EQ(client->Call(AI_MODEL_INFER_REQUEST, InferLinear()).floats(2), std::vector<float>{5});
}

TEST_F(Server, AnswersNoRowsWithNoRows) {
  StartServer();
  auto client = Connect();
  client->Load(linear_);
  const Reply reply = client->Call(AI_MODEL_INFER_REQUEST,
                                   EncodeInfer(DigestOf(linear_), {EncodeFloats(0, {0, 4}, {})}));
  ASSERT_EQ(reply.header.type, AI_MODEL_INFER_RESPONSE) << reply.error_text();
  EXPECT_TRUE(reply.floats(2).empty());
}

TEST_F(Server, EndsARequestAtItsDeadline) {
  StartServer();
  auto client = Connect();
  client->Load(endless_);
  const auto started = std::chrono::steady_clock::now();
  const Reply reply = client->Call(AI_MODEL_INFER_REQUEST, InferEndless(50 * 1000));
  const auto took = std::chrono::steady_clock::now() - started;
  EXPECT_EQ(reply.code(), AI_STATUS_DEADLINE_EXCEEDED) << reply.error_text();
  EXPECT_GE(took, std::chrono::milliseconds(50));
  EXPECT_LT(took, std::chrono::seconds(5));
}

TEST_F(Server, EndsAWaitingRequestAtItsDeadlineToo) {
  options_.threads = 1;
  StartServer();
  auto busy = Connect();
  LoadAll(busy.get(), {endless_, linear_});
  busy->SendFrame(AI_MODEL_INFER_REQUEST, 1, InferEndless());
  auto client = Connect();
  EXPECT_EQ(client->Call(AI_MODEL_INFER_REQUEST, InferLinear(20 * 1000)).code(),
            AI_STATUS_DEADLINE_EXCEEDED);
  EXPECT_EQ(server_->stats().queued, 0u);
}

TEST_F(Server, StopsARunWhenItsClientHangsUp) {
  options_.threads = 1;
  StartServer();
  auto busy = Connect();
  LoadAll(busy.get(), {endless_, linear_});
  busy->SendFrame(AI_MODEL_INFER_REQUEST, 1, InferEndless());
  busy->SendFrame(AI_MODEL_INFER_REQUEST, 2, InferEndless());
  ASSERT_TRUE(WaitForRunning(1));
  busy->Close();
  auto client = Connect();
  EXPECT_EQ(client->Call(AI_MODEL_INFER_REQUEST, InferLinear()).floats(2), std::vector<float>{5});
  EXPECT_TRUE(WaitUntil([&] { return server_->stats().connections == 1; }));
}

TEST_F(Server, RefusesAtOnceWhenTheQueueIsFull) {
  options_.threads = 1;
  options_.max_queued_requests = 2;
  StartServer();
  auto client = Connect();
  LoadAll(client.get(), {endless_});
  client->SendFrame(AI_MODEL_INFER_REQUEST, 1, InferEndless());
  ASSERT_TRUE(WaitForRunning(0));
  for (uint64_t id = 2; id <= 5; ++id) {
    client->SendFrame(AI_MODEL_INFER_REQUEST, id, InferEndless());
  }
  const Reply reply = client->Receive();
  EXPECT_EQ(reply.code(), AI_STATUS_UNAVAILABLE);
  EXPECT_NE(reply.error_text().find("queue is full"), std::string::npos);
}

TEST_F(Server, ClosesAfterAFrameItCannotRead) {
  StartServer();
  for (const AiFrameHeader& header :
       {AiFrameHeader{0x12345678, AI_PROTOCOL_VERSION, AI_ECHO_REQUEST, 9, 0},
        AiFrameHeader{AI_PROTOCOL_MAGIC, 2, AI_ECHO_REQUEST, 9, 0},
        AiFrameHeader{AI_PROTOCOL_MAGIC, AI_PROTOCOL_VERSION, AI_ECHO_REQUEST, 9, UINT64_MAX}}) {
    auto client = Connect();
    client->SendBytes(AsBytes(header));
    const Reply reply = client->Receive();
    EXPECT_EQ(reply.code(), AI_STATUS_PROTOCOL_VIOLATION);
    EXPECT_EQ(reply.header.request_id, 9u);
    EXPECT_FALSE(client->Receive().ok);
  }
}

TEST_F(Server, StaysAfterAMessageItDoesNotKnow) {
  StartServer();
  auto client = Connect();
  EXPECT_EQ(client->Call(77, "abc").code(), AI_STATUS_UNSUPPORTED);
  EXPECT_EQ(client->Call(AI_MODEL_INFER_REQUEST, "abc").code(), AI_STATUS_PROTOCOL_VIOLATION);
  EXPECT_EQ(client->Call(AI_SERVER_LIVE_REQUEST, "").header.type, AI_SERVER_LIVE_RESPONSE);
}

TEST_F(Server, TakesARequestByteByByteAndDropsOneThatIsCutAtAnyByte) {
  StartServer();
  auto client = Connect();
  client->Load(linear_);
  const std::string frame = EncodeFrame(AI_MODEL_INFER_REQUEST, 5, InferLinear());
  for (char byte : frame) ASSERT_TRUE(client->SendBytes(std::string(1, byte)));
  EXPECT_EQ(client->Receive().floats(2), std::vector<float>{5});
  for (size_t cut = 0; cut < frame.size(); ++cut) {
    auto other = Connect();
    ASSERT_TRUE(other->SendBytes(frame.substr(0, cut)));
  }
  EXPECT_TRUE(WaitUntil([&] { return server_->stats().connections == 1; }));
  EXPECT_EQ(client->Call(AI_MODEL_INFER_REQUEST, InferLinear()).floats(2), std::vector<float>{5});
}

TEST_F(Server, AnswersManyRequestsThatAreSentAtOnce) {
  StartServer();
  auto client = Connect();
  client->Load(linear_);
  constexpr int kRequests = 500;
  std::thread sender([&] {
    for (int i = 0; i < kRequests; ++i) {
      const float value = static_cast<float>(i);
      const std::string row = EncodeFloats(0, {1, 4}, {value, 0, 0, 0});
      client->SendFrame(AI_MODEL_INFER_REQUEST, i, EncodeInfer(DigestOf(linear_), {row}));
    }
  });
  std::vector<bool> seen(kRequests);
  for (int i = 0; i < kRequests; ++i) {
    const Reply reply = client->Receive();
    ASSERT_EQ(reply.header.type, AI_MODEL_INFER_RESPONSE) << reply.error_text();
    EXPECT_EQ(reply.floats(2).at(0), static_cast<float>(reply.header.request_id) / 2);
    seen[reply.header.request_id] = true;
  }
  sender.join();
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), kRequests);
}

TEST_F(Server, LoadsOnceForClientsThatUploadTogether) {
  StartServer();
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      auto client = Connect();
      EXPECT_EQ(client->Load(MlpModel(), 1000).header.type, AI_MODEL_LOAD_RESPONSE);
      const std::string request =
          EncodeInfer(DigestOf(MlpModel()), {EncodeFloats(0, {1, 32}, std::vector<float>(32))});
      EXPECT_EQ(client->Call(AI_MODEL_INFER_REQUEST, request).code(), AI_STATUS_OK);
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(server_->stats().sessions, 1u);
}

TEST_F(Server, RefusesOutputsThatDoNotFitAFrame) {
  StartServer();
  // y = x expanded to 40000 columns: 600 MB for 4000 rows of one column.
  const std::string model =
      Model(Message()
                .Add(1, Node("MatMul", {"x", "w"}, {"y"}))
                .Add(5, FloatTensor("w", {1, 40000}, std::vector<float>(40000)))
                .Add(11, ValueInfo("x", TensorType(kOnnxFloat, {-1, 1})))
                .Add(12, ValueInfo("y", TensorType(kOnnxFloat, {-1, 40000}))));
  auto client = Connect();
  ASSERT_EQ(client->Load(model).header.type, AI_MODEL_LOAD_RESPONSE);
  const std::string rows = EncodeFloats(0, {4000, 1}, std::vector<float>(4000));
  const Reply reply = client->Call(AI_MODEL_INFER_REQUEST, EncodeInfer(DigestOf(model), {rows}));
  EXPECT_EQ(reply.code(), AI_STATUS_RESOURCE_EXHAUSTED);
}

TEST_F(Server, UnloadsAndForgets) {
  StartServer();
  auto client = Connect();
  client->Load(linear_);
  const std::string sha256 = DigestBytes(DigestOf(linear_));
  EXPECT_EQ(client->Call(AI_MODEL_UNLOAD_REQUEST, sha256).payload, AsBytes(uint32_t{1}));
  EXPECT_EQ(client->Call(AI_MODEL_UNLOAD_REQUEST, sha256).payload, AsBytes(uint32_t{0}));
  EXPECT_EQ(client->Call(AI_MODEL_INFER_REQUEST, InferLinear()).code(), AI_STATUS_MODEL_UNKNOWN);
}

TEST_F(Server, StopsWhileARunIsUnderWay) {
  StartServer();
  auto client = Connect();
  LoadAll(client.get(), {endless_});
  client->SendFrame(AI_MODEL_INFER_REQUEST, 1, InferEndless());
  ASSERT_TRUE(WaitForRunning(0));
  EXPECT_TRUE(server_->Stop(10));
  const Reply reply = client->Receive();
  EXPECT_FALSE(reply.ok) << reply.error_text();
}

TEST_F(Server, DoesNotRunWhileIdle) {
  StartServer();
  auto client = Connect();
  client->Call(AI_SERVER_LIVE_REQUEST, "");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const uint64_t before = server_->stats().io_tick;
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  const uint64_t turns = server_->stats().io_tick - before;
  EXPECT_GE(turns, 1u);  // the heartbeat wants to see it alive
  EXPECT_LE(turns, 8u);
}

}  // namespace
}  // namespace ai_runtime::test

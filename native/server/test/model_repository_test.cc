// Sessions by SHA-256: loaded once, shared, dropped by age.
#include "model_repository.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "server_fixture.h"

namespace ai_runtime {
namespace {

using Presence = ModelRepository::Presence;

// A session that is there and does nothing.
class FakeSession : public ModelSession {
 public:
  const Signature& signature() const override { return signature_; }
  const InspectedModel& inspected() const override { return inspected_; }
  Status Run(const CheckedRequest&, RunControl*, FrameWriter*) override { return Status::Ok(); }
  Status RunBatch(const std::vector<RowSlice>&, RunControl*, OutputSink*) override {
    return Status::Ok();
  }

 private:
  Signature signature_;
  InspectedModel inspected_;
};

class RepositoryTest : public ::testing::Test {
 protected:
  ModelRepository Make(uint64_t limit_bytes) {
    return ModelRepository(
        [this](const void*, size_t, std::shared_ptr<ModelSession>* session) {
          ++loads_;
          while (blocked_) std::this_thread::yield();
          if (fails_) return Status(AI_STATUS_INVALID_ARG, "no model");
          *session = std::make_shared<FakeSession>();
          return Status::Ok();
        },
        limit_bytes);
  }

  static Status Load(ModelRepository* repository, const std::string& model) {
    bool waits;
    return repository->Load(test::DigestOf(model), model.data(), model.size(), nullptr, &waits);
  }
  static Presence Find(ModelRepository* repository, const std::string& model) {
    LoadedModelPtr found;
    return repository->Find(test::DigestOf(model), &found, nullptr);
  }

  std::atomic<int> loads_{0};
  std::atomic<bool> blocked_{false};
  bool fails_ = false;
};

TEST_F(RepositoryTest, KnowsOnlyWhatWasLoaded) {
  ModelRepository repository = Make(0);
  EXPECT_EQ(Find(&repository, "a"), Presence::kUnknown);
  ASSERT_TRUE(Load(&repository, "a").ok());
  EXPECT_EQ(Find(&repository, "a"), Presence::kReady);
  EXPECT_TRUE(Load(&repository, "a").ok());
  EXPECT_EQ(loads_, 1);
  EXPECT_NE(repository.Unload(test::DigestOf("a")), nullptr);
  EXPECT_EQ(repository.Unload(test::DigestOf("a")), nullptr);
  EXPECT_EQ(Find(&repository, "a"), Presence::kUnknown);
}

TEST_F(RepositoryTest, RefusesBytesOfAnotherHash) {
  ModelRepository repository = Make(0);
  bool waits;
  const Status status = repository.Load(test::DigestOf("a"), "b", 1, nullptr, &waits);
  EXPECT_EQ(status.code(), AI_STATUS_INVALID_ARG);
  EXPECT_EQ(loads_, 0);
}

TEST_F(RepositoryTest, ForgetsALoadThatFailed) {
  ModelRepository repository = Make(0);
  fails_ = true;
  EXPECT_EQ(Load(&repository, "a").code(), AI_STATUS_INVALID_ARG);
  EXPECT_EQ(Find(&repository, "a"), Presence::kUnknown);
  fails_ = false;
  EXPECT_TRUE(Load(&repository, "a").ok());
}

TEST_F(RepositoryTest, LoadsOnceAndCallsAllWhoWait) {
  ModelRepository repository = Make(0);
  blocked_ = true;
  std::thread loader([&] { EXPECT_TRUE(Load(&repository, "a").ok()); });
  ASSERT_TRUE(test::WaitUntil([&] { return loads_ == 1; }));
  std::atomic<int> called{0};
  LoadedModelPtr found;
  EXPECT_EQ(repository.Find(test::DigestOf("a"), &found, [&] { ++called; }), Presence::kLoading);
  bool waits = false;
  EXPECT_TRUE(repository
                  .Load(
                      test::DigestOf("a"), "a", 1, [&] { ++called; }, &waits)
                  .ok());
  EXPECT_TRUE(waits);
  EXPECT_EQ(repository.Unload(test::DigestOf("a")), nullptr);
  EXPECT_EQ(called, 0);
  blocked_ = false;
  loader.join();
  EXPECT_EQ(called, 2);
  EXPECT_EQ(loads_, 1);
}

TEST_F(RepositoryTest, DropsWhatWasNotUsedForLongest) {
  ModelRepository repository = Make(3);
  for (const char* model : {"a", "b", "c"}) ASSERT_TRUE(Load(&repository, model).ok());
  LoadedModelPtr held;
  ASSERT_EQ(repository.Find(test::DigestOf("a"), &held, nullptr), Presence::kReady);
  ASSERT_TRUE(Load(&repository, "d").ok());
  EXPECT_EQ(Find(&repository, "a"), Presence::kReady);
  EXPECT_EQ(Find(&repository, "b"), Presence::kUnknown);
  ASSERT_TRUE(Load(&repository, "eee").ok());
  EXPECT_EQ(repository.session_count(), 1u);
  EXPECT_EQ(repository.session_bytes(), 3u);
  EXPECT_NE(held->session, nullptr);  // who holds a session keeps it
}

TEST_F(RepositoryTest, KeepsStatisticsOfADroppedSession) {
  ModelRepository repository = Make(0);
  ASSERT_TRUE(Load(&repository, "a").ok());
  LoadedModelPtr model;
  repository.Find(test::DigestOf("a"), &model, nullptr);
  model->metrics->AddExecution(7, 5000, 100, true);
  repository.Unload(test::DigestOf("a"));
  const std::string json = repository.StatisticsJson(1024);
  EXPECT_NE(json.find("\"inference_count\":7,\"execution_count\":1"), std::string::npos) << json;
  EXPECT_NE(json.find("\"session_bytes\":0"), std::string::npos) << json;
}

}  // namespace
}  // namespace ai_runtime

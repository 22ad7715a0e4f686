// Who runs next, and with whom: the batcher by itself, in time that is only counted.
#include "dynamic_batcher.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "batch_terms.h"
#include "simulated_model.h"

namespace ai_runtime::test {
namespace {

using std::chrono::microseconds;

class BatcherTest : public ::testing::Test {
 protected:
  RequestPtr Make(uint64_t connection, uint64_t rows, const LoadedModelPtr& model) {
    auto request = std::make_shared<Request>();
    request->connection_id = connection;
    request->type = AI_MODEL_INFER_REQUEST;
    request->model = model;
    request->terms.rows = rows;
    request->terms.max_rows = max_rows_;
    request->terms.max_delay = max_delay_;
    request->terms.may_split = model->batching.mode != BatchMode::kOff;
    SetLane(request.get());
    return request;
  }
  RequestPtr Add(uint64_t connection, uint64_t rows) {
    RequestPtr request = Make(connection, rows, model_);
    EXPECT_TRUE(batcher_.Add(request, now_));
    return request;
  }
  // A model that is cheapest at so many rows. As much time goes into each size, so that there is
  // none left for another look at one.
  void Learn(const LoadedModelPtr& model, uint64_t best) {
    for (int pass = 0; pass < 2; ++pass) {
      for (uint64_t rows = 1; rows <= 1024; rows *= 2) {
        const uint64_t away = rows > best ? rows / best : best / rows;
        for (uint64_t i = 0; i < 5 * 1024 / rows; ++i) {
          model->metrics->curve.Record(rows, rows * (1000 + 100 * away));
        }
      }
    }
  }
  bool Next(BatchPlan* plan) {
    *plan = BatchPlan();
    return batcher_.Next(now_, false, nullptr, plan, &wake_at_);
  }

  uint64_t max_rows_ = 1024;
  Clock::duration max_delay_{0};
  Clock::time_point now_{std::chrono::seconds(1)};
  Clock::time_point wake_at_;
  LoadedModelPtr model_ = SimulatedModel(true);
  DynamicBatcher batcher_{100, 0};
};

TEST_F(BatcherTest, MergesWhatWaitsOfOneLane) {
  Learn(model_, 64);
  const LoadedModelPtr other = SimulatedModel(true);
  for (uint64_t connection = 1; connection <= 5; ++connection) Add(connection, 1);
  ASSERT_TRUE(batcher_.Add(Make(6, 1, other), now_));
  BatchPlan plan;
  ASSERT_TRUE(Next(&plan));
  EXPECT_EQ(plan.slices.size(), 5u);
  EXPECT_EQ(plan.rows, 5u);
  ASSERT_TRUE(Next(&plan));
  EXPECT_EQ(plan.slices.at(0).request->model, other);
  EXPECT_FALSE(Next(&plan));
}

TEST_F(BatcherTest, SplitsAtTheSizeThatTheModelLikes) {
  Learn(model_, 64);
  const RequestPtr request = Add(1, 1000);
  uint64_t next_row = 0;
  BatchPlan plan;
  while (Next(&plan)) {
    ASSERT_EQ(plan.slices.size(), 1u);
    EXPECT_EQ(plan.slices[0].first_row, next_row);
    EXPECT_LE(plan.rows, 96u);
    next_row += plan.rows;
    EXPECT_EQ(batcher_.size(), next_row < 1000 ? 1u : 0u);
  }
  EXPECT_EQ(next_row, 1000u);
}

TEST_F(BatcherTest, KeepsOneThatAsksForMuchFromDelayingOthers) {
  Learn(model_, 64);
  const RequestPtr large = Add(1, 10000);
  for (int i = 0; i < 20; ++i) Add(1, 10000);
  BatchPlan plan;
  ASSERT_TRUE(Next(&plan));
  ASSERT_TRUE(Next(&plan));
  const RequestPtr small = Add(2, 1);
  ASSERT_TRUE(Next(&plan));
  const bool is_among = std::any_of(plan.slices.begin(), plan.slices.end(),
                                    [&](const BatchSlice& s) { return s.request == small; });
  EXPECT_TRUE(is_among);
}

TEST_F(BatcherTest, SharesTimeBetweenConnections) {
  const LoadedModelPtr slow = SimulatedModel(false);
  const LoadedModelPtr quick = SimulatedModel(false);
  for (int i = 0; i < 5; ++i) {
    slow->metrics->curve.Record(1, 1000000);
    quick->metrics->curve.Record(1, 100000);
  }
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(batcher_.Add(Make(1, 1, slow), now_));
    ASSERT_TRUE(batcher_.Add(Make(2, 1, quick), now_));
  }
  int of_quick = 0;
  BatchPlan plan;
  for (int i = 0; i < 22; ++i) {
    ASSERT_TRUE(Next(&plan));
    of_quick += plan.slices[0].request->model == quick ? 1 : 0;
  }
  EXPECT_EQ(of_quick, 20);  // ten for each of the slow ones
}

TEST_F(BatcherTest, NeverStarvesAConnection) {
  const LoadedModelPtr slow = SimulatedModel(false);
  slow->metrics->curve.Record(1, 1000000);
  slow->metrics->curve.Record(1, 1000000);
  ASSERT_TRUE(batcher_.Add(Make(1, 1, slow), now_));
  const RequestPtr waits = Make(1, 1, slow);
  ASSERT_TRUE(batcher_.Add(waits, now_));
  // New connections, each with a cheap request, come without end.
  BatchPlan plan;
  int turns = 0;
  for (; waits->place.is_queued && turns < 1000; ++turns) {
    Add(100 + turns, 1);
    ASSERT_TRUE(Next(&plan));
  }
  EXPECT_LT(turns, 1000);
}

TEST_F(BatcherTest, RefusesWhatIsOverItsBound) {
  for (uint64_t i = 0; i < 100; ++i) Add(i % 3, 1);
  const RequestPtr one_more = Make(7, 1, model_);
  EXPECT_FALSE(batcher_.Add(one_more, now_));
  EXPECT_FALSE(one_more->place.is_queued);
  batcher_.Remove(one_more);
  EXPECT_EQ(batcher_.size(), 100u);
}

TEST_F(BatcherTest, ForgetsARequestThatIsRemoved) {
  Learn(model_, 64);
  const RequestPtr first = Add(1, 1000);
  const RequestPtr second = Add(2, 1);
  BatchPlan plan;
  batcher_.Remove(first);
  ASSERT_TRUE(Next(&plan));
  ASSERT_EQ(plan.slices.size(), 1u);
  EXPECT_EQ(plan.slices[0].request, second);
  EXPECT_FALSE(Next(&plan));
}

TEST_F(BatcherTest, HandsOutWhatIsOverdueAsExpired) {
  Learn(model_, 64);
  const RequestPtr late = Make(1, 1, model_);
  late->deadline = now_ + microseconds(10);
  ASSERT_TRUE(batcher_.Add(late, now_));
  Add(2, 1);
  now_ += microseconds(10);
  BatchPlan plan;
  ASSERT_TRUE(Next(&plan));
  ASSERT_EQ(plan.expired.size(), 1u);
  EXPECT_EQ(plan.expired[0], late);
  ASSERT_EQ(plan.slices.size(), 1u);
  EXPECT_EQ(batcher_.size(), 0u);
}

TEST_F(BatcherTest, WaitsForOthersAtMostTheDelay) {
  Learn(model_, 64);
  max_delay_ = microseconds(100);
  Add(1, 1);
  BatchPlan plan;
  EXPECT_FALSE(Next(&plan));
  EXPECT_EQ(wake_at_, now_ + microseconds(100));
  Add(2, 63);
  ASSERT_TRUE(Next(&plan));  // as many as it likes
  EXPECT_EQ(plan.rows, 64u);
  Add(3, 1);
  EXPECT_FALSE(Next(&plan));
  now_ += microseconds(100);
  ASSERT_TRUE(Next(&plan));
  EXPECT_EQ(plan.rows, 1u);
}

TEST_F(BatcherTest, LeavesTimeBeforeADeadline) {
  Learn(model_, 64);
  max_delay_ = microseconds(1000);
  const RequestPtr request = Make(1, 1, model_);
  request->deadline = now_ + microseconds(100);
  ASSERT_TRUE(batcher_.Add(request, now_));
  BatchPlan plan;
  EXPECT_FALSE(Next(&plan));
  EXPECT_EQ(wake_at_, now_ + microseconds(50));
}

TEST_F(BatcherTest, HoldsUntilSoManyWait) {
  batcher_ = DynamicBatcher(100, 3);
  BatchPlan plan;
  Add(1, 1);
  Add(2, 1);
  EXPECT_FALSE(Next(&plan));
  Add(3, 1);
  ASSERT_TRUE(Next(&plan));
  EXPECT_EQ(plan.slices.size(), 3u);
  Add(4, 1);
  EXPECT_FALSE(Next(&plan));  // it holds anew
  EXPECT_TRUE(batcher_.Next(now_, true, nullptr, &plan, &wake_at_));
}

}  // namespace
}  // namespace ai_runtime::test

// The controller of batch sizes against curves of known shape, in time that is only counted.
#include "batch_curve.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace ai_runtime {
namespace {

constexpr uint64_t kMaxRows = 1024;
constexpr uint64_t kTwoSecondsNs = uint64_t{2} * 1000 * 1000 * 1000;

// Nanoseconds of an execution of so many rows.
using Curve = std::function<double(uint64_t rows)>;

struct Shape {
  const char* name;
  Curve ns;
};

// What ONNX Runtime was measured to take, in nanoseconds a row at 1, 8, 64, 512 and 4096 rows.
Curve Measured(const std::vector<double>& ns_per_row) {
  return [ns_per_row](uint64_t rows) {
    const double at = std::log2(static_cast<double>(rows)) / 3;
    const size_t below = std::min<size_t>(static_cast<size_t>(at), ns_per_row.size() - 2);
    const double part = at - static_cast<double>(below);
    const double a = std::log(ns_per_row[below]);
    const double b = std::log(ns_per_row[below + 1]);
    return std::exp(a + (b - a) * part) * static_cast<double>(rows);
  };
}

const std::vector<Shape>& Shapes() {
  static const std::vector<Shape> shapes = {
      {"one tree", Measured({3000, 400, 170, 20, 10})},
      {"10 trees", Measured({4000, 900, 190, 200, 500})},
      {"100 trees", Measured({11000, 3800, 3100, 5700, 4700})},
      {"500 deep trees", Measured({24000, 25000, 60000, 53000, 46000})},
      {"a small network", Measured({6000, 900, 210, 70, 80})},
      {"a network that fills the cache", Measured({53000, 19000, 6400, 6000, 6000})},
      {"a transformer's block", [](uint64_t rows) { return 190000.0 + 41000.0 * rows; }},
      {"a call that costs all", [](uint64_t rows) { return 2000.0 + 1.0 * rows; }},
      {"a row that takes long", [](uint64_t rows) { return 150e6 * rows; }}};
  return shapes;
}

// The best cost of a row at a fixed size that takes no longer than an execution may.
double BestFixed(const Curve& ns) {
  double best = ns(1);
  for (uint64_t rows = 2; rows <= kMaxRows; rows *= 2) {
    if (ns(rows) <= static_cast<double>(BatchCurve::kMaxExecutionNs)) {
      best = std::min(best, ns(rows) / static_cast<double>(rows));
    }
  }
  return best;
}

// Runs rows without end until so much time has passed; noise is a share of the time, mostly on top.
void RunFor(uint64_t ns, const Curve& curve, double noise, uint64_t seed, BatchCurve* controller) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(0, 1);
  double spent = 0;
  while (spent < static_cast<double>(ns)) {
    const uint64_t rows = controller->ChooseRows(100000, kMaxRows);
    double took = curve(rows) * (1 + noise * (uniform(random) - 0.3));
    if (noise > 0 && uniform(random) < 0.02) took += 4e6;  // its core was taken
    controller->Record(rows, static_cast<uint64_t>(took));
    spent += took;
  }
}

double Chosen(const Curve& curve, const BatchCurve& controller) {
  for (const BatchCurve::Point& point : controller.Points(kMaxRows)) {
    if (point.chosen) return curve(point.batch_size) / point.batch_size;
  }
  return INFINITY;
}

TEST(BatchCurve, SettlesOnTheBestSizeWithinTwoSeconds) {
  for (const Shape& shape : Shapes()) {
    BatchCurve controller;
    RunFor(kTwoSecondsNs, shape.ns, 0, 1, &controller);
    EXPECT_LE(Chosen(shape.ns, controller), 1.1 * BestFixed(shape.ns)) << shape.name;
  }
}

TEST(BatchCurve, SettlesUnderNoise) {
  for (const Shape& shape : Shapes()) {
    int settled = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      BatchCurve controller;
      RunFor(kTwoSecondsNs, shape.ns, 0.2, seed, &controller);
      settled += Chosen(shape.ns, controller) <= 1.1 * BestFixed(shape.ns) ? 1 : 0;
    }
    EXPECT_GE(settled, 38) << shape.name;
  }
}

TEST(BatchCurve, CostsLittleWhileItLooksAround) {
  for (const Shape& shape : Shapes()) {
    BatchCurve controller;
    RunFor(kTwoSecondsNs, shape.ns, 0, 1, &controller);
    double spent = 0;
    uint64_t rows_done = 0;
    for (int i = 0; i < 2000; ++i) {
      const uint64_t rows = controller.ChooseRows(100000, kMaxRows);
      controller.Record(rows, static_cast<uint64_t>(shape.ns(rows)));
      spent += shape.ns(rows);
      rows_done += rows;
    }
    EXPECT_LE(spent / static_cast<double>(rows_done), 1.1 * BestFixed(shape.ns)) << shape.name;
  }
}

TEST(BatchCurve, FollowsAModelThatChanges) {
  BatchCurve controller;
  const Curve& trees = Shapes()[2].ns;
  const Curve& network = Shapes()[4].ns;
  RunFor(kTwoSecondsNs, network, 0, 1, &controller);
  RunFor(2 * kTwoSecondsNs, trees, 0, 1, &controller);
  EXPECT_LE(Chosen(trees, controller), 1.1 * BestFixed(trees));
}

TEST(BatchCurve, TakesNoMoreThanWaitsAndNoMoreThanAllowed) {
  BatchCurve controller;
  std::mt19937_64 random(3);
  for (int i = 0; i < 10000; ++i) {
    const uint64_t waiting = 1 + random() % 5000;
    const uint64_t max_rows = 1 + random() % 2000;
    const uint64_t rows = controller.ChooseRows(waiting, max_rows);
    ASSERT_GE(rows, 1u);
    ASSERT_LE(rows, std::min(waiting, max_rows));
    controller.Record(rows, 1000 + 10 * rows);
  }
}

TEST(BatchCurve, TakesARestAlong) {
  BatchCurve controller;
  const Curve& trees = Shapes()[2].ns;
  RunFor(kTwoSecondsNs, trees, 0, 1, &controller);
  for (int i = 0; i < 10; ++i) {
    const uint64_t rows = controller.ChooseRows(70, kMaxRows);
    EXPECT_TRUE(rows == 70 || rows <= 64) << rows;
    controller.Record(rows, static_cast<uint64_t>(trees(rows)));
  }
  EXPECT_EQ(controller.ChooseRows(1, kMaxRows), 1u);
}

TEST(BatchCurve, ExpectsWhatWasMeasured) {
  BatchCurve controller;
  EXPECT_EQ(controller.ExpectedNs(1), UINT64_MAX);
  controller.Record(64, 6400);
  controller.Record(64, 6400);
  EXPECT_EQ(controller.ExpectedNs(64), 6400u);
  EXPECT_EQ(controller.ExpectedNs(1), 6400u);
  EXPECT_EQ(controller.ExpectedNs(640), 64000u);
  controller.Record(1, 50);
  EXPECT_EQ(controller.ExpectedNs(1), 50u);
}

}  // namespace
}  // namespace ai_runtime

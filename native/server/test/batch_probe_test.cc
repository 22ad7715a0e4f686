// Models that may be batched, and models that may not, tried out by ONNX Runtime itself.
#include "batch_probe.h"

#include <gtest/gtest.h>

#include <cmath>

#include "probe_outputs.h"
#include "server_fixture.h"

namespace ai_runtime {
namespace {

using test::FloatTensor;
using test::kOnnxFloat;
using test::kOnnxInt64;
using test::Message;
using test::Node;
using test::TensorType;
using test::ValueInfo;

class ProbeTest : public ::testing::Test {
 protected:
  BatchBehaviour Probe(const std::string& model) {
    ServerOptions options;
    options.onnxruntime_path = test::FromEnvironment("ORT_LIBRARY");
    Status status = OnnxRuntime::Open(options, &log_, &runtime_);
    EXPECT_TRUE(status.ok()) << status.ToString();
    std::shared_ptr<ModelSession> session;
    status = ModelSession::Create(runtime_, model.data(), model.size(), &session);
    EXPECT_TRUE(status.ok()) << status.ToString();
    return status.ok() ? ProbeBatching(session.get()) : BatchBehaviour();
  }

  // A node with one attribute that is an integer.
  static Message WithAxis(Message node, const std::string& name, int64_t value) {
    return node.Add(5,
                    Message().Bytes(1, name).Number(3, static_cast<uint64_t>(value)).Number(20, 2));
  }
  static std::string OneNode(const Message& node, const std::vector<int64_t>& in,
                             const std::vector<int64_t>& out, int out_type = kOnnxFloat) {
    return test::Model(Message()
                           .Add(1, node)
                           .Add(5, FloatTensor("w", {2}, {1, 2}))
                           .Add(11, ValueInfo("x", TensorType(kOnnxFloat, in)))
                           .Add(12, ValueInfo("y", TensorType(out_type, out))));
  }

  Log log_;
  std::shared_ptr<OnnxRuntime> runtime_;
};

TEST_F(ProbeTest, LetsRowsThatStandForThemselvesShare) {
  for (const std::string& model :
       {test::LinearModel(4, 0.5f), test::MlpModel(),
        test::UnaryModel("Identity", kOnnxInt64, {-1, 3}),
        OneNode(WithAxis(Node("Softmax", {"x"}, {"y"}), "axis", 1), {-1, 5}, {-1, 5})}) {
    const BatchBehaviour behaviour = Probe(model);
    EXPECT_NE(behaviour.mode, BatchMode::kOff) << behaviour.reason;
    EXPECT_LE(behaviour.max_difference, 1e-5);
    EXPECT_TRUE(behaviour.rows_are_alike);
  }
  constexpr int kOnnxString = 8;
  EXPECT_EQ(Probe(test::UnaryModel("Identity", kOnnxString, {-1, 2})).mode, BatchMode::kExact);
  EXPECT_EQ(Probe(test::UnaryModel("Identity", kOnnxInt64, {-1})).mode, BatchMode::kExact);
}

TEST_F(ProbeTest, FindsRowsThatInfluenceOneAnother) {
  for (const std::string& model :
       {OneNode(WithAxis(Node("Softmax", {"x"}, {"y"}), "axis", 0), {-1, 5}, {-1, 5}),
        OneNode(WithAxis(Node("LpNormalization", {"x"}, {"y"}), "axis", 0), {-1, 5}, {-1, 5})}) {
    const BatchBehaviour behaviour = Probe(model);
    EXPECT_EQ(behaviour.mode, BatchMode::kOff);
    EXPECT_EQ(behaviour.reason, "The rows influence one another.");
  }
}

TEST_F(ProbeTest, FindsOutputsWithoutTheBatchAxis) {
  // Declared so, not declared, and declared otherwise than it is.
  EXPECT_EQ(
      Probe(OneNode(WithAxis(Node("ReduceMean", {"x"}, {"y"}), "keepdims", 0), {-1, 5}, {})).reason,
      "The first dimension of output \"y\" is not free.");
  EXPECT_EQ(Probe(OneNode(Node("Transpose", {"x"}, {"y"}), {-1, -1}, {-1, -1})).mode,
            BatchMode::kOff);
  const BatchBehaviour shape =
      Probe(OneNode(Node("Shape", {"x"}, {"y"}), {-1, 1}, {-1}, kOnnxInt64));
  EXPECT_EQ(shape.mode, BatchMode::kOff);
}

TEST_F(ProbeTest, SeesWithoutARunThatThereIsNoBatchAxis) {
  EXPECT_EQ(Probe(OneNode(Node("Relu", {"x"}, {"y"}), {1, 4}, {1, 4})).reason,
            "The first dimension of input \"x\" is not free.");
  EXPECT_EQ(Probe(test::EndlessModel()).mode, BatchMode::kOff);
}

TEST_F(ProbeTest, FindsSizesThatTheModelTakes) {
  // x [N, S] and w [2]: only S = 1 can be multiplied with it, or 2.
  const BatchBehaviour behaviour =
      Probe(OneNode(Node("Mul", {"x", "w"}, {"y"}), {-1, -1}, {-1, -1}));
  EXPECT_EQ(behaviour.mode, BatchMode::kExact) << behaviour.reason;
  EXPECT_FALSE(behaviour.rows_are_alike);
}

OutputTensor Floats(const std::vector<float>& values, int64_t rows) {
  OutputTensor tensor;
  tensor.datatype = AI_DATATYPE_FP32;
  tensor.dims = {rows, static_cast<int64_t>(values.size()) / rows};
  tensor.data = reinterpret_cast<const uint8_t*>(values.data());
  tensor.data_bytes = values.size() * sizeof(float);
  return tensor;
}

RowDifference Compare(const std::vector<float>& alone, const std::vector<float>& second_of_two) {
  std::vector<float> batch(alone.size(), 7);
  batch.insert(batch.end(), second_of_two.begin(), second_of_two.end());
  ProbeOutputs one;
  ProbeOutputs two;
  EXPECT_TRUE(one.Take(Floats(alone, 1)).ok());
  EXPECT_TRUE(two.Take(Floats(batch, 2)).ok());
  return one.Differ(two, 2, 1);
}

TEST(ProbeOutputs, MeasuresWhatRoundingMakes) {
  EXPECT_TRUE(Compare({1, 2}, {1, 2}).is_equal);
  const RowDifference small = Compare({1, 2}, {1, std::nextafter(2.0f, 3.0f)});
  EXPECT_FALSE(small.is_equal);
  EXPECT_EQ(small.reason, "");
  EXPECT_EQ(small.largest, static_cast<double>(std::nextafter(2.0f, 3.0f)) - 2);
  EXPECT_NE(Compare({1, 2}, {1, 2.01f}).reason, "");
  EXPECT_EQ(Compare({1, 20000}, {1, 20001}).reason, "");
  EXPECT_NE(Compare({1, NAN}, {1, 2}).reason, "");
  EXPECT_EQ(Compare({1, NAN}, {1, -NAN}).reason, "");
  EXPECT_NE(Compare({1, INFINITY}, {1, 2}).reason, "");
}

TEST(ProbeOutputs, WritesHalvesAndBfloats) {
  EXPECT_EQ(ToHalf(1), 0x3c00);
  EXPECT_EQ(ToHalf(-2), 0xc000);
  EXPECT_EQ(ToHalf(1.9999), 0x4000);
  EXPECT_EQ(ToHalf(0), 0);
  EXPECT_EQ(ToBfloat16(1), 0x3f80);
}

TEST(BatchBehaviour, StandsInTheSignature) {
  BatchBehaviour behaviour;
  behaviour.reason = "None.";
  EXPECT_EQ(WithBatching(R"({"inputs":[]})", behaviour),
            R"({"inputs":[],"batch":{"mode":"off","reason":"None."}})");
  behaviour.mode = BatchMode::kApproximate;
  behaviour.max_difference = 1.1920929e-07;
  EXPECT_EQ(WithBatching(R"({"inputs":[]})", behaviour),
            R"({"inputs":[],"batch":{"mode":"approximate","max_difference":1.1920929e-07}})");
}

}  // namespace
}  // namespace ai_runtime

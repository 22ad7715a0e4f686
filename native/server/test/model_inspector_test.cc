// What is refused before ONNX Runtime sees it.
#include "model_inspector.h"

#include <gtest/gtest.h>

#include "onnx_builder.h"

namespace ai_runtime {
namespace {

using test::FloatTensor;
using test::kOnnxFloat;
using test::Message;
using test::Model;
using test::Node;

Status Inspect(const std::string& bytes) {
  InspectedModel model;
  const std::vector<char> copy(bytes.begin(), bytes.end());
  return InspectModel(copy.data(), copy.size(), &model);
}

// data_location = EXTERNAL in an otherwise sound tensor.
Message ExternalTensor() { return FloatTensor("w", {1}, {1}).Number(14, 1); }

TEST(Inspector, TellsWhatAModelIs) {
  InspectedModel model;
  const std::string bytes = test::MlpModel();
  ASSERT_TRUE(InspectModel(bytes.data(), bytes.size(), &model).ok());
  EXPECT_EQ(model.ir_version, 8);
  EXPECT_EQ(model.producer, "onnx_builder");
  EXPECT_EQ(model.producer_version, "1");
  EXPECT_EQ(model.node_count, 5u);
  ASSERT_EQ(model.opsets.size(), 1u);
  EXPECT_EQ(model.opsets[0].second, 15);
  EXPECT_FALSE(model.has_control_flow);
  EXPECT_EQ(model.shaped_values, (std::set<std::string>{"x", "y"}));
}

TEST(Inspector, SeesControlFlow) {
  InspectedModel model;
  const std::string bytes = test::EndlessModel();
  ASSERT_TRUE(InspectModel(bytes.data(), bytes.size(), &model).ok());
  EXPECT_TRUE(model.has_control_flow);
  EXPECT_EQ(model.node_count, 3u);
}

TEST(Inspector, RefusesAModelCutAtAnyByte) {
  const std::string bytes = test::EndlessModel();
  ASSERT_TRUE(Inspect(bytes).ok());
  size_t refused = 0;
  for (size_t cut = 0; cut < bytes.size(); ++cut)
    refused += Inspect(bytes.substr(0, cut)).ok() ? 0 : 1;
  // Only a cut between two fields at the end leaves a model.
  EXPECT_EQ(refused, bytes.size());
}

TEST(Inspector, RefusesWhatIsNoModel) {
  EXPECT_EQ(Inspect("").code(), AI_STATUS_INVALID_ARG);
  EXPECT_EQ(Inspect("hello world").code(), AI_STATUS_INVALID_ARG);
  EXPECT_EQ(Inspect(std::string(1000, '\0')).code(), AI_STATUS_INVALID_ARG);
  EXPECT_EQ(Inspect(std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00", 8)).code(),
            AI_STATUS_INVALID_ARG);
  EXPECT_EQ(Inspect(Message().Number(1, 8).bytes()).code(), AI_STATUS_INVALID_ARG);
}

TEST(Inspector, RefusesExternalDataWhereverItStands) {
  const Message graph_initializer = Message().Add(5, ExternalTensor());
  const Message by_location = Message().Add(
      5, Message().Bytes(8, "w").Add(13, Message().Bytes(1, "location").Bytes(2, "etc/passwd")));
  const Message sparse_values = Message().Add(15, Message().Add(1, ExternalTensor()));
  const Message sparse_indices = Message().Add(15, Message().Add(2, ExternalTensor()));
  const auto in_attribute = [](uint32_t field, const Message& value) {
    return Message().Add(
        1, Node("Constant", {}, {"y"}).Add(5, Message().Bytes(1, "a").Add(field, value)));
  };
  const std::vector<Message> graphs = {
      graph_initializer,
      by_location,
      sparse_values,
      sparse_indices,
      in_attribute(5, ExternalTensor()),
      in_attribute(10, ExternalTensor()),
      in_attribute(6, graph_initializer),
      in_attribute(11, in_attribute(6, graph_initializer)),
      in_attribute(22, Message().Add(1, ExternalTensor())),
      in_attribute(23, Message().Add(2, ExternalTensor())),
      // The enum keeps the low 32 bits of its varint.
      Message().Add(5, FloatTensor("w", {1}, {1}).Number(14, (uint64_t{1} << 32) + 1)),
  };
  for (size_t i = 0; i < graphs.size(); ++i) {
    EXPECT_EQ(Inspect(Model(graphs[i])).code(), AI_STATUS_UNSUPPORTED) << i;
  }
  const Message function =
      Message()
          .Bytes(1, "f")
          .Bytes(10, "local")
          .Add(
              7,
              Node("Constant", {}, {"y"}).Add(5, Message().Bytes(1, "a").Add(5, ExternalTensor())));
  EXPECT_EQ(Inspect(Model(Message()) + Message().Add(25, function).bytes()).code(),
            AI_STATUS_UNSUPPORTED);
  const Message training = Message().Add(2, graph_initializer);
  EXPECT_EQ(Inspect(Model(Message()) + Message().Add(20, training).bytes()).code(),
            AI_STATUS_UNSUPPORTED);
}

TEST(Inspector, RefusesForeignOperators) {
  const Status status = Inspect(test::UnaryModel("Gelu", kOnnxFloat, {1}, "com.microsoft"));
  EXPECT_EQ(status.code(), AI_STATUS_UNSUPPORTED);
  EXPECT_NE(status.message().find("Gelu"), std::string::npos);
  EXPECT_NE(status.message().find("com.microsoft"), std::string::npos);
  EXPECT_TRUE(Inspect(test::UnaryModel("Scaler", kOnnxFloat, {1}, "ai.onnx.ml")).ok());
}

TEST(Inspector, TakesFunctionsOfTheModelItself) {
  const std::string model = test::UnaryModel("f", kOnnxFloat, {1}, "local");
  EXPECT_EQ(Inspect(model).code(), AI_STATUS_UNSUPPORTED);
  const Message sound =
      Message().Bytes(1, "f").Bytes(10, "local").Add(7, Node("Relu", {"x"}, {"y"}));
  EXPECT_TRUE(Inspect(model + Message().Add(25, sound).bytes()).ok());
  const Message foreign =
      Message().Bytes(1, "f").Bytes(10, "local").Add(7, Node("Evil", {"x"}, {"y"}, "evil"));
  EXPECT_EQ(Inspect(model + Message().Add(25, foreign).bytes()).code(), AI_STATUS_UNSUPPORTED);
}

TEST(Inspector, RefusesGraphsNestedTooDeeply) {
  Message graph = Message().Add(1, Node("Relu", {"x"}, {"y"}));
  for (int depth = 0; depth < 1000; ++depth) {
    graph =
        Message().Add(1, Node("If", {"c"}, {"y"}).Add(5, Message().Bytes(1, "b").Add(6, graph)));
  }
  EXPECT_FALSE(Inspect(Model(graph)).ok());
}

TEST(Inspector, RefusesTooManyNodes) {
  Message graph;
  for (size_t i = 0; i <= kMaxNodes; ++i) graph.Add(1, Node("Relu", {"x"}, {"y"}));
  EXPECT_EQ(Inspect(Model(graph)).code(), AI_STATUS_UNSUPPORTED);
}

}  // namespace
}  // namespace ai_runtime

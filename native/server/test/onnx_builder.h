// Writes small ONNX models, byte by byte, so that tests can also write wrong ones.
#ifndef AI_RUNTIME_SERVER_TEST_ONNX_BUILDER_H_
#define AI_RUNTIME_SERVER_TEST_ONNX_BUILDER_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace ai_runtime::test {

// A protobuf message under construction.
class Message {
 public:
  Message& Number(uint32_t field, uint64_t value) {
    Varint(uint64_t{field} << 3);
    Varint(value);
    return *this;
  }
  Message& Bytes(uint32_t field, const std::string& value) {
    Varint(uint64_t{field} << 3 | 2);
    Varint(value.size());
    bytes_ += value;
    return *this;
  }
  Message& Add(uint32_t field, const Message& value) { return Bytes(field, value.bytes_); }
  const std::string& bytes() const { return bytes_; }

 private:
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

// onnx.proto's numbers of element types.
constexpr int kOnnxFloat = 1;
constexpr int kOnnxInt64 = 7;
constexpr int kOnnxBool = 9;

// Dimensions below 0 become the symbol "N".
inline Message TensorType(int element_type, const std::vector<int64_t>& dims) {
  Message shape;
  for (int64_t dim : dims) {
    shape.Add(1, dim < 0 ? Message().Bytes(2, "N") : Message().Number(1, dim));
  }
  return Message().Add(1, Message().Number(1, element_type).Add(2, shape));
}

inline Message ValueInfo(const std::string& name, const Message& type) {
  return Message().Bytes(1, name).Add(2, type);
}

inline Message FloatTensor(const std::string& name, const std::vector<int64_t>& dims,
                           const std::vector<float>& values) {
  Message tensor;
  for (int64_t dim : dims) tensor.Number(1, dim);
  tensor.Number(2, kOnnxFloat).Bytes(8, name);
  return tensor.Bytes(
      9, std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)));
}

inline Message Node(const std::string& op_type, const std::vector<std::string>& inputs,
                    const std::vector<std::string>& outputs, const std::string& domain = "") {
  Message node;
  for (const std::string& input : inputs) node.Bytes(1, input);
  for (const std::string& output : outputs) node.Bytes(2, output);
  node.Bytes(4, op_type);
  if (!domain.empty()) node.Bytes(7, domain);
  return node;
}

inline std::string Model(const Message& graph, int opset = 15) {
  return Message()
      .Number(1, 8)
      .Bytes(2, "onnx_builder")
      .Bytes(3, "1")
      .Add(7, graph)
      .Add(8, Message().Bytes(1, "").Number(2, opset))
      .bytes();
}

// One node from x to y, both of this type.
inline std::string UnaryModel(const std::string& op_type, int element_type,
                              const std::vector<int64_t>& dims, const std::string& domain = "") {
  return Model(Message()
                   .Add(1, Node(op_type, {"x"}, {"y"}, domain))
                   .Bytes(2, "unary")
                   .Add(11, ValueInfo("x", TensorType(element_type, dims)))
                   .Add(12, ValueInfo("y", TensorType(element_type, dims))));
}

// y = x w, x is [N, rows of w].
inline std::string LinearModel(int features, float weight) {
  return Model(Message()
                   .Add(1, Node("MatMul", {"x", "w"}, {"y"}))
                   .Bytes(2, "linear")
                   .Add(5, FloatTensor("w", {features, 1}, std::vector<float>(features, weight)))
                   .Add(11, ValueInfo("x", TensorType(kOnnxFloat, {-1, features})))
                   .Add(12, ValueInfo("y", TensorType(kOnnxFloat, {-1, 1}))));
}

// A perceptron 32-64-64-1 with Relu between its layers.
inline std::string MlpModel() {
  const auto weights = [](int count) {
    std::vector<float> values(count);
    for (int i = 0; i < count; ++i) values[i] = static_cast<float>((i * 37 % 101) - 50) / 400.0f;
    return values;
  };
  return Model(Message()
                   .Add(1, Node("Gemm", {"x", "w1", "b1"}, {"h1"}))
                   .Add(1, Node("Relu", {"h1"}, {"r1"}))
                   .Add(1, Node("Gemm", {"r1", "w2", "b2"}, {"h2"}))
                   .Add(1, Node("Relu", {"h2"}, {"r2"}))
                   .Add(1, Node("Gemm", {"r2", "w3", "b3"}, {"y"}))
                   .Bytes(2, "mlp")
                   .Add(5, FloatTensor("w1", {32, 64}, weights(32 * 64)))
                   .Add(5, FloatTensor("b1", {64}, weights(64)))
                   .Add(5, FloatTensor("w2", {64, 64}, weights(64 * 64)))
                   .Add(5, FloatTensor("b2", {64}, weights(64)))
                   .Add(5, FloatTensor("w3", {64, 1}, weights(64)))
                   .Add(5, FloatTensor("b3", {1}, weights(1)))
                   .Add(11, ValueInfo("x", TensorType(kOnnxFloat, {-1, 32})))
                   .Add(12, ValueInfo("y", TensorType(kOnnxFloat, {-1, 1}))));
}

// Runs as long as it is let: a Loop of 2^62 trips that adds 1 to x.
inline std::string EndlessModel() {
  const Message scalar_bool = TensorType(kOnnxBool, {});
  const Message one = FloatTensor("one", {1}, {1.0f});
  Message body;
  body.Add(1, Node("Add", {"v", "one"}, {"v_next"}))
      .Add(1, Node("Identity", {"go_on"}, {"go_on_next"}))
      .Bytes(2, "body")
      .Add(5, one)
      .Add(11, ValueInfo("trip", TensorType(kOnnxInt64, {})))
      .Add(11, ValueInfo("go_on", scalar_bool))
      .Add(11, ValueInfo("v", TensorType(kOnnxFloat, {1})))
      .Add(12, ValueInfo("go_on_next", scalar_bool))
      .Add(12, ValueInfo("v_next", TensorType(kOnnxFloat, {1})));
  Message loop = Node("Loop", {"trips", "", "x"}, {"y"});
  loop.Add(5, Message().Bytes(1, "body").Add(6, body).Number(20, 5));
  const int64_t trips = int64_t{1} << 62;
  Message trip_count;
  trip_count.Number(2, kOnnxInt64).Bytes(8, "trips");
  trip_count.Bytes(9, std::string(reinterpret_cast<const char*>(&trips), sizeof(trips)));
  return Model(Message()
                   .Add(1, loop)
                   .Bytes(2, "endless")
                   .Add(5, trip_count)
                   .Add(11, ValueInfo("x", TensorType(kOnnxFloat, {1})))
                   .Add(12, ValueInfo("y", TensorType(kOnnxFloat, {1}))));
}

}  // namespace ai_runtime::test

#endif  // AI_RUNTIME_SERVER_TEST_ONNX_BUILDER_H_

// Random mutations of what is valid: nothing may crash, whatever it answers.
//
// AI_RUNTIME_FUZZ_ITERATIONS sets how many (default 20000), AI_RUNTIME_FUZZ_SEED where from.
#include <gtest/gtest.h>

#include <random>

#include "frame_codec.h"
#include "model_inspector.h"
#include "server_fixture.h"

namespace ai_runtime::test {
namespace {

uint64_t NumberFromEnvironment(const char* name, uint64_t otherwise) {
  const std::string text = FromEnvironment(name);
  return text.empty() ? otherwise : std::strtoull(text.c_str(), nullptr, 10);
}

class Fuzz : public ServerTest {
 protected:
  std::string Mutate(std::string bytes) {
    static const std::vector<uint64_t> kNumbers = {
        0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, uint64_t{1} << 63, UINT64_MAX};
    for (size_t changes = 1 + Random(4); changes > 0 && !bytes.empty(); --changes) {
      const size_t at = Random(bytes.size());
      switch (Random(5)) {
        case 0:
          bytes[at] = static_cast<char>(Random(256));
          break;
        case 1:
          bytes.resize(at);
          break;
        case 2:
          bytes.insert(at, 1 + Random(16), static_cast<char>(Random(256)));
          break;
        case 3:
          bytes.erase(at, 1 + Random(16));
          break;
        default: {
          const std::string number = AsBytes(kNumbers[Random(kNumbers.size())]);
          bytes.replace(at, std::min<size_t>(number.size(), bytes.size() - at), number);
        }
      }
    }
    return bytes;
  }

  size_t Random(size_t below) { return random_() % below; }

  const uint64_t iterations_ = NumberFromEnvironment("AI_RUNTIME_FUZZ_ITERATIONS", 20000);
  std::mt19937_64 random_{NumberFromEnvironment("AI_RUNTIME_FUZZ_SEED", 1)};
};

std::string ValidRequest() {
  const std::string map = EncodeValueHeader(AI_VALUE_MAP, 2, 0) +
                          EncodeTensor(0, AI_DATATYPE_INT64, {1}, "12345678") +
                          EncodeFloats(0, {1}, {1});
  const std::string text =
      EncodeTensor(1, AI_DATATYPE_BYTES, {2}, AsBytes(uint32_t{3}) + "abc" + AsBytes(uint32_t{0}));
  return EncodeInfer({}, {EncodeFloats(0, {1, 4}, {1, 2, 3, 4}), text, map}, 1000000, {0, 1});
}

TEST_F(Fuzz, RequestsNeverCrashTheDecoder) {
  const std::string valid = ValidRequest();
  for (uint64_t i = 0; i < iterations_; ++i) {
    const std::string mutated = Mutate(valid);
    const std::vector<uint8_t> bytes(mutated.begin(), mutated.end());
    InferRequest request;
    if (!DecodeInferRequest(bytes.data(), bytes.size(), &request).ok()) continue;
    uint64_t total = 0;
    for (const ValueView& value : request.inputs) {
      if (value.datatype != AI_DATATYPE_BYTES) continue;
      ForEachBytesElement(value, [&](const char* text, size_t length) {
        for (size_t at = 0; at < length; ++at) total += static_cast<uint8_t>(text[at]);
      });
    }
    EXPECT_LT(total, UINT64_MAX);
  }
}

TEST_F(Fuzz, ModelsNeverCrashTheInspector) {
  const std::vector<std::string> models = {MlpModel().substr(0, 1000), EndlessModel(),
                                           LinearModel(4, 1)};
  for (uint64_t i = 0; i < iterations_; ++i) {
    const std::string mutated = Mutate(models[i % models.size()]);
    const std::vector<char> bytes(mutated.begin(), mutated.end());
    InspectedModel model;
    (void)InspectModel(bytes.data(), bytes.size(), &model).ok();
  }
}

TEST_F(Fuzz, TheServerOutlivesFramesAndModels) {
  StartServer();
  const std::string linear = LinearModel(4, 0.5f);
  const std::string infer =
      EncodeInfer(DigestOf(linear), {EncodeFloats(0, {1, 4}, {1, 2, 3, 4})}, 1000000);
  auto client = Connect();
  client->Load(linear);
  for (uint64_t i = 0; i < iterations_ / 20; ++i) {
    auto other = Connect();
    ASSERT_TRUE(other->connected());
    switch (i % 3) {
      case 0:
        other->SendBytes(Mutate(EncodeFrame(AI_MODEL_INFER_REQUEST, i, infer)));
        break;
      case 1:
        ASSERT_TRUE(other->Call(AI_MODEL_INFER_REQUEST, Mutate(infer)).ok);
        break;
      default:
        ASSERT_TRUE(other->Load(Mutate(linear), 64).ok);
    }
  }
  EXPECT_EQ(client->Call(AI_MODEL_INFER_REQUEST, infer).floats(2), std::vector<float>{5});
}

}  // namespace
}  // namespace ai_runtime::test

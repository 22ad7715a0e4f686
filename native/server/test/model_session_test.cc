// Models through ONNX Runtime itself: every datatype, sequences, maps, optionals.
#include "model_session.h"

#include <gtest/gtest.h>

#include "server_fixture.h"

namespace ai_runtime {
namespace {

using test::EncodeTensor;
using test::EncodeValueHeader;
using test::Message;
using test::Node;
using test::ValueInfo;

// onnx.proto's element types by AiDatatype.
constexpr int kOnnxTypes[] = {0, 9, 2, 4, 12, 13, 3, 5, 6, 7, 10, 1, 11, 16, 8};

class SessionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.onnxruntime_path = test::FromEnvironment("ORT_LIBRARY");
    const Status status = OnnxRuntime::Open(options, &log_, &runtime_);
    ASSERT_TRUE(status.ok()) << status.ToString();
  }

  Status Load(const std::string& model) {
    return ModelSession::Create(runtime_, model.data(), model.size(), &session_);
  }
  std::string TestData(const std::string& name) {
    return test::ReadFile(test::FromEnvironment("ONNX_TESTDATA") + "/node/" + name + "/model.onnx");
  }

  // The values of the reply, as bytes.
  Status Run(const std::vector<std::string>& values, std::string* outputs) {
    const std::string payload = test::EncodeInfer({}, values);
    Buffer bytes;  // aligned as a request's is
    EXPECT_TRUE(bytes.Resize(payload.size()));
    std::memcpy(bytes.data(), payload.data(), payload.size());
    CheckedRequest request;
    RETURN_IF_ERROR(CheckRequest(session_->signature(), bytes.data(), bytes.size(), &request));
    FrameWriter reply(AI_MODEL_INFER_RESPONSE, 1);
    RunControl control;
    RETURN_IF_ERROR(session_->Run(request, &control, &reply));
    outputs->assign(reinterpret_cast<char*>(reply.payload()), reply.payload_bytes());
    return Status::Ok();
  }

  void ExpectIdentity(const std::string& value) {
    std::string outputs;
    const Status status = Run({value}, &outputs);
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(outputs, value);
  }

  Log log_;
  std::shared_ptr<OnnxRuntime> runtime_;
  std::shared_ptr<ModelSession> session_;
};

TEST_F(SessionTest, KeepsEveryDatatypeBitForBit) {
  for (int datatype = AI_DATATYPE_BOOL; datatype <= AI_DATATYPE_BYTES; ++datatype) {
    const Status status = Load(test::UnaryModel("Identity", kOnnxTypes[datatype], {-1, 2}));
    ASSERT_TRUE(status.ok()) << status.ToString();
    EXPECT_EQ(session_->signature().inputs.at(0).second.datatype, datatype);
    std::string data;
    if (datatype == AI_DATATYPE_BYTES) {
      data = test::AsBytes(uint32_t{0}) + test::AsBytes(uint32_t{5}) + "h\xc3\xa4l\n";
    } else if (datatype == AI_DATATYPE_BOOL) {
      data = std::string("\1\0", 2);
    } else {  // among the patterns are NaNs with a payload
      for (uint32_t i = 0; i < 2 * ai_datatype_bytes(datatype); ++i) data += static_cast<char>(~i);
    }
    ExpectIdentity(EncodeTensor(0, static_cast<AiDatatype>(datatype), {1, 2}, data));
    const std::string none = EncodeTensor(0, static_cast<AiDatatype>(datatype), {0, 2}, "");
    ExpectIdentity(none);
  }
}

TEST_F(SessionTest, TakesAndGivesSequences) {
  ASSERT_TRUE(Load(TestData("test_identity_sequence")).ok());
  const ValueType& type = session_->signature().inputs.at(0).second;
  EXPECT_EQ(type.kind, TypeKind::kSequence);
  const std::string tensor = test::EncodeFloats(0, {1, 1, 2, 2}, {1, 2, 3, 4});
  ExpectIdentity(EncodeValueHeader(AI_VALUE_SEQUENCE, 0, 2) + tensor + tensor);
}

TEST_F(SessionTest, TakesEmptySequences) {
  const Message sequence =
      Message().Add(4, Message().Add(1, Message().Add(1, Message().Number(1, 1))));
  const std::string length = test::Model(Message()
                                             .Add(1, Node("SequenceLength", {"x"}, {"y"}))
                                             .Bytes(2, "length")
                                             .Add(11, ValueInfo("x", sequence))
                                             .Add(12, ValueInfo("y", test::TensorType(7, {}))));
  Status status = Load(length);
  ASSERT_TRUE(status.ok()) << status.ToString();
  std::string outputs;
  status = Run({EncodeValueHeader(AI_VALUE_SEQUENCE, 0, 0)}, &outputs);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_EQ(outputs, EncodeTensor(0, AI_DATATYPE_INT64, {}, std::string(8, '\0')));

  // And as an optional that is there.
  ASSERT_TRUE(Load(TestData("test_loop16_seq_none")).ok());
  status =
      Run({EncodeTensor(0, AI_DATATYPE_INT64, {}, test::AsBytes(int64_t{1})),
           EncodeTensor(1, AI_DATATYPE_BOOL, {}, "\1"), EncodeValueHeader(AI_VALUE_SEQUENCE, 2, 0)},
          &outputs);
  EXPECT_TRUE(status.ok()) << status.ToString();
}

TEST_F(SessionTest, RefusesAnAbsentOptionalInsteadOfCrashing) {
  ASSERT_TRUE(Load(TestData("test_optional_has_element_empty")).ok());
  EXPECT_EQ(session_->signature().inputs.at(0).second.kind, TypeKind::kOptional);
  std::string outputs;
  EXPECT_EQ(Run({}, &outputs).code(), AI_STATUS_UNSUPPORTED);
  EXPECT_EQ(Run({EncodeValueHeader(AI_VALUE_NONE, 0, 0)}, &outputs).code(), AI_STATUS_UNSUPPORTED);
}

TEST_F(SessionTest, GivesTheMapsOfZipMap) {
  const Message labels = Message().Bytes(1, "classlabels_strings").Bytes(9, "no").Bytes(9, "yes");
  const Message map =
      Message().Add(5, Message().Number(1, 8).Add(2, Message().Add(1, Message().Number(1, 1))));
  const Message graph =
      Message()
          .Add(1, Node("ZipMap", {"x"}, {"y"}, "ai.onnx.ml").Add(5, Message(labels).Number(20, 8)))
          .Bytes(2, "zipmap")
          .Add(11, ValueInfo("x", test::TensorType(1, {-1, 2})))
          .Add(12, ValueInfo("y", Message().Add(4, Message().Add(1, map))));
  const std::string model =
      test::Model(graph) + Message().Add(8, Message().Bytes(1, "ai.onnx.ml").Number(2, 3)).bytes();
  Status status = Load(model);
  ASSERT_TRUE(status.ok()) << status.ToString();
  EXPECT_NE(ToJson(session_->signature())
                .find(R"("kind":"sequence","element":{"kind":"map","key_datatype":"BYTES",)"
                      R"("element":{"kind":"tensor","datatype":"FP32")"),
            std::string::npos)
      << ToJson(session_->signature());
  std::string outputs;
  status = Run({test::EncodeFloats(0, {1, 2}, {0.25f, 0.75f})}, &outputs);
  ASSERT_TRUE(status.ok()) << status.ToString();
  const std::string keys = test::AsBytes(uint32_t{2}) + "no" + test::AsBytes(uint32_t{3}) + "yes";
  EXPECT_EQ(outputs, EncodeValueHeader(AI_VALUE_SEQUENCE, 0, 1) +
                         EncodeValueHeader(AI_VALUE_MAP, 0, 0) +
                         EncodeTensor(0, AI_DATATYPE_BYTES, {2}, keys) +
                         test::EncodeFloats(0, {2}, {0.25f, 0.75f}));
}

TEST_F(SessionTest, TellsScalarsFromUnknownShapes) {
  ASSERT_TRUE(Load(test::UnaryModel("Identity", 1, {})).ok());
  EXPECT_TRUE(session_->signature().inputs.at(0).second.has_shape);
  const Message no_shape = Message().Add(1, Message().Number(1, 1));
  ASSERT_TRUE(Load(test::Model(Message()
                                   .Add(1, Node("Identity", {"x"}, {"y"}))
                                   .Bytes(2, "g")
                                   .Add(11, ValueInfo("x", no_shape))
                                   .Add(12, ValueInfo("y", no_shape))))
                  .ok());
  EXPECT_FALSE(session_->signature().inputs.at(0).second.has_shape);
}

TEST_F(SessionTest, TurnsFailuresOfOnnxRuntimeIntoStatuses) {
  Status status = Load(test::UnaryModel("NoSuchOperator", 1, {1}));
  EXPECT_EQ(status.code(), AI_STATUS_INVALID_ARG);
  EXPECT_NE(status.detail().find("NoSuchOperator"), std::string::npos) << status.ToString();
  // A Reshape that cannot be fails when it runs.
  ASSERT_TRUE(Load(test::Model(Message()
                                   .Add(1, Node("Reshape", {"x", "s"}, {"y"}))
                                   .Bytes(2, "g")
                                   .Add(11, ValueInfo("x", test::TensorType(1, {-1})))
                                   .Add(11, ValueInfo("s", test::TensorType(7, {1})))
                                   .Add(12, ValueInfo("y", test::TensorType(1, {-1})))))
                  .ok());
  const std::string five = test::AsBytes(int64_t{5});
  std::string outputs;
  status = Run({test::EncodeFloats(0, {2}, {1, 2}), EncodeTensor(1, AI_DATATYPE_INT64, {1}, five)},
               &outputs);
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(status.message(), "model failed");
}

TEST_F(SessionTest, SaysWhatIsMissingForCuda) {
  ServerOptions options;
  options.onnxruntime_path = test::FromEnvironment("ORT_LIBRARY");
  options.execution_providers = {"cuda"};
  std::shared_ptr<OnnxRuntime> runtime;
  const Status status = OnnxRuntime::Open(options, &log_, &runtime);
  if (status.ok()) GTEST_SKIP() << "the CUDA provider is installed";
  EXPECT_NE(status.ToString().find("cuda"), std::string::npos);
  options.execution_providers = {"cuda", "cpu"};
  ASSERT_TRUE(OnnxRuntime::Open(options, &log_, &runtime).ok());
  EXPECT_EQ(runtime->providers(), std::vector<std::string>{"cpu"});
}

TEST_F(SessionTest, LoadsTheOperatorTestsOfOnnx) {
  for (const char* name : {"test_add", "test_gemm_all_attributes", "test_loop11", "test_scan9_sum",
                           "test_if_seq", "test_tfidfvectorizer_tf_only_bigrams_skip0"}) {
    const Status status = Load(TestData(name));
    EXPECT_TRUE(status.ok()) << name << ": " << status.ToString();
  }
}

}  // namespace
}  // namespace ai_runtime

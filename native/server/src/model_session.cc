// ONNX Runtime, opened with dlopen: its exported symbols carry a version, so linking would tie
// the server to one release. Its headers are the older API, which newer libraries answer.
#include "model_session.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>
#include <onnxruntime_session_options_config_keys.h>

#include "empty_sequence_model.h"
#include "input_check.h"

namespace ai_runtime {
namespace {

struct DatatypePair {
  AiDatatype datatype;
  ONNXTensorElementDataType element;
};

constexpr DatatypePair kDatatypes[] = {
    {AI_DATATYPE_BOOL, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL},
    {AI_DATATYPE_UINT8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8},
    {AI_DATATYPE_UINT16, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16},
    {AI_DATATYPE_UINT32, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32},
    {AI_DATATYPE_UINT64, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64},
    {AI_DATATYPE_INT8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8},
    {AI_DATATYPE_INT16, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16},
    {AI_DATATYPE_INT32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32},
    {AI_DATATYPE_INT64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64},
    {AI_DATATYPE_FP16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16},
    {AI_DATATYPE_FP32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},
    {AI_DATATYPE_FP64, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE},
    {AI_DATATYPE_BF16, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16},
    {AI_DATATYPE_BYTES, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING},
};

AiDatatype FromElementType(ONNXTensorElementDataType element) {
  for (const DatatypePair& pair : kDatatypes) {
    if (pair.element == element) return pair.datatype;
  }
  return AI_DATATYPE_INVALID;
}

ONNXTensorElementDataType ToElementType(uint8_t datatype) {
  return kDatatypes[datatype - AI_DATATYPE_BOOL].element;  // the codec checked the range
}

// What went wrong in ONNX Runtime, as the primary message `what` and its own text as DETAIL.
Status FromException(const Ort::Exception& error, const std::string& what) {
  const std::string text = error.what();
  if (text.find("bad_alloc") != std::string::npos ||
      text.find("Failed to allocate memory") != std::string::npos) {
    return Status(AI_STATUS_RESOURCE_EXHAUSTED, "out of memory in the inference server", text);
  }
  switch (error.GetOrtErrorCode()) {
    case ORT_INVALID_ARGUMENT:
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH:
    case ORT_NO_MODEL:
      return Status(AI_STATUS_INVALID_ARG, what, text);
    case ORT_NOT_IMPLEMENTED:
      return Status(AI_STATUS_UNSUPPORTED, what, text);
    default:
      return Status(AI_STATUS_INTERNAL, what, text);
  }
}

// Calls `f` and turns what it throws into a Status.
template <typename Function>
Status Guard(const std::string& what, Function f) {
  try {
    return f();
  } catch (const Ort::Exception& error) {
    return FromException(error, what);
  } catch (const std::bad_alloc&) {
    return Status(AI_STATUS_RESOURCE_EXHAUSTED, "out of memory in the inference server");
  } catch (const std::exception& error) {
    return Status(AI_STATUS_INTERNAL, what, error.what());
  }
}

void ORT_API_CALL WriteOrtLog(void* log, OrtLoggingLevel, const char* category, const char*,
                              const char*, const char* message) {
  static_cast<Log*>(log)->Write(LogLevel::kDebug,
                                std::string("onnxruntime ") + category + ": " + message);
}

class LoadedRuntime : public OnnxRuntime {
 public:
  std::string version() const override { return OrtGetVersion(); }
  const std::vector<std::string>& providers() const override { return providers_; }

  Status Open(const ServerOptions& options, Log* log);
  Ort::Env& env() { return env_; }
  // Options of a new session; throws what ONNX Runtime throws.
  Ort::SessionOptions NewSessionOptions(const std::vector<std::string>& providers) const;

 private:
  std::string OrtGetVersion() const { return api_base_->GetVersionString(); }
  Status TryProviders(const ServerOptions& options, const std::string& path, Log* log);

  const OrtApiBase* api_base_ = nullptr;
  Ort::Env env_{nullptr};
  int intra_op_threads_ = 1;
  std::vector<std::string> providers_;
};

Status LoadedRuntime::Open(const ServerOptions& options, Log* log) {
  // It would start threads and write files in the home directory unless told not to, and it
  // looks only once, when the environment is created.
  setenv("ORT_DISABLE_TELEMETRY", "1", 1);
  void* library = dlopen(options.onnxruntime_path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return Status(AI_STATUS_INTERNAL, "cannot open ONNX Runtime", dlerror());
  }
  using GetApiBase = const OrtApiBase*(ORT_API_CALL*)();
  void* symbol = dlsym(library, "OrtGetApiBase");
  if (symbol == nullptr)
    return Status(AI_STATUS_INTERNAL, "not an ONNX Runtime library", dlerror());
  api_base_ = reinterpret_cast<GetApiBase>(symbol)();
  const OrtApi* api = api_base_->GetApi(ORT_API_VERSION);
  if (api == nullptr) {
    return Status(AI_STATUS_UNSUPPORTED, "ONNX Runtime " + version() + " is too old",
                  "API version " + std::to_string(ORT_API_VERSION) + " is needed.");
  }
  Ort::InitApi(api);
  intra_op_threads_ = options.intra_op_threads;
  RETURN_IF_ERROR(Guard("cannot start ONNX Runtime", [&] {
    env_ = Ort::Env(ORT_LOGGING_LEVEL_WARNING, "ai_runtime", WriteOrtLog, log);
    return Status::Ok();
  }));
  Dl_info info;
  const bool found = dladdr(symbol, &info) != 0 && info.dli_fname != nullptr;
  return TryProviders(options, found ? info.dli_fname : options.onnxruntime_path, log);
}

Status LoadedRuntime::TryProviders(const ServerOptions& options, const std::string& path,
                                   Log* log) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  Status failure;
  for (const std::string& provider : options.execution_providers) {
    Status status;
    if (provider == "cuda") {
      const std::string library = folder + "libonnxruntime_providers_cuda.so";
      if (access(library.c_str(), R_OK) != 0) {
        status = Status(AI_STATUS_NOT_FOUND, "execution provider \"cuda\" is not installed",
                        "There is no file \"" + library + "\".",
                        "Put the CUDA provider built for ONNX Runtime " + version() +
                            " beside the server's libonnxruntime.so.1, or leave \"cuda\" out.");
      } else {
        status = Guard("execution provider \"cuda\" cannot be used", [&] {
          NewSessionOptions({provider});
          return Status::Ok();
        });
      }
    } else if (provider != "cpu") {
      return Status(AI_STATUS_INVALID_ARG, "execution provider \"" + provider + "\" is not known",
                    "", "Known execution providers are \"cpu\" and \"cuda\".");
    }
    if (status.ok()) {
      providers_.push_back(provider);
      continue;
    }
    log->Write(LogLevel::kWarning, status.ToString());
    failure = status;
  }
  if (!providers_.empty()) return Status::Ok();
  if (!failure.ok()) return failure;
  return Status(AI_STATUS_INVALID_ARG, "no execution provider is named");
}

Ort::SessionOptions LoadedRuntime::NewSessionOptions(
    const std::vector<std::string>& providers) const {
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(intra_op_threads_);
  options.SetInterOpNumThreads(1);
  options.SetExecutionMode(ORT_SEQUENTIAL);
  options.AddConfigEntry(kOrtSessionOptionsConfigAllowIntraOpSpinning, "0");
  for (const std::string& provider : providers) {
    if (provider != "cuda") continue;
    OrtCUDAProviderOptionsV2* cuda = nullptr;
    Ort::ThrowOnError(Ort::GetApi().CreateCUDAProviderOptions(&cuda));
    std::unique_ptr<OrtCUDAProviderOptionsV2, decltype(Ort::GetApi().ReleaseCUDAProviderOptions)>
        owner(cuda, Ort::GetApi().ReleaseCUDAProviderOptions);
    options.AppendExecutionProvider_CUDA_V2(*cuda);
  }
  return options;
}

ValueType DescribeTensor(const Ort::ConstTensorTypeAndShapeInfo& info, bool shape_is_declared) {
  ValueType type;
  type.datatype = FromElementType(info.GetElementType());
  const std::vector<int64_t> sizes = info.GetShape();
  std::vector<const char*> symbols(sizes.size());
  if (!sizes.empty()) info.GetSymbolicDimensions(symbols.data(), symbols.size());
  // The API answers rank 0 for a scalar and for an unknown rank alike.
  type.has_shape = shape_is_declared || !sizes.empty();
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    type.shape.push_back({sizes[axis], symbols[axis] == nullptr ? "" : symbols[axis]});
  }
  return type;
}

ValueType DescribeType(const Ort::TypeInfo& info, bool shape_is_declared) {
  ValueType type;
  switch (info.GetONNXType()) {
    case ONNX_TYPE_TENSOR:
      return DescribeTensor(info.GetTensorTypeAndShapeInfo(), shape_is_declared);
    case ONNX_TYPE_SEQUENCE:
      type.kind = TypeKind::kSequence;
      type.element.push_back(
          DescribeType(info.GetSequenceTypeInfo().GetSequenceElementType(), shape_is_declared));
      return type;
    case ONNX_TYPE_MAP:
      type.kind = TypeKind::kMap;
      type.key_datatype = FromElementType(info.GetMapTypeInfo().GetMapKeyType());
      type.element.push_back(
          DescribeType(info.GetMapTypeInfo().GetMapValueType(), shape_is_declared));
      return type;
    case ONNX_TYPE_OPTIONAL:
      type.kind = TypeKind::kOptional;
      type.element.push_back(
          DescribeType(info.GetOptionalTypeInfo().GetOptionalElementType(), shape_is_declared));
      return type;
    default:
      return type;  // datatype INVALID: refused by the caller
  }
}

bool IsSupported(const ValueType& type) {
  if (type.kind == TypeKind::kTensor) return type.datatype != AI_DATATYPE_INVALID;
  if (type.kind == TypeKind::kMap && type.key_datatype == AI_DATATYPE_INVALID) return false;
  return IsSupported(type.element.at(0));
}

// The alignment, in bytes, of what ONNX Runtime allocates.
constexpr uintptr_t kTensorAlignment = 64;

Ort::Value MakeTensor(const ValueView& value) {
  static const Ort::MemoryInfo cpu =
      Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  int64_t dims[AI_MAX_RANK];
  for (size_t axis = 0; axis < value.rank; ++axis) dims[axis] = value.dim(axis);
  Ort::AllocatorWithDefaultOptions allocator;
  if (value.datatype != AI_DATATYPE_BYTES) {
    const ONNXTensorElementDataType type = ToElementType(value.datatype);
    if (reinterpret_cast<uintptr_t>(value.data) % kTensorAlignment == 0) {
      // ONNX Runtime takes no const pointer but does not write to an input.
      return Ort::Value::CreateTensor(cpu, const_cast<uint8_t*>(value.data), value.data_bytes, dims,
                                      value.rank, type);
    }
    // Some sums are added in an order that depends on where their input lies. A copy where ONNX
    // Runtime itself would put it makes the last bit of an answer the same every time.
    Ort::Value tensor = Ort::Value::CreateTensor(allocator, dims, value.rank, type);
    if (value.data_bytes > 0) {
      std::memcpy(tensor.GetTensorMutableRawData(), value.data, value.data_bytes);
    }
    return tensor;
  }
  Ort::Value tensor =
      Ort::Value::CreateTensor(allocator, dims, value.rank, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING);
  size_t next = 0;
  ForEachBytesElement(value, [&](const char* text, size_t bytes) {
    char* room = tensor.GetResizedStringTensorElementBuffer(next++, bytes);
    if (bytes > 0) std::memcpy(room, text, bytes);
  });
  return tensor;
}

// What the C API cannot make: the output of a model that is nothing but SequenceEmpty.
Ort::Value MakeEmptySequence(LoadedRuntime* runtime, const ValueType& element) {
  if (element.kind != TypeKind::kTensor) {
    throw Ort::Exception("an empty sequence of this type cannot be made", ORT_NOT_IMPLEMENTED);
  }
  const std::string model = EmptySequenceModel(element.datatype);
  Ort::Session session(runtime->env(), model.data(), model.size(),
                       runtime->NewSessionOptions({"cpu"}));
  const char* output_name = "y";
  std::vector<Ort::Value> outputs =
      session.Run(Ort::RunOptions(), nullptr, nullptr, 0, &output_name, 1);
  return std::move(outputs.at(0));
}

// `value` fits `type`: input_check has seen to that.
Ort::Value MakeValue(LoadedRuntime* runtime, const ValueView& value, const ValueType& type) {
  if (value.kind == AI_VALUE_TENSOR) return MakeTensor(value);
  if (type.kind == TypeKind::kOptional) return MakeValue(runtime, value, type.element.at(0));
  if (value.kind == AI_VALUE_MAP) {
    Ort::Value keys = MakeTensor(value.elements.at(0));
    Ort::Value values = MakeTensor(value.elements.at(1));
    return Ort::Value::CreateMap(keys, values);
  }
  const ValueType& element_type = type.element.at(0);
  if (value.elements.empty()) return MakeEmptySequence(runtime, element_type);
  std::vector<Ort::Value> elements;
  for (const ValueView& element : value.elements) {
    elements.push_back(MakeValue(runtime, element, element_type));
  }
  return Ort::Value::CreateSequence(elements);
}

Status WriteStrings(const Ort::Value& tensor, uint16_t index, const std::vector<int64_t>& dims,
                    FrameWriter* reply) {
  const size_t count = tensor.GetTensorTypeAndShapeInfo().GetElementCount();
  const uint64_t bytes = count == 0 ? 0 : tensor.GetStringTensorDataLength();
  uint8_t* data;
  RETURN_IF_ERROR(reply->AppendTensor(index, AI_DATATYPE_BYTES, dims.data(), dims.size(),
                                      bytes + count * sizeof(uint32_t), &data));
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text = tensor.GetStringTensorElement(i);
    const uint32_t length = static_cast<uint32_t>(text.size());
    std::memcpy(data, &length, sizeof(length));
    std::memcpy(data + sizeof(length), text.data(), text.size());
    data += sizeof(length) + text.size();
  }
  return Status::Ok();
}

Status WriteTensor(const Ort::Value& tensor, uint16_t index, FrameWriter* reply) {
  const Ort::TensorTypeAndShapeInfo info = tensor.GetTensorTypeAndShapeInfo();
  const std::vector<int64_t> dims = info.GetShape();
  const AiDatatype datatype = FromElementType(info.GetElementType());
  if (datatype == AI_DATATYPE_INVALID) {
    return Status(AI_STATUS_UNSUPPORTED, "output has an element type that is not supported");
  }
  if (datatype == AI_DATATYPE_BYTES) return WriteStrings(tensor, index, dims, reply);
  const uint64_t bytes = uint64_t{info.GetElementCount()} * ai_datatype_bytes(datatype);
  uint8_t* data;
  RETURN_IF_ERROR(reply->AppendTensor(index, datatype, dims.data(), dims.size(), bytes, &data));
  if (bytes > 0) std::memcpy(data, tensor.GetTensorRawData(), bytes);
  return Status::Ok();
}

Status WriteValue(const Ort::Value& value, uint16_t index, int depth, FrameWriter* reply) {
  if (depth > AI_MAX_VALUE_DEPTH) {
    return Status(AI_STATUS_UNSUPPORTED, "output is nested too deeply");
  }
  if (!value.HasValue()) return reply->AppendValueHeader(AI_VALUE_NONE, index, 0);
  if (value.IsTensor()) return WriteTensor(value, index, reply);
  const ONNXType type = value.GetTypeInfo().GetONNXType();
  if (type != ONNX_TYPE_SEQUENCE && type != ONNX_TYPE_MAP) {
    return Status(AI_STATUS_UNSUPPORTED, "output is of a kind that is not supported");
  }
  const bool is_map = type == ONNX_TYPE_MAP;
  const size_t count = is_map ? 2 : value.GetCount();
  RETURN_IF_ERROR(reply->AppendValueHeader(is_map ? AI_VALUE_MAP : AI_VALUE_SEQUENCE, index,
                                           is_map ? 0 : count));
  Ort::AllocatorWithDefaultOptions allocator;
  for (size_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(
        WriteValue(value.GetValue(static_cast<int>(i), allocator), 0, depth + 1, reply));
  }
  return Status::Ok();
}

}  // namespace

struct RunControl::Impl {
  Ort::RunOptions options;
};

RunControl::RunControl() : impl_(new Impl) {}
RunControl::~RunControl() = default;
void RunControl::Terminate() {
  (void)Guard("cannot terminate a run", [&] {
    impl_->options.SetTerminate();
    return Status::Ok();
  });
}

class OnnxSession : public ModelSession {
 public:
  explicit OnnxSession(std::shared_ptr<LoadedRuntime> runtime) : runtime_(std::move(runtime)) {}

  const Signature& signature() const override { return signature_; }
  const InspectedModel& inspected() const override { return inspected_; }

  Status Load(const void* model, size_t bytes) {
    RETURN_IF_ERROR(InspectModel(model, bytes, &inspected_));
    Status status = Guard("ONNX Runtime cannot load the model", [&] {
      session_ = Ort::Session(runtime_->env(), model, bytes,
                              runtime_->NewSessionOptions(runtime_->providers()));
      ReadSignature();
      return Status::Ok();
    });
    if (status.code() == AI_STATUS_INTERNAL) {  // whatever it was, the model is the reason
      return Status(AI_STATUS_INVALID_ARG, status.message(), status.detail());
    }
    RETURN_IF_ERROR(status);
    for (const auto* values : {&signature_.inputs, &signature_.outputs}) {
      for (const auto& [name, type] : *values) {
        if (IsSupported(type)) continue;
        return Status(AI_STATUS_UNSUPPORTED,
                      "type of \"" + name + "\" of the model is not supported");
      }
    }
    return Status::Ok();
  }

  Status Run(const InferRequest& request, RunControl* control, FrameWriter* reply) override {
    std::vector<const ValueView*> given;
    std::vector<uint16_t> wanted;
    RETURN_IF_ERROR(MatchInputs(signature_, request, &given));
    RETURN_IF_ERROR(MatchOutputs(signature_, request, &wanted));
    return Guard("model failed", [&] {
      std::vector<Ort::Value> inputs;
      inputs.reserve(given.size());
      for (size_t i = 0; i < given.size(); ++i) {
        inputs.push_back(MakeValue(runtime_.get(), *given[i], signature_.inputs[i].second));
      }
      std::vector<const char*> output_names;
      output_names.reserve(wanted.size());
      for (uint16_t index : wanted) output_names.push_back(output_names_[index]);
      const std::vector<Ort::Value> outputs =
          session_.Run(control->impl_->options, input_names_.data(), inputs.data(), inputs.size(),
                       output_names.data(), output_names.size());
      for (size_t i = 0; i < outputs.size(); ++i) {
        RETURN_IF_ERROR(WriteValue(outputs[i], wanted[i], 0, reply));
      }
      return Status::Ok();
    });
  }

 private:
  void ReadSignature() {
    Ort::AllocatorWithDefaultOptions allocator;
    for (size_t i = 0; i < session_.GetInputCount(); ++i) {
      const std::string name = session_.GetInputNameAllocated(i, allocator).get();
      const bool declared = inspected_.shaped_values.count(name) > 0;
      signature_.inputs.emplace_back(name, DescribeType(session_.GetInputTypeInfo(i), declared));
    }
    for (size_t i = 0; i < session_.GetOutputCount(); ++i) {
      const std::string name = session_.GetOutputNameAllocated(i, allocator).get();
      const bool declared = inspected_.shaped_values.count(name) > 0;
      signature_.outputs.emplace_back(name, DescribeType(session_.GetOutputTypeInfo(i), declared));
    }
    for (const auto& [name, type] : signature_.inputs) input_names_.push_back(name.c_str());
    for (const auto& [name, type] : signature_.outputs) output_names_.push_back(name.c_str());
    const Ort::ModelMetadata metadata = session_.GetModelMetadata();
    signature_.graph = metadata.GetGraphNameAllocated(allocator).get();
    signature_.description = metadata.GetDescriptionAllocated(allocator).get();
    for (const auto& key : metadata.GetCustomMetadataMapKeysAllocated(allocator)) {
      signature_.metadata[key.get()] =
          metadata.LookupCustomMetadataMapAllocated(key.get(), allocator).get();
    }
    signature_.producer = inspected_.producer;
    signature_.producer_version = inspected_.producer_version;
    signature_.ir_version = inspected_.ir_version;
    signature_.opsets = inspected_.opsets;
  }

  std::shared_ptr<LoadedRuntime> runtime_;
  InspectedModel inspected_;
  Signature signature_;
  std::vector<const char*> input_names_;  // into signature_
  std::vector<const char*> output_names_;
  Ort::Session session_{nullptr};
};

Status OnnxRuntime::Open(const ServerOptions& options, Log* log,
                         std::shared_ptr<OnnxRuntime>* runtime) {
  auto loaded = std::make_shared<LoadedRuntime>();
  RETURN_IF_ERROR(loaded->Open(options, log));
  *runtime = std::move(loaded);
  return Status::Ok();
}

Status ModelSession::Create(std::shared_ptr<OnnxRuntime> runtime, const void* model, size_t bytes,
                            std::shared_ptr<ModelSession>* session) {
  auto created =
      std::make_shared<OnnxSession>(std::static_pointer_cast<LoadedRuntime>(std::move(runtime)));
  RETURN_IF_ERROR(created->Load(model, bytes));
  *session = std::move(created);
  return Status::Ok();
}

uint64_t CountRows(const Signature& signature, const InferRequest& request) {
  if (signature.inputs.empty() || request.inputs.empty()) return 1;
  const ValueView& value = request.inputs.front();
  if (value.index >= signature.inputs.size() || value.kind != AI_VALUE_TENSOR) return 1;
  const ValueType& type = signature.inputs[value.index].second;
  const bool open = !type.has_shape || (!type.shape.empty() && type.shape.front().size < 0);
  return open && value.rank > 0 ? value.dim(0) : 1;
}

}  // namespace ai_runtime

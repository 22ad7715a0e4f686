// ONNX Runtime, opened with dlopen: its exported symbols carry a version, so linking would tie
// the server to one release. Its headers are the older API, which newer libraries answer.
#include "model_session.h"

#include <dlfcn.h>
#include <onnxruntime_session_options_config_keys.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "empty_sequence_model.h"
#include "onnx_values.h"

namespace ai_runtime {
namespace {

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

bool IsSupported(const ValueType& type) {
  if (type.kind == TypeKind::kTensor) return type.datatype != AI_DATATYPE_INVALID;
  if (type.kind == TypeKind::kMap && type.key_datatype == AI_DATATYPE_INVALID) return false;
  return IsSupported(type.element.at(0));
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

}  // namespace

struct RunControl::Impl {
  Ort::RunOptions options;
};

RunControl::RunControl() = default;
RunControl::~RunControl() = default;
void RunControl::Terminate() {
  std::lock_guard<std::mutex> lock(mu_);
  is_terminated_ = true;
  if (impl_ == nullptr) return;
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

  Status Run(const CheckedRequest& request, RunControl* control, FrameWriter* reply) override {
    return Guard("model failed", [&] {
      std::vector<Ort::Value> inputs;
      inputs.reserve(request.inputs.size());
      for (size_t i = 0; i < request.inputs.size(); ++i) {
        inputs.push_back(
            MakeValue(runtime_.get(), *request.inputs[i], signature_.inputs[i].second));
      }
      const std::vector<Ort::Value> outputs = RunSession(inputs, request.outputs, control);
      for (size_t i = 0; i < outputs.size(); ++i) {
        RETURN_IF_ERROR(WriteValue(outputs[i], request.outputs[i], reply));
      }
      return Status::Ok();
    });
  }

  Status RunBatch(const std::vector<RowSlice>& slices, RunControl* control,
                  OutputSink* sink) override {
    return Guard("model failed", [&] {
      std::vector<Ort::Value> inputs;
      inputs.reserve(signature_.inputs.size());
      for (size_t i = 0; i < signature_.inputs.size(); ++i) {
        inputs.push_back(MakeBatchTensor(slices, i));
      }
      const std::vector<uint16_t>& wanted = slices.front().request->outputs;
      const std::vector<Ort::Value> outputs = RunSession(inputs, wanted, control);
      for (size_t i = 0; i < outputs.size(); ++i) {
        RETURN_IF_ERROR(ShowTensor(outputs[i], wanted[i], sink));
      }
      return Status::Ok();
    });
  }

 private:
  std::vector<Ort::Value> RunSession(const std::vector<Ort::Value>& inputs,
                                     const std::vector<uint16_t>& wanted, RunControl* control) {
    std::vector<const char*> output_names;
    output_names.reserve(wanted.size());
    for (uint16_t index : wanted) output_names.push_back(output_names_[index]);
    return session_.Run(Options(control), input_names_.data(), inputs.data(), inputs.size(),
                        output_names.data(), output_names.size());
  }

  static const Ort::RunOptions& Options(RunControl* control) {
    std::lock_guard<std::mutex> lock(control->mu_);
    if (control->impl_ == nullptr) control->impl_ = std::make_unique<RunControl::Impl>();
    if (control->is_terminated_) control->impl_->options.SetTerminate();
    return control->impl_->options;
  }

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

uint64_t CountRows(const Signature& signature, const CheckedRequest& request) {
  if (signature.inputs.empty()) return 1;
  const ValueView& value = *request.inputs.front();
  if (value.kind != AI_VALUE_TENSOR) return 1;
  const ValueType& type = signature.inputs.front().second;
  const bool open = !type.has_shape || (!type.shape.empty() && type.shape.front().size < 0);
  return open && value.rank > 0 ? value.dim(0) : 1;
}

}  // namespace ai_runtime

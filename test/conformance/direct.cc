// Runs ONNX models on given inputs with ONNX Runtime alone and writes down what comes out, bit
// for bit.
//
// The yardstick of the conformance ring: the same library, the same session options as the
// server's model_session.cc, but no server, no socket and no PostgreSQL between the bytes and the
// result. Reads a file of cases and appends one record per case to a file of results; values.ts
// writes the one and reads the other. The cases run in a child process: when one of them ends the
// child, the parent writes a "crashed" record and goes on with the next case in a new child.
//
//   direct LIBRARY CASES RESULTS RUNS
//
// Each case has a session of its own, which is run RUNS times; the last outputs are the result.
//
// All numbers are little-endian. string: u32 length, bytes. value: u8 kind, then
//   0 absent
//   1 tensor: u8 ONNX element type, u8 rank, i64 dims, u64 bytes, data (strings: each as string)
//   2 sequence: u32 count, values
//   3 map: value of the keys, value of the values
//   4 what the API cannot make (an empty sequence, an absent optional as an input): string bytes of
//     a model without inputs whose output "y" is it
// case:   u32 bytes that follow, string model file, u32 inputs, each string name and value
// result: u32 case, u8 status, string message, u32 outputs, each string name and value
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>
#include <onnxruntime_session_options_config_keys.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr unsigned kCaseSeconds = 60;

enum ResultStatus : uint8_t { kPassed = 0, kLoadFailed = 1, kRunFailed = 2, kCrashed = 3 };
enum ValueKind : uint8_t { kAbsent = 0, kTensor = 1, kSequence = 2, kMap = 3, kMade = 4 };

class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}

  template <typename T>
  T Number() {
    T value;
    std::memcpy(&value, Take(sizeof(T)), sizeof(T));
    return value;
  }
  std::string String() {
    const uint32_t size = Number<uint32_t>();
    return std::string(Take(size), size);
  }
  const char* Take(size_t size) {
    if (size > bytes_.size() - at_) throw std::runtime_error("the file of cases is cut short");
    const char* start = bytes_.data() + at_;
    at_ += size;
    return start;
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

class Writer {
 public:
  template <typename T>
  void Number(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void String(const std::string& text) {
    Number<uint32_t>(static_cast<uint32_t>(text.size()));
    out_.append(text);
  }
  void Bytes(const void* data, size_t size) { out_.append(static_cast<const char*>(data), size); }
  const std::string& bytes() const { return out_; }

 private:
  std::string out_;
};

Ort::Value ReadTensor(Reader& in, Ort::AllocatorWithDefaultOptions& allocator) {
  const auto type = static_cast<ONNXTensorElementDataType>(in.Number<uint8_t>());
  std::vector<int64_t> dims(in.Number<uint8_t>());
  size_t count = 1;
  for (int64_t& dim : dims) {
    dim = in.Number<int64_t>();
    count *= static_cast<size_t>(dim);
  }
  const auto size = in.Number<uint64_t>();
  Ort::Value value = Ort::Value::CreateTensor(allocator, dims.data(), dims.size(), type);
  if (type != ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
    const char* data = in.Take(size);
    if (size > 0) std::memcpy(value.GetTensorMutableRawData(), data, size);
    return value;
  }
  for (size_t i = 0; i < count; i++) value.FillStringTensorElement(in.String().c_str(), i);
  return value;
}

// The only output of a model without inputs.
Ort::Value RunMaker(const Ort::Env& env, const std::string& model) {
  Ort::Session session(env, model.data(), model.size(), Ort::SessionOptions{});
  const char* name = "y";
  return std::move(session.Run(Ort::RunOptions{}, nullptr, nullptr, 0, &name, 1).at(0));
}

Ort::Value ReadValue(const Ort::Env& env, Reader& in,
                     Ort::AllocatorWithDefaultOptions& allocator) {
  switch (in.Number<uint8_t>()) {
    case kTensor:
      return ReadTensor(in, allocator);
    case kSequence: {
      std::vector<Ort::Value> elements;
      const uint32_t count = in.Number<uint32_t>();
      for (uint32_t i = 0; i < count; i++) elements.push_back(ReadValue(env, in, allocator));
      return Ort::Value::CreateSequence(elements);
    }
    case kMade:
      return RunMaker(env, in.String());
    default:
      throw std::runtime_error("unknown kind of value in the file of cases");
  }
}

size_t ElementSize(ONNXTensorElementDataType type) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8:
      return 1;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16:
      return 2;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT:
      return 4;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE:
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_COMPLEX64:
      return 8;
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_COMPLEX128:
      return 16;
    default:
      throw std::runtime_error("element type " + std::to_string(type) + " has no size");
  }
}

void WriteTensor(Writer& out, const Ort::Value& value) {
  const auto info = value.GetTensorTypeAndShapeInfo();
  const auto type = info.GetElementType();
  const auto dims = info.GetShape();
  out.Number<uint8_t>(static_cast<uint8_t>(type));
  out.Number<uint8_t>(static_cast<uint8_t>(dims.size()));
  for (const int64_t dim : dims) out.Number(dim);
  const size_t count = info.GetElementCount();
  if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING) {
    Writer strings;
    for (size_t i = 0; i < count; i++) strings.String(value.GetStringTensorElement(i));
    out.Number<uint64_t>(strings.bytes().size());
    out.Bytes(strings.bytes().data(), strings.bytes().size());
    return;
  }
  const size_t size = count * ElementSize(type);
  out.Number<uint64_t>(size);
  out.Bytes(value.GetTensorRawData(), size);
}

void WriteValue(Writer& out, const Ort::Value& value,
                Ort::AllocatorWithDefaultOptions& allocator) {
  if (!value || !value.HasValue()) {
    out.Number<uint8_t>(kAbsent);
    return;
  }
  switch (value.GetTypeInfo().GetONNXType()) {
    case ONNX_TYPE_TENSOR:
      out.Number<uint8_t>(kTensor);
      WriteTensor(out, value);
      return;
    case ONNX_TYPE_SEQUENCE: {
      const size_t count = value.GetCount();
      out.Number<uint8_t>(kSequence);
      out.Number<uint32_t>(static_cast<uint32_t>(count));
      for (size_t i = 0; i < count; i++) {
        WriteValue(out, value.GetValue(static_cast<int>(i), allocator), allocator);
      }
      return;
    }
    case ONNX_TYPE_MAP:
      out.Number<uint8_t>(kMap);
      WriteValue(out, value.GetValue(0, allocator), allocator);
      WriteValue(out, value.GetValue(1, allocator), allocator);
      return;
    default:
      throw std::runtime_error("output of a kind that has no form here");
  }
}

// Runs one case and writes its outputs; sets status before each step that can fail.
void RunCase(const Ort::Env& env, Reader in, int runs, Writer& outputs, ResultStatus& status) {
  status = kLoadFailed;
  Ort::AllocatorWithDefaultOptions allocator;
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  options.SetInterOpNumThreads(1);
  options.AddConfigEntry(kOrtSessionOptionsConfigAllowIntraOpSpinning, "0");
  Ort::Session session(env, in.String().c_str(), options);
  status = kRunFailed;
  std::vector<std::string> given(in.Number<uint32_t>());
  std::vector<Ort::Value> inputs;
  for (std::string& name : given) {
    name = in.String();
    inputs.push_back(ReadValue(env, in, allocator));
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < session.GetOutputCount(); i++) {
    names.emplace_back(session.GetOutputNameAllocated(i, allocator).get());
  }
  std::vector<const char*> in_names, out_names;
  for (const auto& name : given) in_names.push_back(name.c_str());
  for (const auto& name : names) out_names.push_back(name.c_str());
  std::vector<Ort::Value> values;
  for (int run = 0; run < runs; run++) {
    values = session.Run(Ort::RunOptions{}, in_names.data(), inputs.data(), inputs.size(),
                         out_names.data(), out_names.size());
  }
  outputs.Number<uint32_t>(static_cast<uint32_t>(names.size()));
  for (size_t i = 0; i < names.size(); i++) {
    outputs.String(names[i]);
    WriteValue(outputs, values[i], allocator);
  }
  status = kPassed;
}

void AppendResult(int fd, uint32_t index, ResultStatus status, const std::string& message,
                  const std::string& outputs) {
  Writer record;
  record.Number(index);
  record.Number<uint8_t>(status);
  record.String(message);
  record.Bytes(outputs.data(), outputs.size());
  if (status != kPassed) record.Number<uint32_t>(0);
  for (size_t done = 0; done < record.bytes().size();) {
    const ssize_t n = write(fd, record.bytes().data() + done, record.bytes().size() - done);
    if (n < 0) throw std::runtime_error("cannot write the file of results");
    done += static_cast<size_t>(n);
  }
}

// Runs the cases from first on; *current always says which case is under way.
int RunCases(const std::string& bytes, uint32_t first, int runs, int fd,
             volatile uint32_t* current) {
  const Ort::Env env(ORT_LOGGING_LEVEL_FATAL, "direct");
  Reader in(bytes);
  const uint32_t count = in.Number<uint32_t>();
  for (uint32_t i = 0; i < count; i++) {
    const std::string one = in.String();
    if (i < first) continue;
    *current = i;
    alarm(kCaseSeconds);
    Writer outputs;
    ResultStatus status = kLoadFailed;
    std::string message;
    try {
      RunCase(env, Reader(one), runs, outputs, status);
    } catch (const std::exception& e) {
      message = e.what();
    }
    AppendResult(fd, i, status, message, outputs.bytes());
  }
  alarm(0);
  return 0;
}

void OpenLibrary(const char* file) {
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(dlerror());
  using GetApiBase = const OrtApiBase* (*)();
  auto get_base = reinterpret_cast<GetApiBase>(dlsym(library, "OrtGetApiBase"));
  if (get_base == nullptr) throw std::runtime_error("OrtGetApiBase is missing");
  const OrtApi* api = get_base()->GetApi(ORT_API_VERSION);
  if (api == nullptr) throw std::runtime_error("the library is older than the headers");
  Ort::InitApi(api);
  std::printf("%s\n", get_base()->GetVersionString());
  std::fflush(stdout);
}

int Main(const char* library, const char* cases, const char* results, int runs) {
  std::ifstream file(cases, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const uint32_t count = Reader(bytes).Number<uint32_t>();
  const int fd = open(results, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0644);
  if (fd < 0) throw std::runtime_error("cannot create the file of results");
  auto* current = static_cast<uint32_t*>(
      mmap(nullptr, sizeof(uint32_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  OpenLibrary(library);
  for (uint32_t first = 0; first < count; first = *current + 1) {
    const pid_t child = fork();
    if (child == 0) _exit(RunCases(bytes, first, runs, fd, current));
    int ended = 0;
    waitpid(child, &ended, 0);
    if (WIFEXITED(ended) && WEXITSTATUS(ended) == 0) break;
    if (*current < first) throw std::runtime_error("the child ended before its first case");
    const std::string how = WIFSIGNALED(ended) ? strsignal(WTERMSIG(ended)) : "exit";
    AppendResult(fd, *current, kCrashed, how, "");
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: direct LIBRARY CASES RESULTS RUNS\n");
    return 2;
  }
  try {
    setenv("ORT_DISABLE_TELEMETRY", "1", 1);
    return Main(argv[1], argv[2], argv[3], std::atoi(argv[4]));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "direct: %s\n", e.what());
    return 1;
  }
}

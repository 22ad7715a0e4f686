// ONNX Runtime alone in a loop over an array of rows: the most that any way to a model can give.
//
// The same library and the same session options as the server's model_session.cc, but no server,
// no socket and no PostgreSQL. The process stays while the other sides are measured, and waits.
//
//   raw_ort LIBRARY MODEL ROWS WIDTH
//
// ROWS is a file of float32, row after row. Each line of standard input is an order:
//   run BATCH COUNT     predicts the first COUNT rows in batches; answers "SECONDS SUM CPU_SECONDS"
//   write FILE          predicts every row and writes the predictions as float32; answers "COUNT"
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>
#include <onnxruntime_session_options_config_keys.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr size_t kWriteBatch = 256;

// The rows of a file, mapped into memory and read once so that no run waits for the disk.
class Rows {
 public:
  Rows(const char* file, size_t width) : width_(width) {
    const int fd = open(file, O_RDONLY);
    struct stat found;
    if (fd < 0 || fstat(fd, &found) != 0) throw std::runtime_error("cannot read the rows");
    const size_t size = static_cast<size_t>(found.st_size);
    void* mapped = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_POPULATE, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED) throw std::runtime_error("cannot map the rows");
    values_ = static_cast<float*>(mapped);
    count_ = size / sizeof(float) / width;
  }
  // ONNX Runtime asks for a pointer to non-const and does not write through it.
  float* Row(size_t i) const { return values_ + i * width_; }
  size_t count() const { return count_; }
  size_t width() const { return width_; }

 private:
  float* values_;
  size_t width_;
  size_t count_;
};

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
}

Ort::SessionOptions Options() {
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  options.SetInterOpNumThreads(1);
  options.SetExecutionMode(ORT_SEQUENTIAL);
  options.AddConfigEntry(kOrtSessionOptionsConfigAllowIntraOpSpinning, "0");
  return options;
}

class Loop {
 public:
  Loop(const Ort::Env& env, const char* model, const Rows& rows)
      : session_(env, model, Options()), rows_(rows) {}

  // The predictions of `count` rows from `first` on, in one execution.
  void Predict(size_t first, size_t count, float* predictions) {
    const int64_t in_shape[] = {static_cast<int64_t>(count), static_cast<int64_t>(rows_.width())};
    const int64_t out_shape[] = {static_cast<int64_t>(count), 1};
    const Ort::Value in = Ort::Value::CreateTensor<float>(memory_, rows_.Row(first),
                                                          count * rows_.width(), in_shape, 2);
    Ort::Value out = Ort::Value::CreateTensor<float>(memory_, predictions, count, out_shape, 2);
    const char* in_name = "x";
    const char* out_name = "y";
    session_.Run(run_options_, &in_name, &in, 1, &out_name, &out, 1);
  }

  // The sum of the predictions of the first `count` rows.
  double Run(size_t batch, size_t count) {
    std::vector<float> predictions(batch);
    double sum = 0;
    for (size_t first = 0; first < count; first += batch) {
      const size_t size = std::min(batch, count - first);
      Predict(first, size, predictions.data());
      for (size_t i = 0; i < size; i++) sum += static_cast<double>(predictions[i]);
    }
    return sum;
  }

  void Write(const std::string& file) {
    std::vector<float> predictions(rows_.count());
    for (size_t first = 0; first < rows_.count(); first += kWriteBatch) {
      Predict(first, std::min(kWriteBatch, rows_.count() - first), predictions.data() + first);
    }
    std::ofstream out(file, std::ios::binary);
    out.write(reinterpret_cast<const char*>(predictions.data()),
              static_cast<std::streamsize>(predictions.size() * sizeof(float)));
    if (!out.flush()) throw std::runtime_error("cannot write the predictions");
  }

 private:
  Ort::Session session_;
  Ort::RunOptions run_options_;
  Ort::MemoryInfo memory_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  const Rows& rows_;
};

void Obey(const std::string& line, Loop& loop, const Rows& rows) {
  std::istringstream in(line);
  std::string order, file;
  size_t batch = 0, count = 0;
  in >> order;
  if (order == "write" && in >> file) {
    loop.Write(file);
    std::printf("%zu\n", rows.count());
  } else if (order == "run" && in >> batch >> count && batch > 0 && count <= rows.count()) {
    const auto started = std::chrono::steady_clock::now();
    const std::clock_t cpu_started = std::clock();
    const double sum = loop.Run(batch, count);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    const double cpu = static_cast<double>(std::clock() - cpu_started) / CLOCKS_PER_SEC;
    std::printf("%.9f %.17g %.6f\n", took.count(), sum, cpu);
  } else {
    throw std::runtime_error("not an order: " + line);
  }
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: raw_ort LIBRARY MODEL ROWS WIDTH\n");
    return 2;
  }
  try {
    setenv("ORT_DISABLE_TELEMETRY", "1", 1);
    OpenLibrary(argv[1]);
    const Rows rows(argv[3], static_cast<size_t>(std::atoi(argv[4])));
    const Ort::Env env(ORT_LOGGING_LEVEL_ERROR, "raw_ort");
    Loop loop(env, argv[2], rows);
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) Obey(line, loop, rows);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "raw_ort: %s\n", e.what());
    return 1;
  }
}

// The face that Node sees: start, stats, log lines, stop. The only file that knows N-API.
//
// No request passes through here: the threads of InferenceServer serve the socket without Node.
// An error of start() is thrown in JavaScript with its code, detail and hint.
#include <napi.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "inference_server.h"

namespace ai_runtime {
namespace {

// One server a process. It is never destroyed while a run may be under way: exit() leaves it.
InferenceServer* server = nullptr;

void Throw(Napi::Env env, const Status& status) {
  Napi::Error error = Napi::Error::New(env, status.message());
  error.Set("code", StatusCodeName(status.code()));
  error.Set("detail", status.detail());
  error.Set("hint", status.hint());
  error.ThrowAsJavaScriptException();
}

std::string GetText(const Napi::Object& from, const char* key) {
  return from.Get(key).ToString().Utf8Value();
}

double GetNumber(const Napi::Object& from, const char* key) {
  return from.Get(key).ToNumber().DoubleValue();
}

ServerOptions ReadOptions(const Napi::Object& from) {
  ServerOptions options;
  options.socket_path = GetText(from, "socketPath");
  options.version = GetText(from, "version");
  options.onnxruntime_path = GetText(from, "onnxruntimePath");
  options.intra_op_threads = static_cast<int>(GetNumber(from, "intraOpThreads"));
  options.threads = static_cast<int>(GetNumber(from, "threads"));
  options.session_memory_limit_bytes =
      static_cast<uint64_t>(GetNumber(from, "sessionMemoryLimitBytes"));
  options.max_spin_us = static_cast<uint32_t>(GetNumber(from, "maxSpinUs"));
  options.max_queued_requests = static_cast<uint32_t>(GetNumber(from, "maxQueuedRequests"));
  options.dynamic_batching = from.Get("dynamicBatching").ToBoolean().Value();
  options.max_batch_size = static_cast<uint32_t>(GetNumber(from, "maxBatchSize"));
  options.max_queue_delay_us = static_cast<uint32_t>(GetNumber(from, "maxQueueDelayUs"));
  options.delay_scheduler = static_cast<uint32_t>(GetNumber(from, "delayScheduler"));
  options.execution_providers.clear();
  const Napi::Array providers = from.Get("executionProviders").As<Napi::Array>();
  for (uint32_t i = 0; i < providers.Length(); ++i) {
    options.execution_providers.push_back(providers.Get(i).ToString().Utf8Value());
  }
  return options;
}

// start(options): {onnxruntimeVersion}
Napi::Value Start(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (server != nullptr) {
    Throw(env, Status(AI_STATUS_ALREADY_EXISTS, "the server is started already"));
    return env.Undefined();
  }
  auto started = std::make_unique<InferenceServer>(ReadOptions(info[0].As<Napi::Object>()));
  Status status = started->Start();
  if (!status.ok()) {
    Throw(env, status);
    return env.Undefined();
  }
  server = started.release();
  Napi::Object result = Napi::Object::New(env);
  result.Set("onnxruntimeVersion", server->onnxruntime_version());
  return result;
}

Napi::Value Stats(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  const ServerStats stats = server == nullptr ? ServerStats() : server->stats();
  Napi::Object result = Napi::Object::New(env);
  const auto set = [&](const char* key, uint64_t value) {
    result.Set(key, Napi::Number::New(env, static_cast<double>(value)));
  };
  set("ioTick", stats.io_tick);
  set("sessions", stats.sessions);
  set("sessionBytes", stats.session_bytes);
  set("connections", stats.connections);
  set("inferenceCount", stats.inference_count);
  set("queued", stats.queued);
  return result;
}

// takeLog(): [{level, text}]
Napi::Value TakeLog(const Napi::CallbackInfo& info) {
  static const char* const kLevels[] = {"debug", "info", "warning", "error"};
  Napi::Env env = info.Env();
  Napi::Array result = Napi::Array::New(env);
  if (server == nullptr) return result;
  for (const LogLine& line : server->TakeLog()) {
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("level", kLevels[static_cast<int>(line.level)]);
    entry.Set("text", line.text);
    result.Set(result.Length(), entry);
  }
  return result;
}

// stop(drainMs): true when all threads have ended.
Napi::Value Stop(const Napi::CallbackInfo& info) {
  bool ended = server == nullptr || server->Stop(info[0].ToNumber().Int32Value());
  if (ended) {
    delete server;
    server = nullptr;
  }
  return Napi::Boolean::New(info.Env(), ended);
}

// exit(code): ends the process at once, threads that run a model included.
Napi::Value Exit(const Napi::CallbackInfo& info) { _exit(info[0].ToNumber().Int32Value()); }

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("start", Napi::Function::New(env, Start));
  exports.Set("stats", Napi::Function::New(env, Stats));
  exports.Set("takeLog", Napi::Function::New(env, TakeLog));
  exports.Set("stop", Napi::Function::New(env, Stop));
  exports.Set("exit", Napi::Function::New(env, Exit));
  return exports;
}

NODE_API_MODULE(ai_runtime_server, Init)

}  // namespace
}  // namespace ai_runtime

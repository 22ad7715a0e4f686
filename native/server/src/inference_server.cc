// The order of birth is the order of the street, downwards; of death, upwards.
#include "inference_server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <utility>

#include "json_writer.h"

namespace ai_runtime {
namespace {

// Every connection takes a descriptor: the process may use all it is allowed.
void RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

InferenceServer::InferenceServer(ServerOptions options) : options_(std::move(options)) {
  if (options_.threads <= 0) {
    options_.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
}

InferenceServer::~InferenceServer() { (void)Stop(0); }

Status InferenceServer::Start() {
  RaiseDescriptorLimit();
  RETURN_IF_ERROR(OnnxRuntime::Open(options_, &log_, &runtime_));
  repository_ = std::make_unique<ModelRepository>(
      [this](const void* model, size_t bytes, std::shared_ptr<ModelSession>* session) {
        return ModelSession::Create(runtime_, model, bytes, session);
      },
      options_.session_memory_limit_bytes);
  handler_ = std::make_unique<RequestHandler>(options_, repository_.get(), &metrics_,
                                              [this] { return MetadataJson(); });
  io_ = std::make_unique<IoThread>(options_, handler_.get(), &metrics_, &log_);
  handler_->Start(io_.get());
  for (int i = 0; i < options_.threads; ++i) {
    workers_.emplace_back([this] { handler_->Work(); });
  }
  started_at_unix_ms_ = UnixMilliseconds();
  Status status = io_->Start();
  if (!status.ok()) (void)Stop(0);
  return status;
}

bool InferenceServer::WaitUntilIdle(int timeout_ms) const {
  const auto until = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (handler_->under_way() > 0 || handler_->working() > 0) {
    if (Clock::now() >= until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

bool InferenceServer::Stop(int drain_ms) {
  if (io_ == nullptr) return true;
  io_->StopAccepting();
  (void)WaitUntilIdle(drain_ms);
  io_->Stop();  // sends what is finished, cancels what is not
  constexpr int kTerminateMs = 1000;
  if (!WaitUntilIdle(kTerminateMs)) return false;
  handler_->Close();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
  handler_.reset();
  io_.reset();
  repository_.reset();
  return true;
}

ServerStats InferenceServer::stats() const {
  ServerStats stats = {};
  if (io_ == nullptr) return stats;
  stats.io_tick = metrics_.io_tick;
  stats.sessions = repository_->session_count();
  stats.session_bytes = repository_->session_bytes();
  stats.connections = metrics_.connections;
  stats.inference_count = metrics_.inference_count;
  stats.queued = handler_->queued();
  stats.under_way = handler_->under_way();
  return stats;
}

std::string InferenceServer::MetadataJson() const {
  const ServerStats now = stats();
  JsonWriter json;
  const auto number = [&json](const char* key, uint64_t value) {
    json.Key(key).Number(static_cast<int64_t>(value));
  };
  json.BeginObject();
  json.Key("name").String("ai_runtime");
  json.Key("version").String(options_.version);
  number("protocol", AI_PROTOCOL_VERSION);
  json.Key("ort_version").String(runtime_->version());
  number("pid", static_cast<uint64_t>(getpid()));
  number("started_at_unix_ms", static_cast<uint64_t>(started_at_unix_ms_));
  json.Key("execution_providers").BeginArray();
  for (const std::string& provider : runtime_->providers()) json.String(provider);
  json.EndArray();
  number("intra_op_threads", static_cast<uint64_t>(options_.intra_op_threads));
  number("threads", static_cast<uint64_t>(options_.threads));
  number("session_memory_limit_bytes", options_.session_memory_limit_bytes);
  number("max_queued_requests", options_.max_queued_requests);
  json.Key("dynamic_batching").Boolean(options_.dynamic_batching);
  number("max_batch_size", options_.max_batch_size);
  number("max_queue_delay_us", options_.max_queue_delay_us);
  number("sessions", now.sessions);
  number("session_bytes", now.session_bytes);
  number("connections", now.connections);
  number("queued", now.queued);
  number("inference_count", now.inference_count);
  json.EndObject();
  return json.text();
}

}  // namespace ai_runtime

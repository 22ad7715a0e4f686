// Small messages are answered where they are read. A request for a model waits for it to be
// loaded, then runs on the I/O thread when it is known to be short, else on a worker: waking a
// worker costs more than a small model takes.
#include "request_handler.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace ai_runtime {
namespace {

uint64_t Nanoseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

Status StopStatus(AiStatusCode reason) {
  return reason == AI_STATUS_DEADLINE_EXCEEDED ? Status(reason, "inference request ran out of time")
                                               : Status(reason, "inference request was cancelled");
}

// Longer than anybody waits, and short enough to be added to a clock.
constexpr uint64_t kMaxTimeoutUs = uint64_t{1} << 50;

}  // namespace

RequestHandler::RequestHandler(const ServerOptions& options, ModelRepository* repository,
                               ServerMetrics* metrics, std::function<std::string()> server_json)
    : options_(options),
      repository_(repository),
      metrics_(metrics),
      server_json_(std::move(server_json)),
      upload_budget_(std::make_shared<UploadBudget>(kMaxUploadBytes)),
      queue_(options.max_queued_requests),
      watchdog_([this](const RequestPtr& request) { Stop(request, AI_STATUS_DEADLINE_EXCEEDED); }) {
}

void RequestHandler::Start(ReplyPort* port) {
  port_ = port;
  watchdog_.Start();
}

void RequestHandler::Close() {
  queue_.Close();
  watchdog_.Stop();
}

Buffer RequestHandler::Handle(Connection* connection, const AiFrameHeader& header, Buffer payload) {
  const uint16_t response = static_cast<uint16_t>(header.type + 1);
  try {
    switch (header.type) {
      case AI_SERVER_LIVE_REQUEST:
        return EncodeResponse(response, header.request_id, nullptr, 0);
      case AI_ECHO_REQUEST:
        return EncodeResponse(response, header.request_id, payload.data(), payload.size());
      case AI_SERVER_METADATA_REQUEST:
      case AI_MODEL_STATISTICS_REQUEST: {
        const std::string json = header.type == AI_SERVER_METADATA_REQUEST
                                     ? server_json_()
                                     : repository_->StatisticsJson();
        return EncodeResponse(response, header.request_id, json.data(), json.size());
      }
      case AI_MODEL_UNLOAD_REQUEST:
        return HandleUnload(connection, header, payload);
      case AI_MODEL_LOAD_REQUEST:
        return HandleLoad(connection, header, std::move(payload));
      case AI_MODEL_INFER_REQUEST:
      case AI_MODEL_METADATA_REQUEST:
        return HandleForModel(connection, header, std::move(payload));
      default:
        return EncodeError(header.request_id, Status(AI_STATUS_UNSUPPORTED,
                                                     "message type " + std::to_string(header.type) +
                                                         " is not supported"));
    }
  } catch (const std::bad_alloc&) {
    return EncodeError(header.request_id, Status(AI_STATUS_RESOURCE_EXHAUSTED,
                                                 "out of memory in the inference server"));
  }
}

Buffer RequestHandler::HandleUnload(Connection* connection, const AiFrameHeader& header,
                                    const Buffer& payload) {
  auto request = std::make_shared<Request>();
  Status status = DecodeModelDigest(payload.data(), payload.size(), &request->sha256);
  if (!status.ok()) return EncodeError(header.request_id, status);
  request->connection_id = connection->id();
  request->request_id = header.request_id;
  request->type = header.type;
  request->received_at = Clock::now();
  connection->requests.push_back(request);
  under_way_.fetch_add(1);
  Enqueue(request);  // freeing a large session takes long: not on the I/O thread
  return Buffer();
}

void RequestHandler::ExecuteUnload(const RequestPtr& request) {
  uint32_t dropped = 0;
  if (LoadedModelPtr model = repository_->Unload(request->sha256)) dropped = 1;
  Answer(request,
         EncodeResponse(AI_MODEL_UNLOAD_RESPONSE, request->request_id, &dropped, sizeof(dropped)));
}

Buffer RequestHandler::HandleLoad(Connection* connection, const AiFrameHeader& header,
                                  Buffer payload) {
  AiModelLoadHeader load;
  const uint8_t* chunk;
  Status status = DecodeModelLoad(payload.data(), payload.size(), &load, &chunk);
  if (!status.ok()) {
    connection->upload.reset();
    return EncodeError(header.request_id, status);
  }
  if (load.offset == 0) {
    connection->upload.reset();  // gives its memory back first
    connection->upload =
        std::make_unique<ModelUpload>(load, options_.session_memory_limit_bytes, upload_budget_);
  }
  const bool is_last = load.offset + load.chunk_bytes == load.total_bytes;
  if (connection->upload == nullptr) {
    if (!is_last) return Buffer();
    return EncodeError(header.request_id,
                       Status(AI_STATUS_PROTOCOL_VIOLATION, "chunks of a model are out of order",
                              "The first chunk is missing."));
  }
  connection->upload->Add(load, chunk);
  if (!is_last) return Buffer();
  auto request = std::make_shared<Request>();
  request->upload = std::move(connection->upload);
  if (!request->upload->status().ok()) {
    return EncodeError(header.request_id, request->upload->status());
  }
  request->connection_id = connection->id();
  request->request_id = header.request_id;
  request->type = header.type;
  request->sha256 = request->upload->sha256();
  request->received_at = Clock::now();
  connection->requests.push_back(request);
  under_way_.fetch_add(1);
  Enqueue(request);
  return Buffer();
}

Status RequestHandler::ReadTarget(Request* request) {
  const Buffer& payload = request->payload;
  if (request->type == AI_MODEL_METADATA_REQUEST) {
    return DecodeModelDigest(payload.data(), payload.size(), &request->sha256);
  }
  AiInferRequestHeader infer;
  RETURN_IF_ERROR(DecodeInferHeader(payload.data(), payload.size(), &infer));
  std::memcpy(request->sha256.data(), infer.sha256, request->sha256.size());
  if (infer.timeout_us > 0 && infer.timeout_us < kMaxTimeoutUs) {
    request->deadline = request->received_at + std::chrono::microseconds(infer.timeout_us);
  }
  return Status::Ok();
}

Buffer RequestHandler::HandleForModel(Connection* connection, const AiFrameHeader& header,
                                      Buffer payload) {
  auto request = std::make_shared<Request>();
  request->connection_id = connection->id();
  request->request_id = header.request_id;
  request->type = header.type;
  request->payload = std::move(payload);
  request->received_at = Clock::now();
  Status status = ReadTarget(request.get());
  if (!status.ok()) return EncodeError(header.request_id, status);
  connection->requests.push_back(request);
  under_way_.fetch_add(1);
  watchdog_.Add(request);
  Route(request, true);
  return Buffer();
}

void RequestHandler::Route(const RequestPtr& request, bool may_run_inline) {
  LoadedModelPtr model;
  switch (repository_->Find(request->sha256, &model, [this, request] { Route(request, false); })) {
    case ModelRepository::Presence::kLoading:
      return;
    case ModelRepository::Presence::kUnknown:
      if (!request->LeaveWaiting(RequestState::kDone)) return;
      Answer(request, EncodeError(request->request_id,
                                  Status(AI_STATUS_MODEL_UNKNOWN,
                                         "model " + ToHex(request->sha256) + " is not loaded")));
      return;
    case ModelRepository::Presence::kReady:
      break;
  }
  if (request->type == AI_MODEL_METADATA_REQUEST) {
    if (!request->LeaveWaiting(RequestState::kDone)) return;
    Answer(request, EncodeResponse(AI_MODEL_METADATA_RESPONSE, request->request_id,
                                   model->metadata_json.data(), model->metadata_json.size()));
    return;
  }
  request->model = std::move(model);
  if (may_run_inline && ShouldRunInline(*request)) {
    Execute(request);
  } else {
    Enqueue(request);
  }
}

bool RequestHandler::ShouldRunInline(const Request& request) const {
  return request.model->may_run_inline && request.payload.size() <= kMaxInlinePayloadBytes &&
         request.model->metrics->ExpectedComputeUs(request.payload.size()) <= kMaxInlineComputeUs &&
         queue_.size() == 0;
}

void RequestHandler::Enqueue(const RequestPtr& request) {
  if (queue_.Push(request)) return;
  if (!request->LeaveWaiting(RequestState::kDone)) return;
  Answer(request, EncodeError(request->request_id,
                              Status(AI_STATUS_UNAVAILABLE, "inference queue is full",
                                     "At most " + std::to_string(options_.max_queued_requests) +
                                         " requests wait.",
                                     "Try again later, or let fewer sessions ask at a time.")));
}

void RequestHandler::Work() {
  while (RequestPtr request = queue_.Pop()) Execute(request);
}

void RequestHandler::Execute(const RequestPtr& request) {
  if (!request->LeaveWaiting(RequestState::kRunning)) return;
  if (request->type == AI_MODEL_LOAD_REQUEST) {
    ExecuteLoad(request);
  } else if (request->type == AI_MODEL_UNLOAD_REQUEST) {
    ExecuteUnload(request);
  } else {
    ExecuteInfer(request);
  }
}

void RequestHandler::ExecuteLoad(const RequestPtr& request) {
  Status status;
  if (const AiStatusCode reason = request->stop_code; reason != AI_STATUS_OK) {
    status = StopStatus(reason);
  } else {
    const Buffer& model = request->upload->bytes();
    bool waits;
    // Another connection is loading the same model: this request starts again afterwards.
    status = repository_->Load(
        request->sha256, model.data(), model.size(),
        [this, request] {
          request->state.store(RequestState::kWaiting);
          Enqueue(request);
        },
        &waits);
    if (waits) return;
  }
  request->upload.reset();
  Answer(request, status.ok()
                      ? EncodeResponse(AI_MODEL_LOAD_RESPONSE, request->request_id, nullptr, 0)
                      : EncodeError(request->request_id, status));
}

Status RequestHandler::RunModel(Request* request, FrameWriter* reply) {
  const Clock::time_point started = Clock::now();
  const uint64_t queue_ns = Nanoseconds(started - request->received_at);
  InferRequest infer;
  RETURN_IF_ERROR(DecodeInferRequest(request->payload.data(), request->payload.size(), &infer));
  AiInferResponseHeader header = {};
  RETURN_IF_ERROR(reply->Append(&header, sizeof(header)));
  RunControl control;
  {
    std::lock_guard<std::mutex> lock(request->mu);
    request->control = &control;
  }
  Status status;
  if (request->stop_code == AI_STATUS_OK) {
    status = request->model->session->Run(infer, &control, reply);
  }
  {
    std::lock_guard<std::mutex> lock(request->mu);
    request->control = nullptr;
  }
  const AiStatusCode reason = request->stop_code;
  if (reason != AI_STATUS_OK) status = StopStatus(reason);
  const uint64_t compute_ns = Nanoseconds(Clock::now() - started);
  const uint64_t rows = CountRows(request->model->session->signature(), infer);
  request->model->metrics->AddExecution(rows, queue_ns, compute_ns, request->payload.size(),
                                        status.ok());
  RETURN_IF_ERROR(status);
  metrics_->inference_count.fetch_add(rows, std::memory_order_relaxed);
  header.queue_duration_us = queue_ns / 1000;
  header.compute_infer_duration_us = compute_ns / 1000;
  header.execution_count = 1;
  header.execution_rows = rows;
  header.output_count = static_cast<uint32_t>(
      infer.outputs.empty() ? request->model->session->signature().outputs.size()
                            : infer.outputs.size());
  std::memcpy(reply->payload(), &header, sizeof(header));
  return status;
}

void RequestHandler::ExecuteInfer(const RequestPtr& request) {
  try {
    FrameWriter reply(AI_MODEL_INFER_RESPONSE, request->request_id);
    Status status = RunModel(request.get(), &reply);
    Answer(request, status.ok() ? reply.Finish() : EncodeError(request->request_id, status));
  } catch (const std::bad_alloc&) {
    Answer(request,
           EncodeError(request->request_id, Status(AI_STATUS_RESOURCE_EXHAUSTED,
                                                   "out of memory in the inference server")));
  }
}

void RequestHandler::Stop(const RequestPtr& request, AiStatusCode reason) {
  AiStatusCode none = AI_STATUS_OK;
  request->stop_code.compare_exchange_strong(none, reason);
  if (request->LeaveWaiting(RequestState::kDone)) {
    queue_.Remove(request);
    Answer(request, EncodeError(request->request_id, StopStatus(reason)));
    return;
  }
  std::lock_guard<std::mutex> lock(request->mu);
  if (request->control != nullptr) request->control->Terminate();
}

void RequestHandler::Answer(const RequestPtr& request, Buffer frame) {
  request->state.store(RequestState::kDone);
  watchdog_.Remove(request);
  request->model.reset();
  port_->Reply(request, std::move(frame));
  under_way_.fetch_sub(1);  // last: a server that drains waits for the reply, too
}

}  // namespace ai_runtime

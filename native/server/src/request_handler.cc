// Small messages are answered where they are read. A request for a model waits for it to be
// loaded, then for the end of the I/O thread's turn, when all that came meanwhile is known. Short
// executions run on the I/O thread, others on a worker: waking one costs more than a small model
// takes.
#include "request_handler.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "batch_terms.h"

namespace ai_runtime {
namespace {

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
      queue_(options.max_queued_requests, options.delay_scheduler),
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
                                     : repository_->StatisticsJson(options_.max_batch_size);
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
  Enqueue(request, true);  // freeing a large session takes long: not on the I/O thread
  return Buffer();
}

void RequestHandler::ExecuteUnload(const RequestPtr& request) {
  uint32_t dropped = 0;
  if (LoadedModelPtr model = repository_->Unload(request->sha256)) dropped = 1;
  if (!request->End()) return;
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
  Enqueue(request, true);
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

void RequestHandler::Route(const RequestPtr& request, bool is_on_io_thread) {
  LoadedModelPtr model;
  switch (repository_->Find(request->sha256, &model, [this, request] { Route(request, false); })) {
    case ModelRepository::Presence::kLoading:
      return;
    case ModelRepository::Presence::kUnknown:
      if (!request->End()) return;
      Answer(request, EncodeError(request->request_id,
                                  Status(AI_STATUS_MODEL_UNKNOWN,
                                         "model " + ToHex(request->sha256) + " is not loaded")));
      return;
    case ModelRepository::Presence::kReady:
      break;
  }
  if (request->type == AI_MODEL_METADATA_REQUEST) {
    if (!request->End()) return;
    Answer(request, EncodeResponse(AI_MODEL_METADATA_RESPONSE, request->request_id,
                                   model->metadata_json.data(), model->metadata_json.size()));
    return;
  }
  {
    // A deadline or a hang-up may look at it on another thread.
    std::lock_guard<std::mutex> lock(request->mu);
    request->model = std::move(model);
  }
  if (request->payload.size() > kMaxInlinePayloadBytes) {
    Enqueue(request, true);  // looking at all its values may take long: a worker checks it
    return;
  }
  const Status status = Check(request.get());
  if (!status.ok()) {
    Fail(request, status);
  } else if (is_on_io_thread) {
    EnqueueInTurn(request);
  } else {
    Enqueue(request, true);
  }
}

void RequestHandler::EnqueueInTurn(const RequestPtr& request) {
  const bool may_stay_alone = !has_queued_in_turn_ && first_of_turn_ == nullptr &&
                              options_.delay_scheduler == 0 &&
                              request->terms.max_delay == Clock::duration::zero();
  if (may_stay_alone) {
    first_of_turn_ = request;
    return;
  }
  has_queued_in_turn_ = true;
  if (first_of_turn_ != nullptr) Enqueue(std::exchange(first_of_turn_, nullptr), false);
  Enqueue(request, false);
}

void RequestHandler::Enqueue(const RequestPtr& request, bool wakes) {
  SetLane(request.get());
  if (queue_.Push(request, wakes)) {
    // Who ended it before it was queued did not find it there.
    if (request->has_ended()) queue_.Remove(request);
    return;
  }
  if (!request->End()) return;
  if (request->model != nullptr) request->model->metrics->reject_count.fetch_add(1);
  Answer(request, EncodeError(request->request_id,
                              Status(AI_STATUS_UNAVAILABLE, "inference queue is full",
                                     "At most " + std::to_string(options_.max_queued_requests) +
                                         " requests wait.",
                                     "Try again later, or let fewer sessions ask at a time.")));
}

bool RequestHandler::MayRunInTurn(const Request& request, uint64_t rows) const {
  if (!request.is_checked || !request.model->may_run_inline) return false;
  return ExpectedComputeUs(request, rows) <= std::min<uint64_t>(kMaxInlineComputeUs, turn_us_left_);
}

// Runs the only request of a turn without a look at the queue, if it is short and wants to run
// whole.
bool RequestHandler::RunAtOnce() {
  const Request& request = *first_of_turn_;
  const uint64_t rows = request.terms.rows;
  if (!MayRunInTurn(request, rows) || queue_.size() > 0) return false;
  if (rows > 1 && request.terms.may_split &&
      request.model->metrics->curve.ChooseRows(rows, request.terms.max_rows) < rows) {
    return false;
  }
  BatchPlan plan;
  plan.rows = rows;
  plan.slices.push_back({std::exchange(first_of_turn_, nullptr), 0, rows});
  Execute(std::move(plan));
  return true;
}

bool RequestHandler::EndTurn() {
  if (first_of_turn_ == nullptr && !has_queued_in_turn_) return false;
  turn_us_left_ = kMaxInlineTurnUs;
  if (first_of_turn_ != nullptr) {
    if (RunAtOnce()) return true;
    Enqueue(std::exchange(first_of_turn_, nullptr), false);
  }
  has_queued_in_turn_ = false;
  const auto is_short = [this](const Request& first, uint64_t rows) {
    return first.is_infer() && MayRunInTurn(first, rows);
  };
  BatchPlan plan;
  while (queue_.TryPop(is_short, &plan)) {
    if (!plan.slices.empty()) {
      turn_us_left_ -= std::min<uint64_t>(
          ExpectedComputeUs(*plan.slices.front().request, plan.rows) + 1, turn_us_left_);
    }
    Execute(std::exchange(plan, BatchPlan()));
  }
  if (queue_.size() > 0) queue_.Wake();
  return true;
}

void RequestHandler::Work() {
  BatchPlan plan;
  while (queue_.Pop(&plan)) {
    working_.fetch_add(1);
    Execute(std::exchange(plan, BatchPlan()));
    working_.fetch_sub(1);
  }
}

void RequestHandler::Execute(BatchPlan plan) {
  for (const RequestPtr& request : plan.expired) Stop(request, AI_STATUS_DEADLINE_EXCEEDED);
  if (plan.slices.empty()) return;
  const RequestPtr first = plan.slices.front().request;
  if (first->type == AI_MODEL_LOAD_REQUEST) {
    ExecuteLoad(first);
  } else if (first->type == AI_MODEL_UNLOAD_REQUEST) {
    ExecuteUnload(first);
  } else if (first->is_checked) {
    ExecuteInference(std::move(plan));
  } else if (const Status status = Check(first.get()); status.ok()) {
    Enqueue(first, true);
  } else {
    Fail(first, status);
  }
}

void RequestHandler::ExecuteInference(BatchPlan plan) {
  BatchExecution execution(std::move(plan), this);
  if (!execution.Begin(Clock::now())) return;
  execution.Run();
  for (BatchPlan& again : execution.End(Clock::now())) {  // of one request each
    BatchExecution alone(std::move(again), this);
    if (!alone.Begin(Clock::now())) continue;
    alone.Run();
    (void)alone.End(Clock::now());
  }
}

void RequestHandler::ExecuteLoad(const RequestPtr& request) {
  if (!request->StartRunning()) return;
  const Buffer& model = request->upload->bytes();
  bool waits;
  // Another connection is loading the same model: this request starts again afterwards.
  const Status status = repository_->Load(
      request->sha256, model.data(), model.size(),
      [this, request] {
        RequestState running = RequestState::kRunning;
        if (!request->state.compare_exchange_strong(running, RequestState::kWaiting)) return;
        Enqueue(request, true);
      },
      &waits);
  if (waits) return;
  request->upload.reset();
  if (!request->End()) return;
  Answer(request, status.ok()
                      ? EncodeResponse(AI_MODEL_LOAD_RESPONSE, request->request_id, nullptr, 0)
                      : EncodeError(request->request_id, status));
}

Status RequestHandler::Check(Request* request) {
  try {
    return CheckInference(options_, request);
  } catch (const std::bad_alloc&) {
    return Status(AI_STATUS_RESOURCE_EXHAUSTED, "out of memory in the inference server");
  }
}

void RequestHandler::Complete(const RequestPtr& request, Buffer reply) {
  if (!request->End()) return;
  ModelMetrics& metrics = *request->model->metrics;
  metrics.success_count.fetch_add(1, std::memory_order_relaxed);
  metrics.queue_duration_us.fetch_add(request->progress.queue_ns / 1000, std::memory_order_relaxed);
  metrics_->inference_count.fetch_add(request->terms.rows, std::memory_order_relaxed);
  Answer(request, std::move(reply));
}

void RequestHandler::Fail(const RequestPtr& request, const Status& status) {
  if (!request->End()) return;
  request->model->metrics->failure_count.fetch_add(1, std::memory_order_relaxed);
  queue_.Remove(request);
  LeaveExecutions(request.get());
  Answer(request, EncodeError(request->request_id, status));
}

void RequestHandler::Stop(const RequestPtr& request, AiStatusCode reason) {
  if (!request->End()) return;
  LoadedModelPtr model;
  {
    std::lock_guard<std::mutex> lock(request->mu);
    model = request->model;
  }
  if (model != nullptr) model->metrics->cancel_count.fetch_add(1);
  queue_.Remove(request);
  LeaveExecutions(request.get());
  Answer(request, EncodeError(request->request_id, StopStatus(reason)));
}

// Executions go on for the others in them; the last one to leave stops the model.
void RequestHandler::LeaveExecutions(Request* request) {
  std::lock_guard<std::mutex> lock(request->mu);
  for (BatchExecution* execution : request->progress.executions) execution->Leave();
}

void RequestHandler::Answer(const RequestPtr& request, Buffer frame) {
  watchdog_.Remove(request);
  port_->Reply(request, std::move(frame));
  under_way_.fetch_sub(1);  // last: a server that drains waits for the reply, too
}

}  // namespace ai_runtime

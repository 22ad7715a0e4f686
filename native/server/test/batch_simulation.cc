// The server's half repeats what request_handler does with its threads: who ends a request first
// answers it, drops what waits of it, and leaves the executions that hold it.
#include "batch_simulation.h"

#include <algorithm>
#include <utility>

namespace ai_runtime::test {

using std::chrono::microseconds;

BatchSimulation::BatchSimulation(uint64_t seed) : random_(seed) {
  workers_ = 1 + Random(3);
  max_queued_ = Random(8) == 0 ? 3 : 1024;
  options_.max_batch_size = 1 + static_cast<uint32_t>(Random(40));
  options_.max_queue_delay_us = Random(3) == 0 ? static_cast<uint32_t>(Random(500)) : 0;
  options_.delay_scheduler = Random(8) == 0 ? 2 : 0;
  models_ = {SimulatedModel(true), SimulatedModel(true), SimulatedModel(false)};
  connections_.resize(1 + Random(6));
  questions_left_ = 5 + Random(30);
}

void BatchSimulation::At(Clock::duration after, std::function<void()> what) {
  calendar_.emplace(now_ + after, std::move(what));
}

void BatchSimulation::Violate(const std::string& what) {
  if (violation_.empty()) violation_ = what;
}

std::string BatchSimulation::Run() {
  StartServer();
  for (size_t client = 0; client < connections_.size(); ++client) {
    connections_[client] = next_connection_++;
    At(microseconds(Random(50)), [this, client] { Ask(client); });
  }
  if (Random(4) == 0) At(microseconds(Random(2000)), [this] { Crash(); });
  // Nothing here repeats for ever: an entry that is left after so many turns is a livelock.
  for (int turns = 0; !calendar_.empty() && violation_.empty(); ++turns) {
    if (turns > 100000) return "livelock";
    auto first = calendar_.begin();
    now_ = first->first;
    const std::function<void()> what = std::move(first->second);
    calendar_.erase(first);
    what();
  }
  CheckEnd();
  return violation_;
}

void BatchSimulation::CheckEnd() {
  if (!violation_.empty()) return;
  // Held back for good, since nobody else asks: what the setting is for.
  if (options_.delay_scheduler > 0) return;
  if (batcher_->size() > 0) Violate("requests wait though nothing runs");
  if (busy_workers_ > 0) Violate("a worker does not end");
  for (const QuestionPtr& question : questions_) {
    if (!question->is_answered && !question->is_cancelled) Violate("a question has no answer");
  }
}

void BatchSimulation::StartServer() {
  ++generation_;
  busy_workers_ = 0;
  batcher_ = std::make_unique<DynamicBatcher>(max_queued_, options_.delay_scheduler);
}

// The server dies, with all it knows; each client asks once more for what it waits for.
void BatchSimulation::Crash() {
  std::map<const Request*, QuestionPtr> asked;
  asked.swap(asked_);
  StartServer();
  for (uint64_t& connection : connections_) connection = next_connection_++;
  for (const auto& [request, question] : asked) {
    question->request = nullptr;
    if (question->is_cancelled || question->is_answered) continue;
    if (question->tries > 1 || question->deadline <= now_) {
      question->is_answered = true;  // its backend raises an error
      continue;
    }
    const QuestionPtr again = question;
    At(microseconds(Random(100)), [this, again] { Send(again); });
  }
}

void BatchSimulation::Ask(size_t client) {
  if (questions_left_ == 0) return;
  --questions_left_;
  auto question = std::make_shared<Question>();
  question->owner = static_cast<int64_t>(questions_.size()) + 1;
  question->client = client;
  question->model = Random(models_.size());
  question->is_deterministic = Random(10) == 0;
  const size_t rows = Random(3) == 0 ? 1 + Random(100) : 1;
  for (size_t i = 0; i < rows; ++i) {
    question->rows.push_back({question->owner, static_cast<int64_t>(i)});
  }
  if (Random(12) == 0) {
    question->is_poisoned = true;
    question->rows[Random(rows)].number = kPoison;
  }
  if (Random(4) == 0) question->deadline = now_ + microseconds(1 + Random(1000));
  questions_.push_back(question);
  Send(question);
  if (Random(15) == 0) At(microseconds(Random(400)), [this, client] { CloseConnection(client); });
  At(microseconds(Random(120)), [this, client] { Ask(client); });
}

void BatchSimulation::Send(const QuestionPtr& question) {
  if (question->is_cancelled || question->is_answered) return;
  auto request = std::make_shared<Request>();
  request->connection_id = connections_[question->client];
  request->request_id = static_cast<uint64_t>(question->owner);
  request->type = AI_MODEL_INFER_REQUEST;
  request->received_at = now_;
  request->deadline = question->deadline;
  request->model = models_[question->model];
  const std::string data(reinterpret_cast<const char*>(question->rows.data()),
                         question->rows.size() * sizeof(TaggedRow));
  std::string payload =
      EncodeInfer({}, {EncodeTensor(0, AI_DATATYPE_INT64,
                                    {static_cast<uint32_t>(question->rows.size()), 2}, data)});
  if (question->is_deterministic) {
    payload[offsetof(AiInferRequestHeader, flags)] = AI_INFER_DETERMINISTIC;
  }
  if (!request->payload.Resize(payload.size())) return;
  std::memcpy(request->payload.data(), payload.data(), payload.size());
  const Status status = CheckInference(options_, request.get());
  if (!status.ok()) Violate(status.ToString());
  SetLane(request.get());
  ++question->tries;
  question->request = request;
  asked_[request.get()] = question;
  if (question->deadline != Clock::time_point::max()) {
    At(std::max(question->deadline - now_, Clock::duration::zero()),
       [this, request] { Stop(request, AI_STATUS_DEADLINE_EXCEEDED); });
  }
  if (!batcher_->Add(request, now_)) {
    if (batcher_->size() < max_queued_) Violate("a queue with room refuses a request");
    if (request->End()) Answer(request, Status(AI_STATUS_UNAVAILABLE, "full"), nullptr);
    return;
  }
  if (batcher_->size() > max_queued_) Violate("the queue is over its bound");
  At(Clock::duration::zero(), [this] { Work(); });
}

// All that the client waits for is cancelled; it asks on over another connection.
void BatchSimulation::CloseConnection(size_t client) {
  connections_[client] = next_connection_++;
  std::vector<RequestPtr> stopped;
  for (const auto& [request, question] : asked_) {
    if (question->client != client) continue;
    question->is_cancelled = true;
    stopped.push_back(question->request);
  }
  for (const QuestionPtr& question : questions_) {
    if (question->client == client && !question->is_answered) question->is_cancelled = true;
  }
  for (const RequestPtr& request : stopped) Stop(request, AI_STATUS_CANCELLED);
}

void BatchSimulation::Work() {
  while (busy_workers_ < workers_ && violation_.empty()) {
    BatchPlan plan;
    Clock::time_point wake_at;
    const bool found = batcher_->Next(now_, false, nullptr, &plan, &wake_at);
    for (const RequestPtr& request : plan.expired) Stop(request, AI_STATUS_DEADLINE_EXCEEDED);
    if (!found) {
      if (wake_at != Clock::time_point::max()) {
        if (wake_at <= now_) Violate("the batcher asks to be woken in the past");
        At(wake_at - now_, [this] { Work(); });
      }
      return;
    }
    CheckPlan(plan);
    RunPlan(std::move(plan));
  }
}

void BatchSimulation::CheckPlan(const BatchPlan& plan) {
  uint64_t rows = 0;
  std::set<const Request*> seen;
  for (const BatchSlice& slice : plan.slices) {
    const Request& request = *slice.request;
    rows += slice.rows;
    if (!seen.insert(&request).second) Violate("a request stands twice in an execution");
    if (request.deadline <= now_) Violate("a request runs after its deadline");
    if (slice.rows == 0 || slice.first_row + slice.rows > request.terms.rows) {
      Violate("a slice has rows that its request has not");
    }
    if (plan.slices.size() > 1 && request.terms.lane != plan.slices[0].request->terms.lane) {
      Violate("requests of several lanes share an execution");
    }
    if (plan.slices.size() > 1 && request.terms.lane.empty()) {
      Violate("a request that shares nothing is among others");
    }
    if (request.terms.may_split && plan.rows > request.terms.max_rows) {
      Violate("an execution is over its bound");
    }
  }
  if (rows != plan.rows) Violate("a plan does not know its rows");
}

void BatchSimulation::RunPlan(BatchPlan plan) {
  const uint64_t rows = plan.rows;
  ExecutionPort* const port = this;
  auto execution = std::make_shared<BatchExecution>(std::move(plan), port);
  if (!execution->Begin(now_)) return;
  ++busy_workers_;
  const uint64_t took_us = Random(3) == 0 ? Random(600) : 5 + rows;
  const uint64_t generation = generation_;
  At(microseconds(took_us), [this, execution, generation] { EndExecution(execution, generation); });
}

void BatchSimulation::EndExecution(const std::shared_ptr<BatchExecution>& execution,
                                   uint64_t generation) {
  if (generation != generation_) return;  // it died with its server
  execution->Run();
  --busy_workers_;
  for (BatchPlan& again : execution->End(now_)) RunPlan(std::move(again));
  Work();
}

void BatchSimulation::Complete(const RequestPtr& request, Buffer reply) {
  if (request->End()) Answer(request, Status::Ok(), &reply);
}

void BatchSimulation::Fail(const RequestPtr& request, const Status& status) {
  if (!request->End()) return;
  batcher_->Remove(request);
  LeaveExecutions(request.get());
  Answer(request, status, nullptr);
}

void BatchSimulation::Stop(const RequestPtr& request, AiStatusCode reason) {
  if (asked_.count(request.get()) == 0 || !request->End()) return;
  batcher_->Remove(request);
  LeaveExecutions(request.get());
  Answer(request, Status(reason, "stopped"), nullptr);
}

void BatchSimulation::LeaveExecutions(Request* request) {
  for (BatchExecution* execution : request->progress.executions) execution->Leave();
}

void BatchSimulation::Answer(const RequestPtr& request, const Status& status, const Buffer* reply) {
  auto found = asked_.find(request.get());
  if (found == asked_.end()) return Violate("an answer for nobody");
  const QuestionPtr question = found->second;
  asked_.erase(found);
  if (question->is_cancelled) {
    if (status.code() != AI_STATUS_CANCELLED) Violate("an answer after a cancel");
    return;
  }
  if (question->is_answered) Violate("two answers to one question");
  question->is_answered = true;
  switch (status.code()) {
    case AI_STATUS_OK:
      if (question->is_poisoned) Violate("a poisoned request succeeded");
      return CheckRows(*question, *reply);
    case AI_STATUS_INVALID_ARG:
      if (!question->is_poisoned) Violate("a request failed for the sake of another");
      return;
    case AI_STATUS_DEADLINE_EXCEEDED:
      if (now_ < question->deadline) Violate("a deadline came early");
      return;
    case AI_STATUS_UNAVAILABLE:
      return;
    default:
      return Violate(status.ToString());
  }
}

void BatchSimulation::CheckRows(const Question& question, const Buffer& reply) {
  AiInferResponseHeader header;
  std::string expected;
  std::string owners;
  for (const TaggedRow& row : question.rows) {
    expected += AsBytes(Expected(row));
    const std::string text = std::to_string(question.owner);
    owners += AsBytes(static_cast<uint32_t>(text.size())) + text;
  }
  const uint32_t rows = static_cast<uint32_t>(question.rows.size());
  expected = EncodeTensor(0, AI_DATATYPE_INT64, {rows, 2}, expected) +
             EncodeTensor(1, AI_DATATYPE_BYTES, {rows}, owners);
  const char* payload = reinterpret_cast<const char*>(reply.data()) + sizeof(AiFrameHeader);
  std::memcpy(&header, payload, sizeof(header));
  const size_t bytes = reply.size() - sizeof(AiFrameHeader) - sizeof(header);
  if (std::string(payload + sizeof(header), bytes) != expected) {
    Violate("an answer has other rows than its question");
  }
  const bool is_alone = question.is_deterministic && question.model != 2;
  if (is_alone && (header.execution_count != rows || header.execution_rows != rows)) {
    Violate("rows of a deterministic request shared an execution");
  }
  if (header.execution_count == 0 || header.execution_rows < rows) Violate("a wrong header");
}

}  // namespace ai_runtime::test

// A request registers the executions that hold rows of it, under its lock, so that who ends it
// finds them all: either Begin() sees that it has ended, or the one who ends it sees the execution.
#include "batch_execution.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace ai_runtime {
namespace {

uint64_t Nanoseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

}  // namespace

bool BatchExecution::Begin(Clock::time_point now) {
  started_at_ = now;
  const auto is_unwanted = [&](const BatchSlice& slice) {
    Request* request = slice.request.get();
    std::lock_guard<std::mutex> lock(request->mu);
    request->StartRunning();
    if (request->has_ended()) return true;
    RequestProgress& progress = request->progress;
    progress.executions.push_back(this);
    wanted_by_.fetch_add(1);
    if (!progress.has_started) {
      progress.has_started = true;
      progress.queue_ns = Nanoseconds(now - request->received_at);
    }
    return false;
  };
  slices_.erase(std::remove_if(slices_.begin(), slices_.end(), is_unwanted), slices_.end());
  if (slices_.empty()) return false;
  Leave();
  if (!IsWhole()) slice_status_.resize(slices_.size());
  model_ = slices_.front().request->model;
  for (const BatchSlice& slice : slices_) {
    rows_ += slice.rows;
    payload_bytes_ += slice.request->payload.size() * slice.rows /
                      std::max<uint64_t>(slice.request->terms.rows, 1);
  }
  return true;
}

void BatchExecution::Leave() {
  if (wanted_by_.fetch_sub(1) == 1) control_.Terminate();
}

// True for one request with all its rows: it needs no cutting, and may be of any kind.
bool BatchExecution::IsWhole() const {
  return slices_.size() == 1 && slices_.front().rows == slices_.front().request->terms.rows;
}

void BatchExecution::Run() {
  try {
    if (IsWhole()) {
      RunAlone();
      return;
    }
    std::vector<RowSlice> rows;
    rows.reserve(slices_.size());
    for (const BatchSlice& slice : slices_) {
      rows.push_back({&slice.request->checked, slice.first_row, slice.rows});
    }
    status_ = model_->session->RunBatch(rows, &control_, this);
  } catch (const std::bad_alloc&) {
    status_ = Status(AI_STATUS_RESOURCE_EXHAUSTED, "out of memory in the inference server");
  }
}

void BatchExecution::RunAlone() {
  Request* request = slices_.front().request.get();
  FrameWriter reply(AI_MODEL_INFER_RESPONSE, request->request_id);
  const AiInferResponseHeader header = {};
  status_ = reply.Append(&header, sizeof(header));
  if (status_.ok()) status_ = model_->session->Run(request->checked, &control_, &reply);
  if (status_.ok()) frame_ = reply.Finish();
}

// Cuts an output at the rows of each request that is still wanted.
Status BatchExecution::Take(const OutputTensor& tensor) {
  if (!tensor.HasRows(rows_)) {
    gave_other_rows_ = true;
    return Status(AI_STATUS_INTERNAL, "model gives outputs with another number of rows",
                  "An execution of " + std::to_string(rows_) + " rows gave " +
                      (tensor.dims.empty() ? "none" : std::to_string(tensor.dims.front())) + ".");
  }
  const size_t place = outputs_taken_++;
  uint64_t from = 0;
  for (size_t i = 0; i < slices_.size(); ++i) {
    const BatchSlice& slice = slices_[i];
    Request* request = slice.request.get();
    std::lock_guard<std::mutex> lock(request->mu);
    if (!request->has_ended() && slice_status_[i].ok()) {
      slice_status_[i] = request->progress.rows.Add(place, tensor, from, slice.first_row,
                                                    slice.rows, request->terms.rows);
    }
    from += slice.rows;
  }
  return Status::Ok();
}

// Takes a slice out of its request's list, and its rows into account. True: they were the last.
bool BatchExecution::Settle(const BatchSlice& slice, bool has_rows, uint64_t compute_ns) {
  std::lock_guard<std::mutex> lock(slice.request->mu);
  RequestProgress& progress = slice.request->progress;
  auto& executions = progress.executions;
  executions.erase(std::remove(executions.begin(), executions.end(), this), executions.end());
  if (!has_rows) return false;
  progress.compute_ns += compute_ns;
  progress.execution_count += 1;
  progress.execution_rows += rows_;
  progress.rows_done += slice.rows;
  return progress.rows_done >= slice.request->terms.rows;
}

std::vector<BatchPlan> BatchExecution::End(Clock::time_point now) {
  const uint64_t compute_ns = Nanoseconds(now - started_at_);
  model_->metrics->AddExecution(rows_, compute_ns, payload_bytes_, status_.ok());
  if (gave_other_rows_) model_->metrics->batching_failed.store(true);
  std::vector<BatchPlan> again;
  for (size_t i = 0; i < slices_.size(); ++i) {
    const BatchSlice& slice = slices_[i];
    const Status& status = status_.ok() && i < slice_status_.size() ? slice_status_[i] : status_;
    const bool is_last = Settle(slice, status.ok(), compute_ns);
    if (slice.request->has_ended()) continue;
    if (!status_.ok() && slices_.size() > 1) {
      again.push_back({{slice}, slice.rows, {}});
    } else if (!status.ok()) {
      port_->Fail(slice.request, status);
    } else if (is_last) {
      Finish(slice.request);
    }
  }
  return again;
}

void BatchExecution::Finish(const RequestPtr& request) {
  Status status;
  Buffer reply;
  try {
    status = MakeReply(request.get(), &reply);
  } catch (const std::bad_alloc&) {
    status = Status(AI_STATUS_RESOURCE_EXHAUSTED, "out of memory in the inference server");
  }
  if (status.ok()) {
    port_->Complete(request, std::move(reply));
  } else {
    port_->Fail(request, status);
  }
}

// Puts the reply together: the frame that a run alone has written, or the rows that were gathered.
// All executions of the request are over, so nobody else looks at its progress.
Status BatchExecution::MakeReply(Request* request, Buffer* reply) {
  const RequestProgress& progress = request->progress;
  AiInferResponseHeader header = {};
  header.queue_duration_us = progress.queue_ns / 1000;
  header.compute_infer_duration_us = progress.compute_ns / 1000;
  header.output_count = static_cast<uint32_t>(request->checked.outputs.size());
  header.execution_count = progress.execution_count;
  header.execution_rows = progress.execution_rows;
  if (frame_.size() > 0) {
    std::memcpy(frame_.data() + sizeof(AiFrameHeader), &header, sizeof(header));
    *reply = std::move(frame_);
    return Status::Ok();
  }
  FrameWriter writer(AI_MODEL_INFER_RESPONSE, request->request_id);
  RETURN_IF_ERROR(writer.Append(&header, sizeof(header)));
  RETURN_IF_ERROR(progress.rows.Write(request->terms.rows, &writer));
  *reply = writer.Finish();
  return Status::Ok();
}

}  // namespace ai_runtime

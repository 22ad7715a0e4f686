// A request that shares no execution keeps the terms that it was made with.
#include "batch_terms.h"

#include <algorithm>

namespace ai_runtime {
namespace {

static_assert(AI_MAX_BATCH_SIZE == 1 << (BatchCurve::kSizes - 1), "the largest size of a curve");

// True when all inputs have this many rows, and there are any.
bool HaveRows(const CheckedRequest& request, uint64_t rows) {
  if (rows == 0) return false;
  for (const ValueView* value : request.inputs) {
    if (value->rank == 0 || value->dim(0) != rows) return false;
  }
  return true;
}

template <typename T>
void AppendTo(std::string* text, const T& value) {
  text->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

Status CheckInference(const ServerOptions& options, Request* request) {
  const LoadedModel& model = *request->model;
  RETURN_IF_ERROR(CheckRequest(model.session->signature(), request->payload.data(),
                               request->payload.size(), &request->checked));
  const AiInferRequestHeader& header = request->checked.infer.header;
  BatchTerms& terms = request->terms;
  request->is_checked = true;
  terms.rows = CountRows(model.session->signature(), request->checked);
  const bool is_deterministic = (header.flags & AI_INFER_DETERMINISTIC) != 0;
  if (!options.dynamic_batching && !is_deterministic) return Status::Ok();
  if (model.batching.mode == BatchMode::kOff || model.metrics->batching_failed ||
      !HaveRows(request->checked, terms.rows)) {
    return Status::Ok();
  }
  terms.may_split = true;
  if (is_deterministic) return Status::Ok();  // of one row each, so nobody shares them
  const uint64_t max_rows =
      header.max_batch_size > 0 ? header.max_batch_size : options.max_batch_size;
  terms.max_rows = std::clamp<uint64_t>(max_rows, 1, AI_MAX_BATCH_SIZE);
  const bool has_delay = (header.flags & AI_INFER_QUEUE_DELAY) != 0;
  const uint64_t delay_us = has_delay ? header.max_queue_delay_us : options.max_queue_delay_us;
  terms.max_delay = std::chrono::microseconds(std::min<uint64_t>(delay_us, AI_MAX_QUEUE_DELAY_US));
  return Status::Ok();
}

void SetLane(Request* request) {
  if (!request->terms.may_split) return;
  const CheckedRequest& checked = request->checked;
  std::string& lane = request->terms.lane;
  lane.clear();
  AppendTo(&lane, request->model.get());
  AppendTo(&lane, request->terms.max_rows);
  AppendTo(&lane, request->terms.max_delay.count());
  AppendTo(&lane, checked.outputs.size());
  for (uint16_t output : checked.outputs) AppendTo(&lane, output);
  for (const ValueView* value : checked.inputs) {
    AppendTo(&lane, value->rank);
    for (size_t axis = 1; axis < value->rank; ++axis) AppendTo(&lane, value->dim(axis));
  }
}

uint32_t ExpectedComputeUs(const Request& request, uint64_t rows) {
  const LoadedModel& model = *request.model;
  if (model.batching.mode != BatchMode::kOff && model.batching.rows_are_alike) {
    const uint64_t us = model.metrics->curve.ExpectedNs(rows) / 1000;
    return static_cast<uint32_t>(std::min<uint64_t>(us, UINT32_MAX));
  }
  const uint64_t own_rows = std::max<uint64_t>(request.terms.rows, 1);
  return model.metrics->ExpectedComputeUs(request.payload.size() * rows / own_rows);
}

}  // namespace ai_runtime

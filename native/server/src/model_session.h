// A loaded model: its signature, and Run() from decoded values to a reply frame.
//
// The last station of the street. model_session.cc, with onnx_values below it, is the only file
// that knows ONNX Runtime; its exceptions become Status there and nowhere else. A session may be
// run by many threads at once; inputs stay owned by the request until Run() returns.
#ifndef AI_RUNTIME_SERVER_MODEL_SESSION_H_
#define AI_RUNTIME_SERVER_MODEL_SESSION_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "batch_rows.h"
#include "frame_codec.h"
#include "log.h"
#include "model_inspector.h"
#include "options.h"
#include "signature.h"
#include "status.h"

namespace ai_runtime {

// The opened library and its environment; every session keeps it alive.
class OnnxRuntime {
 public:
  virtual ~OnnxRuntime() = default;
  // Opens the library and tries the execution providers. The log must outlive the result.
  static Status Open(const ServerOptions& options, Log* log, std::shared_ptr<OnnxRuntime>* runtime);

  virtual std::string version() const = 0;
  // The execution providers in use, in order of preference.
  virtual const std::vector<std::string>& providers() const = 0;
};

// A handle by which another thread ends a run.
class RunControl {
 public:
  RunControl();
  ~RunControl();
  // Makes the run return as soon as its current operator has; it may be called at any time.
  void Terminate();

 private:
  friend class OnnxSession;
  struct Impl;

  std::mutex mu_;
  bool is_terminated_ = false;
  std::unique_ptr<Impl> impl_;  // made by the run
};

class ModelSession {
 public:
  virtual ~ModelSession() = default;
  // Inspects the bytes and loads them; they are not needed afterwards.
  static Status Create(std::shared_ptr<OnnxRuntime> runtime, const void* model, size_t bytes,
                       std::shared_ptr<ModelSession>* session);

  virtual const Signature& signature() const = 0;
  virtual const InspectedModel& inspected() const = 0;

  // Runs one request as it is and appends the outputs to `reply`.
  virtual Status Run(const CheckedRequest& request, RunControl* control, FrameWriter* reply) = 0;

  // Runs rows of one or more requests in one execution and shows the sink the outputs. All inputs
  // are tensors that differ in their first axis alone; the requests ask for the same outputs.
  virtual Status RunBatch(const std::vector<RowSlice>& slices, RunControl* control,
                          OutputSink* sink) = 0;
};

// Rows of a request: the leading dimension of its first input where the model leaves that open.
uint64_t CountRows(const Signature& signature, const CheckedRequest& request);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_MODEL_SESSION_H_

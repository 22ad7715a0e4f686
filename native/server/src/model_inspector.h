// Looks through the bytes of an ONNX model before ONNX Runtime sees them.
//
// A walker over the protobuf wire format with bounds of its own: it refuses what is no model,
// data outside the file, operators of foreign domains, and nesting or sizes over the limits.
// It trusts no length and keeps no pointer into the bytes.
#ifndef AI_RUNTIME_SERVER_MODEL_INSPECTOR_H_
#define AI_RUNTIME_SERVER_MODEL_INSPECTOR_H_

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "status.h"

namespace ai_runtime {

constexpr int kMaxGraphDepth = 32;       // graphs within each other
constexpr int kMaxMessageDepth = 100;    // protobuf messages within each other, as protobuf's own
constexpr size_t kMaxNodes = 100000;     // of all graphs and functions together
constexpr size_t kMaxFunctions = 10000;  // model-local functions
constexpr size_t kMaxOpsets = 64;        // imported operator sets

struct InspectedModel {
  int64_t ir_version = 0;
  std::vector<std::pair<std::string, int64_t>> opsets;
  std::string producer;
  std::string producer_version;
  // Inputs and outputs of the graph whose tensors declare a shape, be it that of a scalar.
  std::set<std::string> shaped_values;
  size_t node_count = 0;
  // Loop, Scan or If: how long a run takes depends on the data.
  bool has_control_flow = false;
  // An operator whose output may be larger than its inputs let expect (Range, Expand, Tile, …).
  bool has_data_sized_output = false;
};

// INVALID_ARG for bytes that are no model, UNSUPPORTED for a model that is not allowed.
Status InspectModel(const void* data, size_t bytes, InspectedModel* model);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_MODEL_INSPECTOR_H_

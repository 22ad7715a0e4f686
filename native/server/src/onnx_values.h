// Tensors, sequences and maps of ONNX Runtime to values of the wire protocol, and back.
//
// Below model_session, which calls it within its Guard(): what ONNX Runtime throws here becomes a
// Status there. These two files are the door to ONNX Runtime; nothing else includes its headers.
#ifndef AI_RUNTIME_SERVER_ONNX_VALUES_H_
#define AI_RUNTIME_SERVER_ONNX_VALUES_H_

#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>

#include <vector>

#include "batch_rows.h"
#include "frame_codec.h"
#include "signature.h"
#include "status.h"

namespace ai_runtime {

// What a model says of an input or an output; datatype INVALID: a type that is not supported.
ValueType DescribeType(const Ort::TypeInfo& info, bool shape_is_declared);

// A tensor over the memory of `value`, or a copy where that is not aligned or is no plain memory.
Ort::Value MakeTensor(const ValueView& value);

// A tensor of the rows of an input, one slice after another.
Ort::Value MakeBatchTensor(const std::vector<RowSlice>& slices, size_t input);

// Appends an output to a reply.
Status WriteValue(const Ort::Value& value, uint16_t index, FrameWriter* reply);

// Shows the sink an output of a batch; UNSUPPORTED for what is no tensor.
Status ShowTensor(const Ort::Value& value, uint16_t index, OutputSink* sink);

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_ONNX_VALUES_H_

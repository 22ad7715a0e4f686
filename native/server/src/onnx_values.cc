// Rows of a batch are copied into memory that ONNX Runtime allocated; one request as it is may be
// used in place.
#include "onnx_values.h"

#include <cstring>
#include <string>

namespace ai_runtime {
namespace {

struct DatatypePair {
  AiDatatype datatype;
  ONNXTensorElementDataType element;
};

constexpr DatatypePair kDatatypes[] = {
    {AI_DATATYPE_BOOL, ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL},
    {AI_DATATYPE_UINT8, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8},
    {AI_DATATYPE_UINT16, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16},
    {AI_DATATYPE_UINT32, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32},
    {AI_DATATYPE_UINT64, ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64},
    {AI_DATATYPE_INT8, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8},
    {AI_DATATYPE_INT16, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16},
    {AI_DATATYPE_INT32, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32},
    {AI_DATATYPE_INT64, ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64},
    {AI_DATATYPE_FP16, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16},
    {AI_DATATYPE_FP32, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT},
    {AI_DATATYPE_FP64, ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE},
    {AI_DATATYPE_BF16, ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16},
    {AI_DATATYPE_BYTES, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING},
};

AiDatatype FromElementType(ONNXTensorElementDataType element) {
  for (const DatatypePair& pair : kDatatypes) {
    if (pair.element == element) return pair.datatype;
  }
  return AI_DATATYPE_INVALID;
}

ONNXTensorElementDataType ToElementType(uint8_t datatype) {
  return kDatatypes[datatype - AI_DATATYPE_BOOL].element;  // the codec checked the range
}

ValueType DescribeTensor(const Ort::ConstTensorTypeAndShapeInfo& info, bool shape_is_declared) {
  ValueType type;
  type.datatype = FromElementType(info.GetElementType());
  const std::vector<int64_t> sizes = info.GetShape();
  std::vector<const char*> symbols(sizes.size());
  if (!sizes.empty()) info.GetSymbolicDimensions(symbols.data(), symbols.size());
  // The API answers rank 0 for a scalar and for an unknown rank alike.
  type.has_shape = shape_is_declared || !sizes.empty();
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    type.shape.push_back({sizes[axis], symbols[axis] == nullptr ? "" : symbols[axis]});
  }
  return type;
}

// The alignment, in bytes, of what ONNX Runtime allocates.
constexpr uintptr_t kTensorAlignment = 64;

Status WriteStrings(const Ort::Value& tensor, uint16_t index, const std::vector<int64_t>& dims,
                    FrameWriter* reply) {
  const size_t count = tensor.GetTensorTypeAndShapeInfo().GetElementCount();
  const uint64_t bytes = count == 0 ? 0 : tensor.GetStringTensorDataLength();
  uint8_t* data;
  RETURN_IF_ERROR(reply->AppendTensor(index, AI_DATATYPE_BYTES, dims.data(), dims.size(),
                                      bytes + count * sizeof(uint32_t), &data));
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text = tensor.GetStringTensorElement(i);
    const uint32_t length = static_cast<uint32_t>(text.size());
    std::memcpy(data, &length, sizeof(length));
    std::memcpy(data + sizeof(length), text.data(), text.size());
    data += sizeof(length) + text.size();
  }
  return Status::Ok();
}

Status WriteTensor(const Ort::Value& tensor, uint16_t index, FrameWriter* reply) {
  const Ort::TensorTypeAndShapeInfo info = tensor.GetTensorTypeAndShapeInfo();
  const std::vector<int64_t> dims = info.GetShape();
  const AiDatatype datatype = FromElementType(info.GetElementType());
  if (datatype == AI_DATATYPE_INVALID) {
    return Status(AI_STATUS_UNSUPPORTED, "output has an element type that is not supported");
  }
  if (datatype == AI_DATATYPE_BYTES) return WriteStrings(tensor, index, dims, reply);
  const uint64_t bytes = uint64_t{info.GetElementCount()} * ai_datatype_bytes(datatype);
  uint8_t* data;
  RETURN_IF_ERROR(reply->AppendTensor(index, datatype, dims.data(), dims.size(), bytes, &data));
  if (bytes > 0) std::memcpy(data, tensor.GetTensorRawData(), bytes);
  return Status::Ok();
}

Status WriteNested(const Ort::Value& value, uint16_t index, int depth, FrameWriter* reply) {
  if (depth > AI_MAX_VALUE_DEPTH) {
    return Status(AI_STATUS_UNSUPPORTED, "output is nested too deeply");
  }
  if (!value.HasValue()) return reply->AppendValueHeader(AI_VALUE_NONE, index, 0);
  if (value.IsTensor()) return WriteTensor(value, index, reply);
  const ONNXType type = value.GetTypeInfo().GetONNXType();
  if (type != ONNX_TYPE_SEQUENCE && type != ONNX_TYPE_MAP) {
    return Status(AI_STATUS_UNSUPPORTED, "output is of a kind that is not supported");
  }
  const bool is_map = type == ONNX_TYPE_MAP;
  const size_t count = is_map ? 2 : value.GetCount();
  RETURN_IF_ERROR(reply->AppendValueHeader(is_map ? AI_VALUE_MAP : AI_VALUE_SEQUENCE, index,
                                           is_map ? 0 : count));
  Ort::AllocatorWithDefaultOptions allocator;
  for (size_t i = 0; i < count; ++i) {
    RETURN_IF_ERROR(
        WriteNested(value.GetValue(static_cast<int>(i), allocator), 0, depth + 1, reply));
  }
  return Status::Ok();
}

// The strings of the rows of an input, one slice after another.
void FillStrings(const std::vector<RowSlice>& slices, size_t input, uint64_t elements_per_row,
                 Ort::Value* tensor) {
  size_t next = 0;
  for (const RowSlice& slice : slices) {
    const uint64_t first = slice.first_row * elements_per_row;
    const uint64_t end = first + slice.rows * elements_per_row;
    uint64_t at = 0;
    ForEachBytesElement(*slice.request->inputs[input], [&](const char* text, size_t bytes) {
      if (at >= first && at < end) {
        char* room = tensor->GetResizedStringTensorElementBuffer(next++, bytes);
        if (bytes > 0) std::memcpy(room, text, bytes);
      }
      ++at;
    });
  }
}

}  // namespace

ValueType DescribeType(const Ort::TypeInfo& info, bool shape_is_declared) {
  ValueType type;
  switch (info.GetONNXType()) {
    case ONNX_TYPE_TENSOR:
      return DescribeTensor(info.GetTensorTypeAndShapeInfo(), shape_is_declared);
    case ONNX_TYPE_SEQUENCE:
      type.kind = TypeKind::kSequence;
      type.element.push_back(
          DescribeType(info.GetSequenceTypeInfo().GetSequenceElementType(), shape_is_declared));
      return type;
    case ONNX_TYPE_MAP:
      type.kind = TypeKind::kMap;
      type.key_datatype = FromElementType(info.GetMapTypeInfo().GetMapKeyType());
      type.element.push_back(
          DescribeType(info.GetMapTypeInfo().GetMapValueType(), shape_is_declared));
      return type;
    case ONNX_TYPE_OPTIONAL:
      type.kind = TypeKind::kOptional;
      type.element.push_back(
          DescribeType(info.GetOptionalTypeInfo().GetOptionalElementType(), shape_is_declared));
      return type;
    default:
      return type;  // datatype INVALID: refused by the caller
  }
}

Ort::Value MakeTensor(const ValueView& value) {
  static const Ort::MemoryInfo cpu =
      Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  int64_t dims[AI_MAX_RANK];
  for (size_t axis = 0; axis < value.rank; ++axis) dims[axis] = value.dim(axis);
  Ort::AllocatorWithDefaultOptions allocator;
  if (value.datatype != AI_DATATYPE_BYTES) {
    const ONNXTensorElementDataType type = ToElementType(value.datatype);
    if (reinterpret_cast<uintptr_t>(value.data) % kTensorAlignment == 0) {
      // ONNX Runtime takes no const pointer but does not write to an input.
      return Ort::Value::CreateTensor(cpu, const_cast<uint8_t*>(value.data), value.data_bytes, dims,
                                      value.rank, type);
    }
    // Some sums are added in an order that depends on where their input lies. A copy where ONNX
    // Runtime itself would put it makes the last bit of an answer the same every time.
    Ort::Value tensor = Ort::Value::CreateTensor(allocator, dims, value.rank, type);
    if (value.data_bytes > 0) {
      std::memcpy(tensor.GetTensorMutableRawData(), value.data, value.data_bytes);
    }
    return tensor;
  }
  Ort::Value tensor =
      Ort::Value::CreateTensor(allocator, dims, value.rank, ONNX_TENSOR_ELEMENT_DATA_TYPE_STRING);
  size_t next = 0;
  ForEachBytesElement(value, [&](const char* text, size_t bytes) {
    char* room = tensor.GetResizedStringTensorElementBuffer(next++, bytes);
    if (bytes > 0) std::memcpy(room, text, bytes);
  });
  return tensor;
}

Ort::Value MakeBatchTensor(const std::vector<RowSlice>& slices, size_t input) {
  const ValueView& first = *slices.front().request->inputs[input];
  int64_t dims[AI_MAX_RANK];
  uint64_t elements_per_row = 1;
  for (size_t axis = 1; axis < first.rank; ++axis) {
    dims[axis] = first.dim(axis);
    elements_per_row *= first.dim(axis);
  }
  dims[0] = 0;
  for (const RowSlice& slice : slices) dims[0] += static_cast<int64_t>(slice.rows);
  Ort::AllocatorWithDefaultOptions allocator;
  Ort::Value tensor =
      Ort::Value::CreateTensor(allocator, dims, first.rank, ToElementType(first.datatype));
  if (first.datatype == AI_DATATYPE_BYTES) {
    FillStrings(slices, input, elements_per_row, &tensor);
    return tensor;
  }
  const uint64_t row_bytes = elements_per_row * ai_datatype_bytes(first.datatype);
  if (row_bytes == 0 || dims[0] == 0) return tensor;
  uint8_t* to = static_cast<uint8_t*>(tensor.GetTensorMutableRawData());
  for (const RowSlice& slice : slices) {
    const ValueView& value = *slice.request->inputs[input];
    std::memcpy(to, value.data + slice.first_row * row_bytes, slice.rows * row_bytes);
    to += slice.rows * row_bytes;
  }
  return tensor;
}

Status WriteValue(const Ort::Value& value, uint16_t index, FrameWriter* reply) {
  return WriteNested(value, index, 0, reply);
}

Status ShowTensor(const Ort::Value& value, uint16_t index, OutputSink* sink) {
  if (!value.HasValue() || !value.IsTensor()) {
    return Status(AI_STATUS_UNSUPPORTED, "output is no tensor, so it has no rows");
  }
  const Ort::TensorTypeAndShapeInfo info = value.GetTensorTypeAndShapeInfo();
  OutputTensor tensor;
  tensor.index = index;
  tensor.datatype = FromElementType(info.GetElementType());
  tensor.dims = info.GetShape();
  if (tensor.datatype == AI_DATATYPE_INVALID) {
    return Status(AI_STATUS_UNSUPPORTED, "output has an element type that is not supported");
  }
  const uint64_t count = info.GetElementCount();
  if (tensor.datatype != AI_DATATYPE_BYTES) {
    tensor.data_bytes = count * ai_datatype_bytes(tensor.datatype);
    if (count > 0) tensor.data = static_cast<const uint8_t*>(value.GetTensorRawData());
    return sink->Take(tensor);
  }
  const uint64_t rows = tensor.dims.empty() ? 1 : static_cast<uint64_t>(tensor.dims.front());
  std::string bytes;
  for (uint64_t i = 0; i < count; ++i) {
    if (i % (count / rows) == 0) tensor.row_offsets.push_back(bytes.size());
    const std::string text = value.GetStringTensorElement(i);
    const uint32_t length = static_cast<uint32_t>(text.size());
    bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
    bytes += text;
  }
  tensor.row_offsets.resize(rows + 1, bytes.size());
  tensor.data = reinterpret_cast<const uint8_t*>(bytes.data());
  tensor.data_bytes = bytes.size();
  return sink->Take(tensor);
}

}  // namespace ai_runtime

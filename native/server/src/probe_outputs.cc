// Numbers are compared as doubles: a difference that rounding cannot explain is an influence.
#include "probe_outputs.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace ai_runtime {
namespace {

template <typename T>
T Load(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

double FromHalf(uint16_t half) {
  const int exponent = half >> 10 & 0x1f;
  const double fraction = half & 0x3ff;
  const double sign = half >> 15 ? -1 : 1;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  if (exponent == 0x1f) return fraction == 0 ? sign * INFINITY : NAN;
  return sign * std::ldexp(1024 + fraction, exponent - 25);
}

double FromBfloat16(uint16_t bits) {
  const uint32_t wide = uint32_t{bits} << 16;
  return Load<float>(reinterpret_cast<const char*>(&wide));
}

double NumberAt(AiDatatype datatype, const std::string& data, size_t i) {
  switch (datatype) {
    case AI_DATATYPE_FP32:
      return Load<float>(data.data() + i * 4);
    case AI_DATATYPE_FP64:
      return Load<double>(data.data() + i * 8);
    case AI_DATATYPE_FP16:
      return FromHalf(Load<uint16_t>(data.data() + i * 2));
    default:
      return FromBfloat16(Load<uint16_t>(data.data() + i * 2));
  }
}

// The difference that rounding in other orders may make, in shares of the largest number of a row;
// 0 for what is no floating-point number.
double Tolerance(AiDatatype datatype) {
  switch (datatype) {
    case AI_DATATYPE_FP32:
      return 1e-3;
    case AI_DATATYPE_FP64:
      return 1e-6;
    case AI_DATATYPE_FP16:
    case AI_DATATYPE_BF16:
      return 5e-2;
    default:
      return 0;
  }
}

// The largest difference between the numbers of two rows; infinite where only one is a number.
double LargestDifference(AiDatatype datatype, const std::string& a, const std::string& b,
                         double* scale) {
  const size_t count = a.size() / ai_datatype_bytes(datatype);
  double largest = 0;
  *scale = 1;
  for (size_t i = 0; i < count; ++i) {
    const double x = NumberAt(datatype, a, i);
    const double y = NumberAt(datatype, b, i);
    if (std::isfinite(x)) *scale = std::max(*scale, std::abs(x));
    if (x == y || (std::isnan(x) && std::isnan(y))) continue;
    if (!std::isfinite(x) || !std::isfinite(y)) return INFINITY;
    largest = std::max(largest, std::abs(x - y));
  }
  return largest;
}

}  // namespace

Status ProbeOutputs::Take(const OutputTensor& tensor) {
  Output output = {tensor, std::string(reinterpret_cast<const char*>(tensor.data),
                                       tensor.data == nullptr ? 0 : tensor.data_bytes)};
  output.tensor.data = nullptr;
  outputs_.push_back(std::move(output));
  return Status::Ok();
}

std::string ProbeOutputs::Output::Row(uint64_t place) const {
  if (tensor.datatype == AI_DATATYPE_BYTES) {
    const uint64_t start = tensor.row_offsets[place];
    return data.substr(start, tensor.row_offsets[place + 1] - start);
  }
  const uint64_t row_bytes = data.size() / static_cast<uint64_t>(tensor.dims.front());
  return data.substr(place * row_bytes, row_bytes);
}

RowDifference ProbeOutputs::Differ(const ProbeOutputs& batch, uint64_t batch_rows,
                                   uint64_t place) const {
  RowDifference difference;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const OutputTensor& alone = outputs_[i].tensor;
    const OutputTensor& together = batch.outputs_[i].tensor;
    if (!alone.HasRows(1) || !together.HasRows(batch_rows)) {
      difference.reason = "The first dimension of an output is not that of the inputs.";
      return difference;
    }
    const std::string a = outputs_[i].Row(0);
    const std::string b = batch.outputs_[i].Row(place);
    if (!std::equal(alone.dims.begin() + 1, alone.dims.end(), together.dims.begin() + 1,
                    together.dims.end()) ||
        (alone.datatype != AI_DATATYPE_BYTES && a.size() != b.size())) {
      difference.reason = "The shape of an output depends on the other rows.";
      return difference;
    }
    if (a == b) continue;
    difference.is_equal = false;
    double scale = 1;
    const double tolerance = Tolerance(alone.datatype);
    const double largest =
        tolerance == 0 ? INFINITY : LargestDifference(alone.datatype, a, b, &scale);
    if (largest > tolerance * scale) {
      difference.reason = "The rows influence one another.";
      return difference;
    }
    difference.largest = std::max(difference.largest, largest);
  }
  return difference;
}

uint16_t ToHalf(double number) {
  int exponent;
  const double fraction = std::frexp(std::abs(number), &exponent);  // in [0.5, 1)
  const uint16_t sign = std::signbit(number) ? 0x8000 : 0;
  if (number == 0 || exponent < -12) return sign;
  const auto bits = static_cast<uint32_t>(std::lround(std::ldexp(fraction, 11)));
  return static_cast<uint16_t>(sign + ((exponent + 13) << 10) + bits);
}

uint16_t ToBfloat16(double number) {
  const float value = static_cast<float>(number);
  return static_cast<uint16_t>(Load<uint32_t>(reinterpret_cast<const char*>(&value)) >> 16);
}

}  // namespace ai_runtime

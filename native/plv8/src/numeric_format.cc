/*
 * numeric as it is stored, see numeric_format.h: a varlena of base-10000 digits behind a
 * header of two bytes (short) or four. Short header: bits 15-14 are 10, 13 the sign, 12-7
 * the number of decimals that are shown, 6 and 5-0 the weight of the first digit and its
 * sign. Zeros at either end are not stored.
 */
#include "numeric_format.h"

extern "C" {
#include "utils/fmgrprotos.h"
}

namespace ai_runtime {
namespace {

constexpr uint16 kFlagMask = 0xC000;
constexpr uint16 kShortFlag = 0x8000;
constexpr uint16 kShortNegative = 0x2000;
constexpr int kShortScaleShift = 7;
constexpr uint16 kShortWeightSign = 0x0040;
constexpr uint16 kShortWeightMask = 0x003F;
constexpr int kDigitDecimals = 4;
// So many digits, and a few of their products, are exact in 53 bits.
constexpr int kMaxExactDigits = 4;
constexpr uint64 kMaxExactWhole = 9007199254740992;

// The powers of ten that a double holds exactly, by steps of a digit.
constexpr double kPowers[] = {1e0, 1e4, 1e8, 1e12, 1e16, 1e20};
constexpr int kPowerCount = sizeof(kPowers) / sizeof(kPowers[0]);

double SlowDouble(Numeric number) {
  return DatumGetFloat8(
      DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(number)));
}

Numeric SlowNumeric(const char* text, size_t length) {
  char* copy = pnstrdup(text, length);
  Numeric number = DatumGetNumeric(DirectFunctionCall3(
      numeric_in, CStringGetDatum(copy), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
  pfree(copy);
  return number;
}

// A decimal number of at most 15 digits without an exponent.
struct ShortDecimal {
  bool negative = false;
  uint64 whole = 0;     // all digits as one whole number
  int digits = 0;
  int decimals = 0;     // how many of them stand behind the point
};

bool ReadShortDecimal(const char* text, size_t length, ShortDecimal* decimal) {
  size_t at = 0;
  bool behind_point = false;
  if (length == 0 || length > 17) return false;
  if (text[0] == '-') decimal->negative = true, at = 1;
  for (; at < length; at++) {
    if (text[at] == '.' && !behind_point) {
      behind_point = true;
      continue;
    }
    if (text[at] < '0' || text[at] > '9') return false;
    decimal->whole = decimal->whole * 10 + static_cast<uint64>(text[at] - '0');
    decimal->digits++;
    decimal->decimals += behind_point;
  }
  return decimal->digits > 0 && decimal->digits <= 15;
}

}  // namespace

double DoubleOfNumeric(Numeric number) {
  const char* data = VARDATA_ANY(number);
  size_t size = VARSIZE_ANY_EXHDR(number);
  uint16 header = 0;
  if (size < sizeof(header)) return SlowDouble(number);
  memcpy(&header, data, sizeof(header));
  size_t count = (size - sizeof(header)) / sizeof(int16);
  if ((header & kFlagMask) != kShortFlag || count > kMaxExactDigits) return SlowDouble(number);
  int weight = header & kShortWeightMask;
  if (header & kShortWeightSign) weight |= ~static_cast<int>(kShortWeightMask);
  uint64 whole = 0;
  for (size_t i = 0; i < count; i++) {
    int16 digit = 0;
    memcpy(&digit, data + sizeof(header) + i * sizeof(digit), sizeof(digit));
    whole = whole * 10000 + static_cast<uint64>(digit);
  }
  /* One operation on two exact numbers rounds once, as it should. */
  int power = count == 0 ? 0 : weight - static_cast<int>(count) + 1;
  if (whole > kMaxExactWhole || abs(power) >= kPowerCount) return SlowDouble(number);
  double value = static_cast<double>(whole);
  value = power >= 0 ? value * kPowers[power] : value / kPowers[-power];
  return (header & kShortNegative) ? -value : value;
}

Numeric NumericOfText(const char* text, size_t length, void* buffer) {
  ShortDecimal decimal;
  if (!ReadShortDecimal(text, length, &decimal)) return SlowNumeric(text, length);
  /* Fill up the last digit behind the point. */
  uint64 whole = decimal.whole;
  int fraction_digits = (decimal.decimals + kDigitDecimals - 1) / kDigitDecimals;
  for (int i = decimal.decimals; i < fraction_digits * kDigitDecimals; i++) whole *= 10;
  int16 digits[8];
  int count = 0;
  int weight = -fraction_digits;
  for (; whole != 0; whole /= 10000) {
    int16 digit = static_cast<int16>(whole % 10000);
    if (count > 0 || digit != 0)
      digits[count++] = digit;
    else
      weight++;
  }
  weight = count == 0 ? 0 : weight + count - 1;
  uint16 header = kShortFlag;
  header |= decimal.negative && count > 0 ? kShortNegative : 0;
  header |= static_cast<uint16>(decimal.decimals << kShortScaleShift);
  header |= static_cast<uint16>(weight < 0 ? kShortWeightSign : 0);
  header |= static_cast<uint16>(weight & kShortWeightMask);
  char* out = static_cast<char*>(buffer);
  char* end = out + VARHDRSZ;
  memcpy(end, &header, sizeof(header));
  end += sizeof(header);
  for (int i = count - 1; i >= 0; i--, end += sizeof(int16))
    memcpy(end, &digits[i], sizeof(int16));
  SET_VARSIZE(out, end - out);
  return reinterpret_cast<Numeric>(out);
}

}  // namespace ai_runtime

/*
 * numeric as it is stored, for the numbers that JSON is full of: short ones. Core keeps
 * the format to itself, but it is on disk and so has been the same since 9.1. What is out
 * of the ordinary goes through core's functions.
 */
#ifndef AI_RUNTIME_PLV8_NUMERIC_FORMAT_H_
#define AI_RUNTIME_PLV8_NUMERIC_FORMAT_H_

#include "pg_v8.h"

extern "C" {
#include "utils/numeric.h"
}

namespace ai_runtime {

// The double nearest to the number, as strtod() would read its text. May raise.
double DoubleOfNumeric(Numeric number);

// The numeric of a JSON number's text: in the buffer, of kNumericBufferBytes and aligned as
// an int, where it fits there, else palloc'd. May raise.
constexpr size_t kNumericBufferBytes = 32;
Numeric NumericOfText(const char* text, size_t length, void* buffer);

}  // namespace ai_runtime

#endif

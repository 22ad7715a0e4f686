/*
 * JSON whose numbers a double does not hold, for plv8.json_numbers = exact: whole
 * ones become BigInt, others strings of their digits; BigInt is written as a number.
 */
#ifndef AI_RUNTIME_PLV8_EXACT_JSON_H_
#define AI_RUNTIME_PLV8_EXACT_JSON_H_

#include "pg_v8.h"

namespace ai_runtime {

// Whether the text is decimal digits with an optional sign.
bool IsWholeNumber(const char* text);

// The BigInt of decimal digits with an optional sign, by no code that a script could
// have replaced. Raises; empty with a pending exception.
v8::Local<v8::Value> BigIntOf(v8::Isolate* isolate, const char* digits);

// True when a number in the JSON text may lose digits as a double.
bool HasInexactNumber(const char* text, size_t length);

// The value of a JSON text, all digits kept. Raises; empty with a pending exception.
v8::Local<v8::Value> ParseExactJson(v8::Isolate* isolate, const char* text, size_t length);

// The JSON text with the marked strings of BigInts (see kBigIntMark) made numbers,
// in place; the new length.
size_t UnmarkBigInts(char* text, size_t length);

// What BigInt.prototype.toJSON puts before its digits while a value is converted.
extern const char kBigIntMark[];

}  // namespace ai_runtime

#endif

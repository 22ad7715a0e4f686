/*
 * JSON without loss of digits, see exact_json.h. Numbers that a double does not hold
 * go through V8's parser as marked strings, and a walk over the value turns these
 * into BigInt; on the way back BigInt's toJSON writes the mark.
 */
#include "exact_json.h"

#include "convert.h"
#include "errors.h"
#include "js_string.h"

extern "C" {
#include "common/shortest_dec.h"
#include "utils/fmgrprotos.h"
}

namespace ai_runtime {

// In private use of Unicode, so that no ordinary text begins with it.
const char kBigIntMark[] = "\xEE\xA3\xBFplv8-bigint:";

namespace {

constexpr size_t kMarkBytes = sizeof(kBigIntMark) - 1;
// Every decimal number of that many digits survives a double.
constexpr int kDoubleDigits = 15;

// Decimal digits that fit a word of a BigInt.
constexpr int kWordDigits = 19;

constexpr double kMaxExactWhole = 9007199254740992.0;

// A number in a JSON text, found outside strings.
struct NumberToken {
  size_t start = 0;
  size_t end = 0;
  bool exact = true;  // a double holds it
  bool whole = true;
};

Datum NumericIn(char* text) {
  return DirectFunctionCall3(numeric_in, CStringGetDatum(text),
                             ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

bool IsNumberByte(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// The end of the string that begins at `at`, behind its closing quote.
size_t SkipString(const char* text, size_t length, size_t at) {
  for (at++; at < length && text[at] != '"'; at++) {
    if (text[at] == '\\') at++;
  }
  return Min(at + 1, length);
}

// Whole numbers are exact up to 2^53; others when the double's shortest text says the
// same number.
bool IsExact(const char* text, size_t length, bool whole) {
  char shortest[DOUBLE_SHORTEST_DECIMAL_LEN];
  char* copy = pnstrdup(text, length);
  double number = strtod(copy, nullptr);
  bool exact = std::isfinite(number) && (!whole || std::fabs(number) <= kMaxExactWhole);
  if (exact && !whole) {
    double_to_shortest_decimal_buf(number, shortest);
    exact = DatumGetBool(DirectFunctionCall2(numeric_eq, NumericIn(copy), NumericIn(shortest)));
  }
  pfree(copy);
  return exact;
}

// The next number from `at` on; false when there is none.
bool NextNumber(const char* text, size_t length, size_t at, NumberToken* token) {
  while (at < length && text[at] != '-' && !isdigit(static_cast<unsigned char>(text[at])))
    at = text[at] == '"' ? SkipString(text, length, at) : at + 1;
  if (at >= length) return false;
  int digits = 0;
  *token = {at, at, true, true};
  for (; at < length && IsNumberByte(text[at]); at++) {
    if (isdigit(static_cast<unsigned char>(text[at])))
      digits++;
    else if (text[at] != '-' || at > token->start)
      token->whole = false;
  }
  token->end = at;
  token->exact = digits <= kDoubleDigits ||
                 IsExact(text + token->start, at - token->start, token->whole);
  return true;
}

// Makes BigInts of the marked strings in the value; false with a pending exception.
bool Revive(v8::Isolate* isolate, v8::Local<v8::Value>* value) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  if ((*value)->IsString()) {
    size_t length = 0;
    if ((*value).As<v8::String>()->Length() <= static_cast<int>(kMarkBytes) - 2) return true;
    char* text = FromJsString(isolate, value->As<v8::String>(), &length);
    if (strncmp(text, kBigIntMark, kMarkBytes) == 0 && IsWholeNumber(text + kMarkBytes))
      *value = BigIntOf(isolate, text + kMarkBytes);
    pfree(text);
    return !value->IsEmpty();
  }
  if (!(*value)->IsObject()) return true;
  check_stack_depth();
  CHECK_FOR_INTERRUPTS();
  v8::Local<v8::Object> object = value->As<v8::Object>();
  v8::Local<v8::Array> names;
  if (!object->GetOwnPropertyNames(context).ToLocal(&names)) return false;
  for (uint32_t i = 0; i < names->Length(); i++) {
    v8::Local<v8::Value> name, item;
    if (!names->Get(context, i).ToLocal(&name) || !object->Get(context, name).ToLocal(&item))
      return false;
    v8::Local<v8::Value> revived = item;
    if (!Revive(isolate, &revived)) return false;
    if (revived != item && !object->Set(context, name, revived).FromMaybe(false)) return false;
  }
  return true;
}

// words = words * factor + addend, little-endian; there is room for one word more.
void MultiplyAdd(uint64* words, int* count, uint64 factor, uint64 addend) {
  uint64 carry = addend;
  for (int i = 0; i < *count; i++) {
    auto product = static_cast<unsigned __int128>(words[i]) * factor + carry;
    words[i] = static_cast<uint64>(product);
    carry = static_cast<uint64>(product >> 64);
  }
  if (carry != 0) words[(*count)++] = carry;
}

}  // namespace

bool IsWholeNumber(const char* text) {
  size_t start = *text == '-' ? 1 : 0;
  size_t digits = strspn(text + start, "0123456789");
  return digits > 0 && text[start + digits] == '\0';
}

v8::Local<v8::Value> BigIntOf(v8::Isolate* isolate, const char* digits) {
  int negative = *digits == '-' ? 1 : 0;
  const char* at = digits + negative;
  size_t length = strlen(at);
  /* 19 digits are less than 64 bits. */
  auto* words = static_cast<uint64*>(palloc0((length / kWordDigits + 1) * sizeof(uint64)));
  int count = 0;
  while (*at != '\0') {
    CHECK_FOR_INTERRUPTS();
    uint64 factor = 1, chunk = 0;
    for (int i = 0; i < kWordDigits && *at != '\0'; i++, at++) {
      factor *= 10;
      chunk = chunk * 10 + static_cast<uint64>(*at - '0');
    }
    MultiplyAdd(words, &count, factor, chunk);
  }
  v8::Local<v8::Value> number;
  bool made = v8::BigInt::NewFromWords(isolate->GetCurrentContext(), negative, count, words)
                  .ToLocal(&number);
  pfree(words);
  return made ? number : v8::Local<v8::Value>();
}

bool HasInexactNumber(const char* text, size_t length) {
  NumberToken token;
  while (NextNumber(text, length, token.end, &token)) {
    CHECK_FOR_INTERRUPTS();
    if (!token.exact) return true;
  }
  return false;
}

v8::Local<v8::Value> ParseExactJson(v8::Isolate* isolate, const char* text, size_t length) {
  StringInfoData marked;
  NumberToken token;
  size_t copied = 0;
  initStringInfo(&marked);
  while (NextNumber(text, length, token.end, &token)) {
    CHECK_FOR_INTERRUPTS();
    if (token.exact) continue;
    appendBinaryStringInfo(&marked, text + copied, static_cast<int>(token.start - copied));
    appendStringInfo(&marked, "\"%s%.*s\"", token.whole ? kBigIntMark : "",
                     static_cast<int>(token.end - token.start), text + token.start);
    copied = token.end;
  }
  appendBinaryStringInfo(&marked, text + copied, static_cast<int>(length - copied));
  v8::Local<v8::Value> value =
      ParseDoubleJson(isolate, marked.data, static_cast<size_t>(marked.len));
  if (value.IsEmpty() || !Revive(isolate, &value)) return {};
  pfree(marked.data);
  return value;
}

size_t UnmarkBigInts(char* text, size_t length) {
  size_t out = 0;
  for (size_t at = 0; at < length;) {
    bool marked = text[at] == '"' && length - at > kMarkBytes &&
                  memcmp(text + at + 1, kBigIntMark, kMarkBytes) == 0;
    size_t end = text[at] == '"' ? SkipString(text, length, at) : at + 1;
    size_t skip = marked ? kMarkBytes + 1 : 0;
    size_t count = end - at - skip - (marked ? 1 : 0);
    memmove(text + out, text + at + skip, count);
    out += count;
    at = end;
  }
  text[out] = '\0';
  return out;
}

}  // namespace ai_runtime

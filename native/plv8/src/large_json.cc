/*
 * JSON.parse for long texts. The text is looked at through a window. A scan of the window
 * finds the containers that end within it: these go to V8's parser, one by one. Containers
 * that are longer, and what stands in them beside other containers, are parsed here. So most
 * of the work is V8's, and between two pieces an interrupt is seen.
 *
 * The results are JSON.parse's in all: order of properties, the last of equal keys,
 * "__proto__" as an ordinary key, messages and positions of syntax errors.
 */
#include "large_json.h"

#include "js_string.h"
#include "json_window.h"

namespace ai_runtime {
namespace {

// A long string is put together of parts of so many characters.
constexpr size_t kPartChars = 32 * 1024;
constexpr uint32 kStepsPerPoll = 256;

template <typename Char>
class LargeJsonParser {
 public:
  LargeJsonParser(v8::Isolate* isolate, v8::Local<v8::String> text)
      : isolate_(isolate),
        context_(isolate->GetCurrentContext()),
        window_(isolate, text) {}

  v8::MaybeLocal<v8::Value> Parse();

 private:
  using Value = v8::Local<v8::Value>;
  // A container that is being filled.
  struct Open {
    v8::Local<v8::Object> container;
    uint32 count;
    bool is_array;
  };

  int Peek() { return window_.CharAt(at_); }
  bool AtDigit() { return Peek() >= '0' && Peek() <= '9'; }
  void SkipSpace();

  bool ReadValue(Value* value, bool* opened);
  bool ReadElements(size_t end);
  bool ParsePart(v8::MaybeLocal<v8::String> part, size_t start, size_t end, Value* value);
  bool ReadWord(const char* word);
  bool ReadNumber(Value* value);
  bool ReadDigits(std::string* number);
  bool ReadString(Value* value, v8::NewStringType type);
  bool ReadEscape(uint16_t* unit);
  bool ReadMember(v8::Local<v8::Object>* opened);
  bool ReadKey(Value* key);
  bool EndContainers();
  v8::Local<v8::String> NewString(const std::vector<uint16_t>& units, uint16_t seen,
                                  v8::NewStringType type);

  // The SyntaxError of an unexpected character here.
  Value UnexpectedHere();
  // Throws it; false, as all that fails.
  bool Unexpected();
  // The error of V8's parser in a part of the text, told as one in the whole; false for an
  // error of another kind.
  bool MovedError(const v8::TryCatch& try_catch, size_t start, size_t end, Value* error);

  v8::Isolate* isolate_;
  v8::Local<v8::Context> context_;
  JsonWindow<Char> window_;
  size_t at_ = 0;
  uint32 steps_ = 0;
  std::vector<Open> open_;
};

template <typename Char>
void LargeJsonParser<Char>::SkipSpace() {
  for (;;) {
    int c = Peek();
    if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
    at_++;
  }
}

template <typename Char>
v8::Local<v8::Value> LargeJsonParser<Char>::UnexpectedHere() {
  char message[80];
  int c = Peek();
  v8::Local<v8::String> text;
  if (c < 0) {
    text = NameOf(isolate_, "Unexpected end of JSON input");
  } else if (c == '"' || c == '-' || (c >= '0' && c <= '9')) {
    snprintf(message, sizeof(message), "Unexpected %s in JSON at position %zu",
             c == '"' ? "string" : "number", at_);
    text = NameOf(isolate_, message);
  } else {
    uint16_t unit = static_cast<uint16_t>(c);
    snprintf(message, sizeof(message), " in JSON at position %zu", at_);
    text = v8::String::Concat(
        isolate_, NameOf(isolate_, "Unexpected token "),
        v8::String::NewFromTwoByte(isolate_, &unit, v8::NewStringType::kNormal, 1)
            .FromMaybe(v8::String::Empty(isolate_)));
    text = v8::String::Concat(isolate_, text, NameOf(isolate_, message));
  }
  return v8::Exception::SyntaxError(text);
}

template <typename Char>
bool LargeJsonParser<Char>::Unexpected() {
  if (!window_.stopped()) isolate_->ThrowException(UnexpectedHere());
  return false;
}

template <typename Char>
bool LargeJsonParser<Char>::MovedError(const v8::TryCatch& try_catch, size_t start, size_t end,
                                       Value* error) {
  static const char16_t kPosition[] = u" at position ";
  Value message;
  *error = try_catch.Exception();
  if (try_catch.HasTerminated() || !(*error)->IsNativeError() ||
      !error->As<v8::Object>()->Get(context_, NameOf(isolate_, "message")).ToLocal(&message) ||
      !message->IsString())
    return false;
  v8::String::Value units(isolate_, message);
  std::u16string text(reinterpret_cast<const char16_t*>(*units),
                      static_cast<size_t>(units.length()));
  size_t found = text.rfind(kPosition);
  if (found == std::u16string::npos) return false;
  found += std::char_traits<char16_t>::length(kPosition);
  std::string digits(text.begin() + static_cast<ptrdiff_t>(found), text.end());
  at_ = strtoul(digits.c_str(), nullptr, 10) + start;
  /* The bracket that was put there is not what stands in the text. */
  if (at_ >= end) {
    *error = UnexpectedHere();
    return true;
  }
  digits = std::to_string(at_);
  text.resize(found);
  text.append(digits.begin(), digits.end());
  v8::Local<v8::String> moved;
  if (v8::String::NewFromTwoByte(isolate_, reinterpret_cast<const uint16_t*>(text.data()),
                                 v8::NewStringType::kNormal, static_cast<int>(text.size()))
          .ToLocal(&moved))
    *error = v8::Exception::SyntaxError(moved);
  return true;
}

// Has V8 parse a part of the text that would begin at `start` and ends before `end`.
template <typename Char>
bool LargeJsonParser<Char>::ParsePart(v8::MaybeLocal<v8::String> part, size_t start,
                                      size_t end, Value* value) {
  v8::Local<v8::String> text;
  Value error;
  if (!part.ToLocal(&text)) return false;
  {
    v8::TryCatch try_catch(isolate_);
    if (v8::JSON::Parse(context_, text).ToLocal(value)) {
      at_ = end;
      return true;
    }
    if (!MovedError(try_catch, start, end, &error)) {
      try_catch.ReThrow();
      return false;
    }
  }
  isolate_->ThrowException(error);
  return false;
}

// Elements of an array that V8 may parse together.
template <typename Char>
bool LargeJsonParser<Char>::ReadElements(size_t end) {
  v8::HandleScope scope(isolate_);
  Open* parent = &open_.back();
  Value elements, element;
  if (!ParsePart(window_.Elements(at_, end), at_ - 1, end, &elements)) return false;
  v8::Local<v8::Array> array = elements.As<v8::Array>();
  uint32 count = array->Length();
  for (uint32 i = 0; i < count; i++) {
    if (!array->Get(context_, i).ToLocal(&element) ||
        !parent->container->CreateDataProperty(context_, parent->count++, element)
             .FromMaybe(false))
      return false;
  }
  return true;
}

template <typename Char>
bool LargeJsonParser<Char>::ReadWord(const char* word) {
  for (; *word != '\0'; word++, at_++) {
    if (Peek() != *word) return Unexpected();
  }
  return true;
}

template <typename Char>
bool LargeJsonParser<Char>::ReadDigits(std::string* number) {
  if (!AtDigit()) return Unexpected();
  for (; AtDigit(); at_++)
    number->push_back(static_cast<char>(Peek()));
  return true;
}

template <typename Char>
bool LargeJsonParser<Char>::ReadNumber(Value* value) {
  std::string number;
  if (Peek() == '-') number.push_back('-'), at_++;
  if (Peek() == '0') {
    number.push_back('0'), at_++;
    if (AtDigit()) return Unexpected();
  } else if (!ReadDigits(&number)) {
    return false;
  }
  if (Peek() == '.') {
    number.push_back('.'), at_++;
    if (!ReadDigits(&number)) return false;
  }
  if (Peek() == 'e' || Peek() == 'E') {
    number.push_back('e'), at_++;
    if (Peek() == '+' || Peek() == '-')
      number.push_back(static_cast<char>(Peek())), at_++;
    if (!ReadDigits(&number)) return false;
  }
  *value = v8::Number::New(isolate_, strtod(number.c_str(), nullptr));
  return true;
}

// The code unit of an escape, from behind its backslash on.
template <typename Char>
bool LargeJsonParser<Char>::ReadEscape(uint16_t* unit) {
  static const char kEscapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
  int c = Peek();
  if (c == 'u') {
    *unit = 0;
    at_++;
    for (int i = 0; i < 4; i++, at_++) {
      int digit = Peek();
      if (digit < 0 || digit > 'f' || !isxdigit(digit)) return Unexpected();
      int number = digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
      *unit = static_cast<uint16_t>(*unit * 16 + number);
    }
    return true;
  }
  for (const char* escape = kEscapes; *escape && c > 0; escape += 2) {
    if (*escape != c) continue;
    *unit = static_cast<uint16_t>(escape[1]);
    at_++;
    return true;
  }
  return Unexpected();
}

template <typename Char>
v8::Local<v8::String> LargeJsonParser<Char>::NewString(const std::vector<uint16_t>& units,
                                                       uint16_t seen, v8::NewStringType type) {
  v8::MaybeLocal<v8::String> made;
  int count = static_cast<int>(units.size());
  if (seen <= 0xFF) {
    std::vector<uint8_t> bytes(units.begin(), units.end());
    made = v8::String::NewFromOneByte(isolate_, bytes.data(), type, count);
  } else {
    made = v8::String::NewFromTwoByte(isolate_, units.data(), type, count);
  }
  return made.FromMaybe(v8::String::Empty(isolate_));
}

// A long string is put together of parts, so that it takes memory only in V8's heap.
template <typename Char>
bool LargeJsonParser<Char>::ReadString(Value* value, v8::NewStringType type) {
  std::vector<uint16_t> units;
  v8::Local<v8::String> before;
  uint16_t seen = 0;
  for (at_++; Peek() != '"';) {
    int c = Peek();
    uint16_t unit = static_cast<uint16_t>(c);
    if (c < 0x20) return Unexpected();
    at_++;
    if (c == '\\' && !ReadEscape(&unit)) return false;
    units.push_back(unit);
    seen |= unit;
    if (units.size() < kPartChars) continue;
    v8::Local<v8::String> part = NewString(units, seen, v8::NewStringType::kNormal);
    before = before.IsEmpty() ? part : v8::String::Concat(isolate_, before, part);
    units.clear();
    seen = 0;
  }
  at_++;
  v8::Local<v8::String> string = NewString(units, seen, type);
  if (!before.IsEmpty()) string = v8::String::Concat(isolate_, before, string);
  *value = string;
  return !string.IsEmpty();
}

// The value here. *opened: it is a container that is yet to be filled.
template <typename Char>
bool LargeJsonParser<Char>::ReadValue(Value* value, bool* opened) {
  SkipSpace();
  switch (Peek()) {
    case '"':
      return ReadString(value, v8::NewStringType::kNormal);
    case 't':
      *value = v8::True(isolate_);
      return ReadWord("true");
    case 'f':
      *value = v8::False(isolate_);
      return ReadWord("false");
    case 'n':
      *value = v8::Null(isolate_);
      return ReadWord("null");
    case '[':
    case '{': {
      size_t end = window_.EndOfContainer(at_);
      if (end != 0) return ParsePart(window_.Part(at_, end), at_, end, value);
      *opened = true;
      *value = Peek() == '[' ? v8::Array::New(isolate_).As<v8::Object>()
                                  : v8::Object::New(isolate_);
      return true;
    }
    default:
      if (Peek() == '-' || AtDigit())
        return ReadNumber(value);
      return Unexpected();
  }
}

template <typename Char>
bool LargeJsonParser<Char>::ReadKey(Value* key) {
  SkipSpace();
  if (Peek() != '"') return Unexpected();
  if (!ReadString(key, v8::NewStringType::kInternalized)) return false;
  SkipSpace();
  if (Peek() != ':') return Unexpected();
  at_++;
  return true;
}

// The next member of the innermost container; *opened is one that is to be filled next.
template <typename Char>
bool LargeJsonParser<Char>::ReadMember(v8::Local<v8::Object>* opened) {
  v8::EscapableHandleScope scope(isolate_);
  Open* parent = &open_.back();
  Value key, value;
  bool is_open = false, added = false;
  if (!parent->is_array && !ReadKey(&key)) return false;
  if (!ReadValue(&value, &is_open)) return false;
  if (parent->is_array)
    added = parent->container->CreateDataProperty(context_, parent->count, value)
                .FromMaybe(false);
  else
    added = parent->container->CreateDataProperty(context_, key.As<v8::Name>(), value)
                .FromMaybe(false);
  parent->count++;
  if (is_open) *opened = scope.Escape(value.As<v8::Object>());
  return added;
}

// Closes the containers that end here, up to the comma before the next member.
template <typename Char>
bool LargeJsonParser<Char>::EndContainers() {
  while (!open_.empty()) {
    SkipSpace();
    int c = Peek();
    if (c == (open_.back().is_array ? ']' : '}')) {
      at_++;
      open_.pop_back();
      continue;
    }
    if (c != ',') return Unexpected();
    at_++;
    return true;
  }
  return true;
}

template <typename Char>
v8::MaybeLocal<v8::Value> LargeJsonParser<Char>::Parse() {
  Value root;
  bool opened = false;
  if (!ReadValue(&root, &opened)) return {};
  v8::Local<v8::Object> next;
  if (opened) next = root.As<v8::Object>();
  while (!next.IsEmpty() || !open_.empty()) {
    if (!next.IsEmpty()) {
      /* A container begins: it may be empty. */
      open_.push_back({next, 0, next->IsArray()});
      next.Clear();
      at_++;
      SkipSpace();
      if (Peek() == (open_.back().is_array ? ']' : '}')) {
        if (!EndContainers()) return {};
        continue;
      }
    }
    if (++steps_ % kStepsPerPoll == 0 && window_.Poll()) return {};
    size_t end = open_.back().is_array ? window_.EndOfElements(at_) : at_;
    if (!(end > at_ ? ReadElements(end) : ReadMember(&next))) return {};
    if (next.IsEmpty() && !EndContainers()) return {};
  }
  SkipSpace();
  if (Peek() < 0 && !window_.stopped()) return root;
  (void)Unexpected();
  return {};
}

}  // namespace

v8::MaybeLocal<v8::Value> ParseLargeJson(v8::Isolate* isolate, v8::Local<v8::String> text) {
  if (text->IsOneByte()) return LargeJsonParser<uint8_t>(isolate, text).Parse();
  return LargeJsonParser<uint16_t>(isolate, text).Parse();
}

void ParseLargeJsonCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Local<v8::Value> value;
  if (info.Length() < 1 || !info[0]->IsString()) return;
  if (ParseLargeJson(info.GetIsolate(), info[0].As<v8::String>()).ToLocal(&value))
    info.GetReturnValue().Set(value);
}

}  // namespace ai_runtime

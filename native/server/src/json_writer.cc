// JSON text that PostgreSQL accepts as jsonb: valid UTF-8 and no \u0000.
#include "json_writer.h"

#include <charconv>
#include <cstdio>

namespace ai_runtime {
namespace {

// Bytes of the well-formed UTF-8 character at `at`, or 0.
size_t CharacterBytes(const std::string& text, size_t at) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0};
  };
  const auto continues = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(at);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(at + 1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const uint8_t second = byte(at + 1);
    const bool overlong = first == 0xe0 && second < 0xa0;
    const bool surrogate = first == 0xed && second > 0x9f;
    return continues(at + 1) && continues(at + 2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const uint8_t second = byte(at + 1);
    const bool out = (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
    return continues(at + 1) && continues(at + 2) && continues(at + 3) && !out ? 4 : 0;
  }
  return 0;
}

}  // namespace

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  text_ += bracket;
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  text_ += bracket;
  needs_comma_ = true;
  return *this;
}

void JsonWriter::Separate() {
  if (needs_comma_) text_ += ',';
  needs_comma_ = true;
}

JsonWriter& JsonWriter::Key(const std::string& key) {
  Separate();
  AppendQuoted(key);
  text_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::String(const std::string& text) {
  Separate();
  AppendQuoted(text);
  return *this;
}

JsonWriter& JsonWriter::Number(int64_t value) {
  Separate();
  text_ += std::to_string(value);
  return *this;
}

JsonWriter& JsonWriter::Decimal(double value) {
  Separate();
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value, std::chars_format::general, 9);
  text_.append(text, end.ptr);
  return *this;
}

JsonWriter& JsonWriter::Boolean(bool value) {
  Separate();
  text_ += value ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::Null() {
  Separate();
  text_ += "null";
  return *this;
}

void JsonWriter::AppendQuoted(const std::string& text) {
  text_ += '"';
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = CharacterBytes(text, at);
    const uint8_t first = static_cast<uint8_t>(text[at]);
    if (bytes == 0 || first == 0) {
      text_ += "\xef\xbf\xbd";  // the replacement character
    } else if (first == '"' || first == '\\') {
      text_ += '\\';
      text_ += text[at];
    } else if (first < 0x20) {
      char escape[8];
      snprintf(escape, sizeof(escape), "\\u%04x", first);
      text_ += escape;
    } else {
      text_.append(text, at, bytes);
    }
    at += bytes == 0 ? 1 : bytes;
  }
  text_ += '"';
}

}  // namespace ai_runtime

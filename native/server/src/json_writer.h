// Writes JSON text: commas and escapes are its business, the order of calls the caller's.
#ifndef AI_RUNTIME_SERVER_JSON_WRITER_H_
#define AI_RUNTIME_SERVER_JSON_WRITER_H_

#include <cstdint>
#include <string>

namespace ai_runtime {

class JsonWriter {
 public:
  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }

  JsonWriter& Key(const std::string& key);
  JsonWriter& String(const std::string& text);
  JsonWriter& Number(int64_t value);
  // A finite number, with nine digits.
  JsonWriter& Decimal(double value);
  JsonWriter& Boolean(bool value);
  JsonWriter& Null();

  // The text so far.
  const std::string& text() const { return text_; }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  void Separate();
  void AppendQuoted(const std::string& text);

  std::string text_;
  bool needs_comma_ = false;
};

}  // namespace ai_runtime

#endif  // AI_RUNTIME_SERVER_JSON_WRITER_H_

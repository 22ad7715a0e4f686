/*
 * Text between the server's encoding and V8's strings. V8 reads and writes
 * UTF-8; a database in another encoding pays a conversion each way.
 */
#include "js_string.h"

#include "errors.h"
#include "module.h"

namespace ai_runtime {
namespace {

// What LossyString and LossyText keep of a message.
constexpr size_t kMaxMessageBytes = 100000;

constexpr int kWriteFlags = v8::String::REPLACE_INVALID_UTF8 |
                            v8::String::NO_NULL_TERMINATION;

bool IsUtf8Server() {
  int encoding = GetDatabaseEncoding();
  return encoding == PG_UTF8 || encoding == PG_SQL_ASCII;
}

[[noreturn]] void RaiseTooLong(size_t bytes) {
  ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                  errmsg("value of %zu bytes is too long for a JavaScript string",
                         bytes),
                  errdetail("The limit of V8 is %d characters.",
                            v8::String::kMaxLength)));
  pg_unreachable();
}

// Writes the UTF-8 bytes behind a header, with a terminating zero.
char* WriteBytes(v8::Isolate* isolate, v8::Local<v8::String> string, size_t header,
                 size_t* length) {
  size_t bytes = static_cast<size_t>(string->Utf8Length(isolate));
  if (bytes + header >= MaxAllocSize)
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("JavaScript string of %zu bytes is too long for SQL", bytes)));
  char* buffer = static_cast<char*>(palloc(header + bytes + 1));
  int written = string->WriteUtf8(isolate, buffer + header, static_cast<int>(bytes),
                                  nullptr, kWriteFlags);
  buffer[header + written] = '\0';
  *length = static_cast<size_t>(written);
  return buffer;
}

// Text ends at U+0000: an error, or where upstream cuts it.
void EndAtNul(const char* text, size_t* length) {
  const void* end = memchr(text, '\0', *length);
  if (end == nullptr) return;
  if (guc_compatibility == kUpstream) {
    *length = static_cast<size_t>(static_cast<const char*>(end) - text);
    return;
  }
  ereport(ERROR, (errcode(ERRCODE_UNTRANSLATABLE_CHARACTER),
                  errmsg("JavaScript string with U+0000 cannot be converted to text"),
                  errhint("Return bytes as a Uint8Array of type bytea.")));
}

}  // namespace

v8::Local<v8::String> ToJsString(v8::Isolate* isolate, const char* text, size_t length) {
  if (!IsUtf8Server()) {
    char* converted = pg_server_to_any(text, static_cast<int>(length), PG_UTF8);
    if (converted != text) {
      text = converted;
      length = strlen(converted);
    }
  }
  if (length > static_cast<size_t>(INT_MAX)) RaiseTooLong(length);
  v8::Local<v8::String> string;
  if (length > static_cast<size_t>(v8::String::kMaxLength) ||
      !v8::String::NewFromUtf8(isolate, text, v8::NewStringType::kNormal,
                               static_cast<int>(length))
           .ToLocal(&string))
    RaiseTooLong(length);
  return string;
}

v8::Local<v8::String> ServerName(v8::Isolate* isolate, const char* name) {
  if (!IsUtf8Server()) return ToJsString(isolate, name, strlen(name));
  return v8::String::NewFromUtf8(isolate, name, v8::NewStringType::kInternalized)
      .FromMaybe(v8::String::Empty(isolate));
}

v8::Local<v8::String> LossyString(v8::Isolate* isolate, const char* text, size_t length) {
  if (length > kMaxMessageBytes) length = kMaxMessageBytes;
  v8::Local<v8::String> string;
  if (!IsUtf8Server()) {
    if (Catch([&] { string = ToJsString(isolate, text, length); }) == nullptr) return string;
  }
  if (!v8::String::NewFromUtf8(isolate, text, v8::NewStringType::kNormal,
                               static_cast<int>(length))
           .ToLocal(&string))
    return v8::String::Empty(isolate);
  return string;
}

char* FromJsString(v8::Isolate* isolate, v8::Local<v8::String> string, size_t* length) {
  char* text = WriteBytes(isolate, string, 0, length);
  EndAtNul(text, length);
  if (IsUtf8Server()) return text;
  char* converted = pg_any_to_server(text, static_cast<int>(*length), PG_UTF8);
  if (converted != text) *length = strlen(converted);
  return converted;
}

char* LossyText(v8::Isolate* isolate, v8::Local<v8::String> string) {
  int capacity = string->Length() * 3 + 1;
  if (capacity > 1000000) capacity = 1000000;
  char* text = static_cast<char*>(palloc(static_cast<size_t>(capacity) + 1));
  int written = string->WriteUtf8(isolate, text, capacity, nullptr, kWriteFlags);
  text[written] = '\0';
  if (IsUtf8Server()) return text;
  char* converted = nullptr;
  if (Catch([&] { converted = pg_any_to_server(text, written, PG_UTF8); }) == nullptr)
    return converted;
  for (char* c = text; *c; c++) {
    if (*c & 0x80) *c = '?';
  }
  return text;
}

Datum TextDatum(v8::Isolate* isolate, v8::Local<v8::String> string) {
  size_t length = 0;
  if (!IsUtf8Server()) {
    char* text = FromJsString(isolate, string, &length);
    return PointerGetDatum(cstring_to_text_with_len(text, static_cast<int>(length)));
  }
  char* buffer = WriteBytes(isolate, string, VARHDRSZ, &length);
  EndAtNul(buffer + VARHDRSZ, &length);
  SET_VARSIZE(buffer, length + VARHDRSZ);
  return PointerGetDatum(buffer);
}

}  // namespace ai_runtime

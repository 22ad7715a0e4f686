/*
 * Quoting for SQL texts that JavaScript puts together.
 */
#include "errors.h"
#include "js_string.h"
#include "natives.h"

namespace ai_runtime {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

template <typename Quote>
void QuoteWith(const Info& info, Quote&& quote) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::String> text, result;
  v8::Local<v8::Value> value = v8::Undefined(isolate);
  if (info.Length() > 0) value = info[0];
  if (!value->ToString(isolate->GetCurrentContext()).ToLocal(&text)) return;
  ErrorData* error = Catch([&] {
    size_t length = 0;
    const char* quoted = quote(FromJsString(isolate, text, &length));
    result = ToJsString(isolate, quoted, strlen(quoted));
  });
  if (error != nullptr) return ThrowToJs(isolate, error);
  info.GetReturnValue().Set(result);
}

const char* Literal(char* text) { return quote_literal_cstr(text); }

}  // namespace

void QuoteLiteralCallback(const Info& info) { QuoteWith(info, Literal); }

void QuoteNullableCallback(const Info& info) {
  if (info.Length() < 1 || info[0]->IsNullOrUndefined())
    return info.GetReturnValue().Set(NameOf(info.GetIsolate(), "NULL"));
  QuoteWith(info, Literal);
}

void QuoteIdentCallback(const Info& info) {
  QuoteWith(info, [](char* text) { return quote_identifier(text); });
}

}  // namespace ai_runtime

/*
 * jsonb as upstream plv8 writes it, for plv8.compatibility = upstream: numbers of 15
 * digits, no toJSON, a Date in an array without its time. NaN and the infinities,
 * which upstream stores as invalid JSON, are refused here too.
 */
#include "convert.h"
#include "errors.h"
#include "js_string.h"

extern "C" {
#include "utils/fmgrprotos.h"
#include "utils/json.h"
}

namespace ai_runtime {
namespace {

bool Write(v8::Isolate* isolate, StringInfo out, v8::Local<v8::Value> value, bool in_array);

void WriteString(v8::Isolate* isolate, StringInfo out, v8::Local<v8::String> string) {
  size_t length = 0;
  char* text = FromJsString(isolate, string, &length);
  escape_json(out, text);
  pfree(text);
}

bool WriteArray(v8::Isolate* isolate, StringInfo out, v8::Local<v8::Array> array) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  uint32_t length = array->Length();
  appendStringInfoChar(out, '[');
  for (uint32_t i = 0; i < length; i++) {
    v8::Local<v8::Value> item;
    CHECK_FOR_INTERRUPTS();
    if (i > 0) appendStringInfoChar(out, ',');
    if (!array->Get(context, i).ToLocal(&item)) return false;
    if (!Write(isolate, out, item, true)) return false;
  }
  appendStringInfoChar(out, ']');
  return true;
}

bool WriteObject(v8::Isolate* isolate, StringInfo out, v8::Local<v8::Object> object) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Array> names;
  const char* separator = "";
  v8::Local<v8::String> prototype = NameOf(isolate, "__proto__");
  if (!object->GetOwnPropertyNames(context).ToLocal(&names)) return false;
  appendStringInfoChar(out, '{');
  for (uint32_t i = 0; i < names->Length(); i++) {
    v8::Local<v8::Value> name, item;
    v8::Local<v8::String> text;
    CHECK_FOR_INTERRUPTS();
    if (!names->Get(context, i).ToLocal(&name) || !object->Get(context, name).ToLocal(&item) ||
        !name->ToString(context).ToLocal(&text))
      return false;
    if (item->IsUndefined() || text->StringEquals(prototype)) continue;
    appendStringInfoString(out, separator);
    separator = ",";
    WriteString(isolate, out, text);
    appendStringInfoChar(out, ':');
    if (!Write(isolate, out, item, false)) return false;
  }
  appendStringInfoChar(out, '}');
  return true;
}

// JSON.stringify of a Date or of a BigInt, which are strings.
bool WriteQuoted(v8::Isolate* isolate, StringInfo out, v8::Local<v8::Value> value) {
  v8::Local<v8::String> json;
  size_t length = 0;
  if (!v8::JSON::Stringify(isolate->GetCurrentContext(), value).ToLocal(&json)) return false;
  appendStringInfoString(out, FromJsString(isolate, json, &length));
  return true;
}

// Appends a value; false when an exception is pending. Raises.
bool Write(v8::Isolate* isolate, StringInfo out, v8::Local<v8::Value> value, bool in_array) {
  check_stack_depth();
  if (value->IsNullOrUndefined()) {
    appendStringInfoString(out, "null");
  } else if (value->IsBoolean()) {
    appendStringInfoString(out, value->IsTrue() ? "true" : "false");
  } else if (value->IsNumber()) {
    double number = value.As<v8::Number>()->Value();
    if (!std::isfinite(number)) RaiseNotFinite(number);
    appendStringInfo(out, "%.15g", number);
  } else if (value->IsString()) {
    WriteString(isolate, out, value.As<v8::String>());
  } else if (value->IsBigInt() || (value->IsDate() && !in_array)) {
    return WriteQuoted(isolate, out, value);
  } else if (value->IsArray()) {
    return WriteArray(isolate, out, value.As<v8::Array>());
  } else if (value->IsObject()) {
    return WriteObject(isolate, out, value.As<v8::Object>());
  } else {
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("JavaScript symbol cannot be converted to type jsonb")));
  }
  return true;
}

}  // namespace

bool UpstreamJsonbFromJs(v8::Isolate* isolate, v8::Local<v8::Value> value, Datum* result) {
  StringInfoData text;
  initStringInfo(&text);
  if (!Write(isolate, &text, value, false)) return false;
  *result = DirectFunctionCall1(jsonb_in, CStringGetDatum(text.data));
  pfree(text.data);
  return true;
}

}  // namespace ai_runtime

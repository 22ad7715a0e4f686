/*
 * JavaScript values to json and jsonb: by JSON.stringify, whose text PostgreSQL
 * parses, so digits survive and cycles are refused. What stringify would silently
 * turn into null, NaN and the infinities, is looked for and refused.
 */
#include "convert.h"
#include "errors.h"
#include "exact_json.h"
#include "jsonb_builder.h"
#include "module.h"
#include "js_string.h"

extern "C" {
#include "utils/fmgrprotos.h"
}

namespace ai_runtime {
namespace {

// Nesting at which the search for NaN gives up; PostgreSQL's own parser checks its
// stack before such a depth can harm.
constexpr int kMaxSearchDepth = 5000;

// Raises for a number that is not finite anywhere in the value; false when a
// getter threw. A toJSON is not followed: what it returns was a number only there.
bool RefuseNotFinite(v8::Isolate* isolate, v8::Local<v8::Value> value, int depth) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  if (value->IsNumber()) {
    double number = value.As<v8::Number>()->Value();
    if (!std::isfinite(number)) RaiseNotFinite(number);
    return true;
  }
  if (!value->IsObject() || value->IsDate() || depth > kMaxSearchDepth) return true;
  check_stack_depth();
  v8::Local<v8::Object> object = value.As<v8::Object>();
  if (value->IsArray()) {
    uint32_t length = value.As<v8::Array>()->Length();
    for (uint32_t i = 0; i < length; i++) {
      v8::Local<v8::Value> item;
      if (!object->Get(context, i).ToLocal(&item)) return false;
      if (!RefuseNotFinite(isolate, item, depth + 1)) return false;
    }
    return true;
  }
  v8::Local<v8::Array> names;
  if (!object->GetOwnPropertyNames(context).ToLocal(&names)) return false;
  for (uint32_t i = 0; i < names->Length(); i++) {
    v8::Local<v8::Value> name, item;
    if (!names->Get(context, i).ToLocal(&name)) return false;
    if (!object->Get(context, name).ToLocal(&item)) return false;
    if (!RefuseNotFinite(isolate, item, depth + 1)) return false;
  }
  return true;
}

bool MayHideNotFinite(const char* text, size_t length) {
  return length >= 4 && memmem(text, length, "null", 4) != nullptr;
}

bool marks_bigints = false;

}  // namespace

void RaiseNotFinite(double number) {
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("%s cannot be represented in JSON",
                         std::isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity"),
                  errhint("Return null or a string for it.")));
  pg_unreachable();
}

void BigIntToJsonCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  v8::Local<v8::String> digits;
  if (!info.This()->ToString(isolate->GetCurrentContext()).ToLocal(&digits)) return;
  if (marks_bigints)
    digits = v8::String::Concat(isolate, NameOf(isolate, kBigIntMark), digits);
  info.GetReturnValue().Set(digits);
}

bool JsonFromJs(v8::Isolate* isolate, TypeInfo* type, v8::Local<v8::Value> value,
                Datum* result, bool* isnull) {
  v8::Local<v8::String> json;
  *isnull = false;
  if (type->kind == TypeKind::kJsonb && guc_compatibility == kUpstream)
    return UpstreamJsonbFromJs(isolate, value, result);
  if (value->IsFunction() || value->IsSymbol())
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("JavaScript %s cannot be converted to type %s",
                           value->IsFunction() ? "function" : "symbol",
                           format_type_be(type->oid))));
  /* A nested call in a toJSON of the value clears it: its own BigInts then are text. */
  marks_bigints = guc_json_numbers == kJsonExact;
  bool done = v8::JSON::Stringify(isolate->GetCurrentContext(), value).ToLocal(&json);
  marks_bigints = false;
  if (!done) return false;
  size_t length = 0;
  char* text = FromJsString(isolate, json, &length);
  if (guc_json_numbers == kJsonExact && memmem(text, length, kBigIntMark, strlen(kBigIntMark)))
    length = UnmarkBigInts(text, length);
  if (length == 9 && memcmp(text, "undefined", 9) == 0) {
    /* A toJSON that returned undefined. */
    *isnull = true;
    return true;
  }
  /* Upstream's json has a null for them. */
  if (guc_compatibility == kStrict && MayHideNotFinite(text, length) &&
      !RefuseNotFinite(isolate, value, 0))
    return false;
  if (type->kind == TypeKind::kJsonb)
    *result = JsonbOfText(text, length);
  else
    *result = PointerGetDatum(cstring_to_text_with_len(text, static_cast<int>(length)));
  pfree(text);
  return true;
}

}  // namespace ai_runtime

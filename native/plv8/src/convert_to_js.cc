/*
 * SQL values to JavaScript. Everything here may raise and so holds no object with
 * a destructor; arrays have a file of their own.
 */
#include "convert.h"
#include "errors.h"
#include "exact_json.h"
#include "js_string.h"
#include "large_json.h"
#include "module.h"

extern "C" {
#include "utils/date.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
}

namespace ai_runtime {
namespace {

constexpr double kEpochShiftMs =
    (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * 86400.0 * 1000.0;
constexpr double kDayMs = 86400.0 * 1000.0;

v8::Local<v8::Value> NewDate(v8::Isolate* isolate, double ms) {
  v8::Local<v8::Value> date;
  if (!v8::Date::New(isolate->GetCurrentContext(), ms).ToLocal(&date)) return {};
  return date;
}

v8::Local<v8::Value> TimestampToJs(v8::Isolate* isolate, Timestamp value) {
  if (TIMESTAMP_NOT_FINITE(value)) return NewDate(isolate, std::nan(""));
  return NewDate(isolate, std::floor(static_cast<double>(value) / 1000.0) + kEpochShiftMs);
}

v8::Local<v8::Value> DateToJs(v8::Isolate* isolate, DateADT value) {
  if (DATE_NOT_FINITE(value)) return NewDate(isolate, std::nan(""));
  return NewDate(isolate, value * kDayMs + kEpochShiftMs);
}

v8::Local<v8::Value> NumericToJs(v8::Isolate* isolate, Datum value) {
  if (guc_numeric == kNumericNumber) {
    Datum number = DirectFunctionCall1(numeric_float8_no_overflow, value);
    return v8::Number::New(isolate, DatumGetFloat8(number));
  }
  char* text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
  if (guc_numeric == kNumericBigInt && IsWholeNumber(text)) return BigIntOf(isolate, text);
  return ToJsString(isolate, text, strlen(text));
}

v8::Local<v8::Value> BytesToJs(v8::Isolate* isolate, Datum value) {
  bytea* bytes = DatumGetByteaPP(value);
  size_t length = VARSIZE_ANY_EXHDR(bytes);
  v8::Local<v8::ArrayBuffer> buffer = NewArrayBuffer(isolate, length);
  memcpy(buffer->Data(), VARDATA_ANY(bytes), length);
  if (reinterpret_cast<Pointer>(bytes) != DatumGetPointer(value)) pfree(bytes);
  return v8::Uint8Array::New(buffer, 0, length);
}

v8::Local<v8::Value> VarlenaToJs(v8::Isolate* isolate, Datum value, bool json) {
  text* varlena = DatumGetTextPP(value);
  const char* data = VARDATA_ANY(varlena);
  size_t length = VARSIZE_ANY_EXHDR(varlena);
  v8::Local<v8::Value> result;
  if (json)
    result = ParseJson(isolate, data, length);
  else
    result = ToJsString(isolate, data, length);
  if (reinterpret_cast<Pointer>(varlena) != DatumGetPointer(value)) pfree(varlena);
  return result;
}

v8::Local<v8::Value> CompositeToJs(v8::Isolate* isolate, Datum value) {
  HeapTupleHeader header = DatumGetHeapTupleHeader(value);
  TupleDesc desc = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(header),
                                               HeapTupleHeaderGetTypMod(header));
  HeapTupleData tuple;
  tuple.t_len = HeapTupleHeaderGetDatumLength(header);
  ItemPointerSetInvalid(&tuple.t_self);
  tuple.t_tableOid = InvalidOid;
  tuple.t_data = header;
  RowShape shape;
  InitRowShape(isolate, &shape, desc, CurrentMemoryContext);
  return RowToJs(isolate, &shape, &tuple);
}

v8::Local<v8::Value> OtherToJs(v8::Isolate* isolate, TypeInfo* type, Datum value) {
  char* text = OutputText(type, value);
  return ToJsString(isolate, text, strlen(text));
}

}  // namespace

v8::Local<v8::Value> ParseJson(v8::Isolate* isolate, const char* text, size_t length) {
  if (guc_json_numbers == kJsonExact && HasInexactNumber(text, length))
    return ParseExactJson(isolate, text, length);
  return ParseDoubleJson(isolate, text, length);
}

v8::Local<v8::Value> ParseDoubleJson(v8::Isolate* isolate, const char* text, size_t length) {
  v8::Local<v8::Value> value;
  v8::Local<v8::String> string = ToJsString(isolate, text, length);
  if (string->Length() > kLargeJsonChars) {
    if (ParseLargeJson(isolate, string).ToLocal(&value)) return value;
    CHECK_FOR_INTERRUPTS();
    return {};
  }
  if (!v8::JSON::Parse(isolate->GetCurrentContext(), string).ToLocal(&value)) return {};
  return value;
}

v8::Local<v8::Value> ToJs(v8::Isolate* isolate, TypeInfo* type, Datum value) {
  switch (type->kind) {
    case TypeKind::kInt4:
      return v8::Integer::New(isolate, DatumGetInt32(value));
    case TypeKind::kBool:
      return v8::Boolean::New(isolate, DatumGetBool(value));
    case TypeKind::kInt2:
      return v8::Integer::New(isolate, DatumGetInt16(value));
    case TypeKind::kOid:
      return v8::Integer::NewFromUnsigned(isolate, DatumGetObjectId(value));
    case TypeKind::kInt8:
      return v8::BigInt::New(isolate, DatumGetInt64(value));
    case TypeKind::kFloat4:
      return v8::Number::New(isolate, static_cast<double>(DatumGetFloat4(value)));
    case TypeKind::kFloat8:
      return v8::Number::New(isolate, DatumGetFloat8(value));
    case TypeKind::kNumeric:
      return NumericToJs(isolate, value);
    case TypeKind::kText:
      return VarlenaToJs(isolate, value, false);
    case TypeKind::kJson:
      return VarlenaToJs(isolate, value, true);
    case TypeKind::kJsonb:
      return JsonbToJs(isolate, value);
    case TypeKind::kBytea:
      return BytesToJs(isolate, value);
    case TypeKind::kDate:
      return DateToJs(isolate, DatumGetDateADT(value));
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      return TimestampToJs(isolate, DatumGetTimestamp(value));
    case TypeKind::kArray:
      return ArrayToJs(isolate, type, value);
    case TypeKind::kComposite:
      return CompositeToJs(isolate, value);
    case TypeKind::kVoid:
      return v8::Undefined(isolate);
    case TypeKind::kOther:
      return OtherToJs(isolate, type, value);
    case TypeKind::kPseudo:
      break;
  }
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("type %s cannot be an argument of a plv8 function",
                         format_type_be(type->oid))));
  pg_unreachable();
}

void InitRowShape(v8::Isolate* isolate, RowShape* shape, TupleDesc desc,
                  MemoryContext memory) {
  size_t count = static_cast<size_t>(desc->natts);
  shape->desc = desc;
  shape->types =
      static_cast<TypeInfo*>(MemoryContextAllocZero(memory, (count + 1) * sizeof(TypeInfo)));
  shape->names = static_cast<v8::Local<v8::String>*>(
      MemoryContextAllocZero(memory, (count + 1) * sizeof(v8::Local<v8::String>)));
  for (size_t i = 0; i < count; i++) {
    Form_pg_attribute attribute = TupleDescAttr(desc, i);
    if (attribute->attisdropped) continue;
    InitType(&shape->types[i], attribute->atttypid, attribute->atttypmod, memory);
    shape->names[i] = ServerName(isolate, NameStr(attribute->attname));
  }
}

v8::Local<v8::Value> RowToJs(v8::Isolate* isolate, RowShape* shape, HeapTuple tuple) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  v8::Local<v8::Object> row = v8::Object::New(isolate);
  for (int i = 0; i < shape->desc->natts; i++) {
    if (TupleDescAttr(shape->desc, i)->attisdropped) continue;
    bool isnull = false;
    Datum datum = heap_getattr(tuple, i + 1, shape->desc, &isnull);
    v8::Local<v8::Value> value = v8::Null(isolate);
    if (!isnull) value = ToJs(isolate, &shape->types[i], datum);
    if (value.IsEmpty() ||
        !row->CreateDataProperty(context, shape->names[i], value).FromMaybe(false))
      return {};
  }
  return row;
}

}  // namespace ai_runtime

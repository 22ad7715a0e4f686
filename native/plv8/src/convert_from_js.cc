/*
 * JavaScript values to SQL. Everything here may raise and so holds no object with a
 * destructor. Numbers that the SQL type cannot hold are an error, unless
 * plv8.compatibility = upstream asks for the old truncation.
 */
#include "convert.h"
#include "errors.h"
#include "module.h"
#include "js_string.h"

extern "C" {
#include "utils/date.h"
#include "utils/float.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
}

namespace ai_runtime {
namespace {

constexpr double kEpochShiftMs =
    (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * 86400.0 * 1000.0;
constexpr double kDayMs = 86400.0 * 1000.0;

[[noreturn]] void RaiseOutOfRange(TypeInfo* type, double number) {
  ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
                  errmsg("number %s is out of range for type %s", float8out_internal(number),
                         format_type_be(type->oid)),
                  errhint("SET plv8.compatibility = upstream truncates silently.")));
  pg_unreachable();
}

// What is left of a number that does not fit: an error, or upstream's low bits.
int64 Overflowed(TypeInfo* type, double number) {
  if (guc_compatibility == kStrict) RaiseOutOfRange(type, number);
  if (!std::isfinite(number)) return 0;
  double modulus = std::ldexp(1.0, 64);
  double low_bits = std::fmod(std::trunc(number), modulus);
  return static_cast<int64>(
      static_cast<uint64>(low_bits < 0 ? low_bits + modulus : low_bits));
}

// The integer of a number (cut towards zero) or BigInt; false for another value.
bool ReadInteger(TypeInfo* type, v8::Local<v8::Value> value, int64* result) {
  if (value->IsInt32()) {
    *result = value.As<v8::Int32>()->Value();
    return true;
  }
  if (value->IsBigInt()) {
    bool lossless = false;
    *result = value.As<v8::BigInt>()->Int64Value(&lossless);
    if (!lossless && guc_compatibility == kStrict)
      ereport(ERROR,
              (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
               errmsg("BigInt is out of range for type %s", format_type_be(type->oid))));
    return true;
  }
  if (!value->IsNumber()) return false;
  double number = value.As<v8::Number>()->Value();
  bool fits = number >= -std::ldexp(1.0, 63) && number < std::ldexp(1.0, 63);
  *result = fits ? static_cast<int64>(number) : Overflowed(type, number);
  return true;
}

int64 CheckRange(TypeInfo* type, int64 number, int64 low, int64 high) {
  if (likely(number >= low && number <= high)) return number;
  return Overflowed(type, static_cast<double>(number));
}

double MsOf(v8::Local<v8::Value> value) {
  double ms = value.As<v8::Date>()->ValueOf();
  if (!std::isfinite(ms))
    ereport(ERROR, (errcode(ERRCODE_INVALID_DATETIME_FORMAT),
                    errmsg("invalid JavaScript Date cannot be converted to SQL")));
  return ms - kEpochShiftMs;
}

Datum TimestampFromJs(v8::Local<v8::Value> value) {
  double us = MsOf(value) * 1000.0;
  Timestamp result = static_cast<Timestamp>(us);
  if (!IS_VALID_TIMESTAMP(result))
    ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
                    errmsg("timestamp out of range")));
  return TimestampGetDatum(result);
}

Datum DateFromJs(v8::Local<v8::Value> value) {
  return DateADTGetDatum(static_cast<DateADT>(std::floor(MsOf(value) / kDayMs)));
}

Datum BytesFromJs(const uint8* data, size_t length) {
  if (!AllocSizeIsValid(length + VARHDRSZ))
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("%zu bytes are too many for type bytea", length)));
  bytea* bytes = static_cast<bytea*>(palloc(length + VARHDRSZ));
  SET_VARSIZE(bytes, length + VARHDRSZ);
  if (length > 0) memcpy(VARDATA(bytes), data, length);
  return PointerGetDatum(bytes);
}

bool TextFromJs(v8::Isolate* isolate, TypeInfo* type, v8::Local<v8::Value> value,
                Datum* result) {
  v8::Local<v8::String> text;
  if (!value->ToString(isolate->GetCurrentContext()).ToLocal(&text)) return false;
  if (type->base == TEXTOID || (type->kind == TypeKind::kText && type->typmod < 0)) {
    *result = TextDatum(isolate, text);
    return true;
  }
  size_t length = 0;
  *result = InputText(type, FromJsString(isolate, text, &length));
  return true;
}

bool CompositeFromJs(v8::Isolate* isolate, TypeInfo* type, v8::Local<v8::Value> value,
                     Datum* result) {
  if (type->base == RECORDOID && type->typmod < 0)
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("JavaScript object cannot become an anonymous record"),
                    errhint("Name the columns, as in: FROM f() AS t(a int).")));
  RowShape shape;
  InitRowShape(isolate, &shape, lookup_rowtype_tupdesc_copy(type->base, type->typmod),
               CurrentMemoryContext);
  size_t count = static_cast<size_t>(shape.desc->natts) + 1;
  Datum* values = static_cast<Datum*>(palloc0(count * sizeof(Datum)));
  bool* nulls = static_cast<bool*>(palloc0(count * sizeof(bool)));
  if (!RowFromJs(isolate, &shape, value, values, nulls)) return false;
  HeapTuple tuple = heap_form_tuple(shape.desc, values, nulls);
  *result = heap_copy_tuple_as_datum(tuple, shape.desc);
  return true;
}

// Numbers of fixed size; false when the value needs the general way.
bool NumberFromJs(TypeInfo* type, v8::Local<v8::Value> value, Datum* result) {
  int64 integer = 0;
  switch (type->kind) {
    case TypeKind::kInt2:
      if (!ReadInteger(type, value, &integer)) return false;
      integer = CheckRange(type, integer, PG_INT16_MIN, PG_INT16_MAX);
      *result = Int16GetDatum(static_cast<int16>(integer));
      return true;
    case TypeKind::kInt4:
      if (!ReadInteger(type, value, &integer)) return false;
      integer = CheckRange(type, integer, PG_INT32_MIN, PG_INT32_MAX);
      *result = Int32GetDatum(static_cast<int32>(integer));
      return true;
    case TypeKind::kInt8:
      if (!ReadInteger(type, value, &integer)) return false;
      *result = Int64GetDatum(integer);
      return true;
    case TypeKind::kOid:
      if (!ReadInteger(type, value, &integer)) return false;
      integer = CheckRange(type, integer, 0, PG_UINT32_MAX);
      *result = ObjectIdGetDatum(static_cast<Oid>(integer));
      return true;
    case TypeKind::kFloat8:
      if (!value->IsNumber()) return false;
      *result = Float8GetDatum(value.As<v8::Number>()->Value());
      return true;
    case TypeKind::kFloat4: {
      if (!value->IsNumber()) return false;
      double number = value.As<v8::Number>()->Value();
      float narrow = static_cast<float>(number);
      if (std::isinf(narrow) && std::isfinite(number) && guc_compatibility == kStrict)
        RaiseOutOfRange(type, number);
      *result = Float4GetDatum(narrow);
      return true;
    }
    default:
      return false;
  }
}

bool ConvertValue(v8::Isolate* isolate, TypeInfo* type, v8::Local<v8::Value> value,
                  Datum* result, bool* isnull) {
  const uint8* data = nullptr;
  size_t length = 0;
  if (NumberFromJs(type, value, result)) return true;
  switch (type->kind) {
    case TypeKind::kBool:
      if (value->IsString()) break;
      *result = BoolGetDatum(value->BooleanValue(isolate));
      return true;
    case TypeKind::kJson:
    case TypeKind::kJsonb:
      return JsonFromJs(isolate, type, value, result, isnull);
    case TypeKind::kBytea:
      if (!BytesOf(value, &data, &length)) break;
      *result = BytesFromJs(data, length);
      return true;
    case TypeKind::kDate:
      if (!value->IsDate()) break;
      *result = DateFromJs(value);
      return true;
    case TypeKind::kTimestamp:
    case TypeKind::kTimestampTz:
      if (!value->IsDate()) break;
      *result = TimestampFromJs(value);
      return true;
    case TypeKind::kArray:
      if (!value->IsArray() && !value->IsTypedArray()) break;
      return ArrayFromJs(isolate, type, value, result);
    case TypeKind::kComposite:
      if (value->IsString() && type->base != RECORDOID) break;
      return CompositeFromJs(isolate, type, value, result);
    case TypeKind::kPseudo:
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("type %s cannot be the result of a plv8 function",
                             format_type_be(type->oid))));
    default:
      break;
  }
  return TextFromJs(isolate, type, value, result);
}

// Upstream wants each column in the object; false with a pending exception.
bool RequireColumn(v8::Local<v8::Context> context, v8::Local<v8::Object> object,
                   const RowShape* shape, int column) {
  bool has = false;
  if (!object->Has(context, shape->names[column]).To(&has)) return false;
  if (!has)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("JavaScript object has no property for column \"%s\"",
                           NameStr(TupleDescAttr(shape->desc, column)->attname)),
                    errhint("SET plv8.compatibility = strict makes it NULL.")));
  return true;
}

}  // namespace

bool FromJs(v8::Isolate* isolate, TypeInfo* type, v8::Local<v8::Value> value, Datum* result,
            bool* isnull) {
  *result = 0;
  *isnull = value->IsNullOrUndefined() || type->kind == TypeKind::kVoid;
  if (!*isnull && !ConvertValue(isolate, type, value, result, isnull)) return false;
  if (type->is_domain)
    domain_check(*result, *isnull, type->oid, &type->domain_extra, type->memory);
  return true;
}

bool RowFromJs(v8::Isolate* isolate, RowShape* shape, v8::Local<v8::Value> value,
               Datum* values, bool* nulls) {
  v8::Local<v8::Context> context = isolate->GetCurrentContext();
  if (!value->IsObject())
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("a row must be a JavaScript object"),
                    errhint("Its properties are the columns.")));
  v8::Local<v8::Object> object = value.As<v8::Object>();
  for (int i = 0; i < shape->desc->natts; i++) {
    values[i] = 0;
    nulls[i] = true;
    if (TupleDescAttr(shape->desc, i)->attisdropped) continue;
    v8::Local<v8::Value> item;
    if (guc_compatibility == kUpstream && !RequireColumn(context, object, shape, i)) return false;
    if (!object->Get(context, shape->names[i]).ToLocal(&item)) return false;
    if (!FromJs(isolate, &shape->types[i], item, &values[i], &nulls[i])) return false;
  }
  return true;
}

}  // namespace ai_runtime

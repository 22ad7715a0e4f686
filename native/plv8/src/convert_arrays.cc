/*
 * Arrays, both ways: several dimensions become nested arrays, typed arrays are
 * copied as a block when the element types agree.
 */
#include "convert.h"
#include "errors.h"
#include "module.h"

extern "C" {
#include "utils/array.h"
}

namespace ai_runtime {
namespace {

// An SQL array on its way into JavaScript.
struct ArrayReader {
  v8::Isolate* isolate;
  TypeInfo* element;
  Datum* values;
  bool* nulls;
  int position;
};

bool HasTypedArray(TypeKind kind) {
  return kind == TypeKind::kInt2 || kind == TypeKind::kInt4 || kind == TypeKind::kInt8 ||
         kind == TypeKind::kFloat4 || kind == TypeKind::kFloat8;
}

v8::Local<v8::Value> NewTypedArray(v8::Isolate* isolate, TypeKind kind, const void* data,
                                   size_t count, size_t element_bytes) {
  v8::Local<v8::ArrayBuffer> buffer = NewArrayBuffer(isolate, count * element_bytes);
  memcpy(buffer->Data(), data, count * element_bytes);
  switch (kind) {
    case TypeKind::kInt2:
      return v8::Int16Array::New(buffer, 0, count);
    case TypeKind::kInt4:
      return v8::Int32Array::New(buffer, 0, count);
    case TypeKind::kInt8:
      return v8::BigInt64Array::New(buffer, 0, count);
    case TypeKind::kFloat4:
      return v8::Float32Array::New(buffer, 0, count);
    default:
      return v8::Float64Array::New(buffer, 0, count);
  }
}

v8::Local<v8::Value> ReadDimension(ArrayReader* reader, const int* dims, int ndim) {
  int count = dims[0];
  auto* items = static_cast<v8::Local<v8::Value>*>(
      palloc0(sizeof(v8::Local<v8::Value>) * static_cast<size_t>(count + 1)));
  for (int i = 0; i < count; i++) {
    if (ndim > 1) {
      items[i] = ReadDimension(reader, dims + 1, ndim - 1);
    } else {
      int position = reader->position++;
      items[i] = reader->nulls[position]
                     ? v8::Local<v8::Value>(v8::Null(reader->isolate))
                     : ToJs(reader->isolate, reader->element, reader->values[position]);
    }
    if (items[i].IsEmpty()) return {};
  }
  v8::Local<v8::Value> array =
      v8::Array::New(reader->isolate, items, static_cast<size_t>(count));
  pfree(items);
  return array;
}

// A JavaScript array on its way into SQL.
struct ArrayWriter {
  v8::Isolate* isolate;
  TypeInfo* element;
  int ndim = 0;
  int dims[MAXDIM];
  Datum* values = nullptr;
  bool* nulls = nullptr;
  int count = 0;
};

[[noreturn]] void RaiseRagged() {
  ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
                  errmsg("nested JavaScript arrays have different lengths"),
                  errdetail("A multi-dimensional SQL array has the same length in each "
                            "row of a dimension.")));
  pg_unreachable();
}

uint32_t LengthOf(v8::Local<v8::Value> value) {
  if (value->IsArray()) return value.As<v8::Array>()->Length();
  return static_cast<uint32_t>(value.As<v8::TypedArray>()->Length());
}

bool IsArrayLike(v8::Local<v8::Value> value) {
  return value->IsArray() || value->IsTypedArray();
}

// Whether an item is a further dimension and no element: JSON and arrays in a domain may
// be made of arrays themselves, so these stay flat; upstream's all do.
bool OpensDimension(const TypeInfo* element, v8::Local<v8::Value> item) {
  if (guc_compatibility == kUpstream) return false;
  switch (element->kind) {
    case TypeKind::kJson:
    case TypeKind::kJsonb:
    case TypeKind::kArray:
      return false;
    case TypeKind::kBytea:
    case TypeKind::kComposite:
      return item->IsArray();
    default:
      return IsArrayLike(item);
  }
}

// Finds the dimensions by going down the first elements.
bool MeasureDimensions(ArrayWriter* writer, v8::Local<v8::Value> value) {
  v8::Local<v8::Context> context = writer->isolate->GetCurrentContext();
  double total = 1;
  for (;;) {
    uint32_t length = LengthOf(value);
    if (writer->ndim == MAXDIM)
      ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                      errmsg("number of array dimensions exceeds the maximum allowed (%d)",
                             MAXDIM)));
    total *= length;
    if (total > MaxArraySize)
      ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                      errmsg("array size exceeds the maximum allowed (%d)",
                             static_cast<int>(MaxArraySize))));
    writer->dims[writer->ndim++] = static_cast<int>(length);
    if (length == 0) break;
    v8::Local<v8::Value> first;
    if (!value.As<v8::Object>()->Get(context, 0).ToLocal(&first)) return false;
    if (!OpensDimension(writer->element, first)) break;
    value = first;
  }
  writer->count = static_cast<int>(total);
  return true;
}

bool WriteDimension(ArrayWriter* writer, v8::Local<v8::Value> value, int depth, int* position) {
  v8::Local<v8::Context> context = writer->isolate->GetCurrentContext();
  if (!IsArrayLike(value)) RaiseRagged();
  int length = writer->dims[depth];
  if (LengthOf(value) != static_cast<uint32_t>(length)) RaiseRagged();
  for (int i = 0; i < length; i++) {
    v8::Local<v8::Value> item;
    if (!value.As<v8::Object>()->Get(context, static_cast<uint32_t>(i)).ToLocal(&item))
      return false;
    if (depth + 1 < writer->ndim) {
      if (!WriteDimension(writer, item, depth + 1, position)) return false;
      continue;
    }
    if (OpensDimension(writer->element, item)) RaiseRagged();
    int at = (*position)++;
    if (!FromJs(writer->isolate, writer->element, item, &writer->values[at],
                &writer->nulls[at]))
      return false;
  }
  return true;
}

bool SameLayout(TypeKind kind, v8::Local<v8::Value> value) {
  switch (kind) {
    case TypeKind::kInt2:
      return value->IsInt16Array();
    case TypeKind::kInt4:
      return value->IsInt32Array();
    case TypeKind::kInt8:
      return value->IsBigInt64Array();
    case TypeKind::kFloat4:
      return value->IsFloat32Array();
    case TypeKind::kFloat8:
      return value->IsFloat64Array();
    default:
      return false;
  }
}

// One block of memory, no conversion an element.
Datum CopyTypedArray(TypeInfo* element, v8::Local<v8::Value> value) {
  const uint8* data = nullptr;
  size_t bytes = 0;
  BytesOf(value, &data, &bytes);
  size_t size = ARR_OVERHEAD_NONULLS(1) + bytes;
  if (bytes == 0) return PointerGetDatum(construct_empty_array(element->oid));
  if (!AllocSizeIsValid(size))
    ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                    errmsg("array size exceeds the maximum allowed (%d)",
                           static_cast<int>(MaxArraySize))));
  ArrayType* array = static_cast<ArrayType*>(palloc(size));
  SET_VARSIZE(array, size);
  array->ndim = 1;
  array->dataoffset = 0;
  array->elemtype = element->oid;
  ARR_DIMS(array)[0] = static_cast<int>(bytes / static_cast<size_t>(element->length));
  ARR_LBOUND(array)[0] = 1;
  memcpy(ARR_DATA_PTR(array), data, bytes);
  return PointerGetDatum(array);
}

}  // namespace

v8::Local<v8::Value> ArrayToJs(v8::Isolate* isolate, TypeInfo* type, Datum value) {
  ArrayType* array = DatumGetArrayTypeP(value);
  TypeInfo* element = type->element;
  int ndim = ARR_NDIM(array);
  int count = ArrayGetNItems(ndim, ARR_DIMS(array));
  bool wants_typed = type->typed_array || guc_typed_arrays;
  if (wants_typed && HasTypedArray(element->kind) && ndim <= 1 &&
      !array_contains_nulls(array))
    return NewTypedArray(isolate, element->kind, ARR_DATA_PTR(array),
                         static_cast<size_t>(count), static_cast<size_t>(element->length));
  if (ndim == 0) return v8::Array::New(isolate);
  ArrayReader reader = {isolate, element, nullptr, nullptr, 0};
  if (guc_compatibility == kUpstream) ndim = 1;
  deconstruct_array(array, element->oid, element->length, element->by_value, element->align,
                    &reader.values, &reader.nulls, &count);
  const int* dims = ndim == 1 ? &count : ARR_DIMS(array);
  v8::Local<v8::Value> result = ReadDimension(&reader, dims, ndim);
  pfree(reader.values);
  pfree(reader.nulls);
  return result;
}

bool ArrayFromJs(v8::Isolate* isolate, TypeInfo* type, v8::Local<v8::Value> value,
                 Datum* result) {
  TypeInfo* element = type->element;
  if (!element->is_domain && SameLayout(element->kind, value)) {
    *result = CopyTypedArray(element, value);
    return true;
  }
  ArrayWriter writer;
  writer.isolate = isolate;
  writer.element = element;
  if (!MeasureDimensions(&writer, value)) return false;
  if (writer.count == 0) {
    *result = PointerGetDatum(construct_empty_array(element->oid));
    return true;
  }
  size_t count = static_cast<size_t>(writer.count);
  writer.values = static_cast<Datum*>(palloc(sizeof(Datum) * count));
  writer.nulls = static_cast<bool*>(palloc0(sizeof(bool) * count));
  int position = 0;
  if (!WriteDimension(&writer, value, 0, &position)) return false;
  int lower_bounds[MAXDIM] = {1, 1, 1, 1, 1, 1};
  *result = PointerGetDatum(construct_md_array(
      writer.values, writer.nulls, writer.ndim, writer.dims, lower_bounds, element->oid,
      element->length, element->by_value, element->align));
  return true;
}

bool BytesOf(v8::Local<v8::Value> value, const uint8** data, size_t* length) {
  if (value->IsArrayBufferView()) {
    v8::Local<v8::ArrayBufferView> view = value.As<v8::ArrayBufferView>();
    *data = static_cast<const uint8*>(view->Buffer()->Data()) + view->ByteOffset();
    *length = view->ByteLength();
    return true;
  }
  if (value->IsArrayBuffer()) {
    *data = static_cast<const uint8*>(value.As<v8::ArrayBuffer>()->Data());
    *length = value.As<v8::ArrayBuffer>()->ByteLength();
    return true;
  }
  return false;
}

}  // namespace ai_runtime

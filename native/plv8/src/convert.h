/*
 * Values between SQL and JavaScript. Both directions raise PostgreSQL errors, so
 * they run in Catch(); when JavaScript itself throws (a getter, a toJSON), they say
 * so by their result and the exception stays pending.
 */
#ifndef AI_RUNTIME_PLV8_CONVERT_H_
#define AI_RUNTIME_PLV8_CONVERT_H_

#include "isolate.h"
#include "type_info.h"

namespace ai_runtime {

// The value in JavaScript; empty when an exception is pending.
v8::Local<v8::Value> ToJs(v8::Isolate* isolate, TypeInfo* type, Datum value);

// The value for SQL; false when an exception is pending.
bool FromJs(v8::Isolate* isolate, TypeInfo* type, v8::Local<v8::Value> value, Datum* result,
            bool* isnull);

// Column names and types of rows that are converted one after another.
struct RowShape {
  TupleDesc desc = nullptr;
  TypeInfo* types = nullptr;
  v8::Local<v8::String>* names = nullptr;
};

// Prepares the conversion of rows; handles are made in the open scope.
void InitRowShape(v8::Isolate* isolate, RowShape* shape, TupleDesc desc, MemoryContext memory);

// A row as an object by column name; empty when an exception is pending.
v8::Local<v8::Value> RowToJs(v8::Isolate* isolate, RowShape* shape, HeapTuple tuple);

// An object's properties as column values; absent ones are NULL. Arrays of
// shape->desc->natts.
bool RowFromJs(v8::Isolate* isolate, RowShape* shape, v8::Local<v8::Value> value,
               Datum* values, bool* nulls);

// Parts of the converters, each in its file.
v8::Local<v8::Value> ArrayToJs(v8::Isolate* isolate, TypeInfo* type, Datum value);
bool ArrayFromJs(v8::Isolate* isolate, TypeInfo* type, v8::Local<v8::Value> value,
                 Datum* result);
v8::Local<v8::Value> JsonbToJs(v8::Isolate* isolate, Datum value);
v8::Local<v8::Value> ParseJson(v8::Isolate* isolate, const char* text, size_t length);
// As JSON.parse, whatever plv8.json_numbers says.
v8::Local<v8::Value> ParseDoubleJson(v8::Isolate* isolate, const char* text, size_t length);
bool JsonFromJs(v8::Isolate* isolate, TypeInfo* type, v8::Local<v8::Value> value,
                Datum* result, bool* isnull);

// jsonb by upstream's rules instead, for plv8.compatibility = upstream.
bool UpstreamJsonbFromJs(v8::Isolate* isolate, v8::Local<v8::Value> value, Datum* result);

// The error of a number that JSON does not have.
[[noreturn]] void RaiseNotFinite(double number);

// BigInt.prototype.toJSON: the digits, marked for JsonFromJs where it wants numbers.
void BigIntToJsonCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

// The bytes of a view or buffer; false when the value is neither.
bool BytesOf(v8::Local<v8::Value> value, const uint8** data, size_t* length);

}  // namespace ai_runtime

#endif

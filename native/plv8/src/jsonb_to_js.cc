/*
 * jsonb to JavaScript, straight from its stored form. Objects whose keys come again and
 * again are made by a maker (object_shapes.h), others by V8's JSON parser from their text,
 * and large ones property by property, so that an interrupt is seen in time.
 */
#include "convert.h"
#include "errors.h"
#include "js_string.h"
#include "module.h"
#include "numeric_format.h"
#include "object_shapes.h"

extern "C" {
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
}

namespace ai_runtime {
namespace {

// From here on a container is walked by steps; what is smaller is made at one go.
constexpr uint32 kLargeBytes = 64 * 1024;
constexpr uint32 kMaxWholeArray = 1024;
// Members of a large container that are made under one handle scope.
constexpr uint32 kStep = 256;
// Deeper than that a container goes by its text, as V8's parser needs no stack for it.
constexpr int kMaxDepth = 100;

struct Reader {
  v8::Isolate* isolate;
  int depth = 0;
};

v8::Local<v8::Value> ContainerToJs(Reader* reader, JsonbContainer* container, uint32 bytes);

v8::Local<v8::Value> NumberToJs(v8::Isolate* isolate, Numeric number) {
  if (guc_json_numbers == kJsonDouble) return v8::Number::New(isolate, DoubleOfNumeric(number));
  char* text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
  return ParseJson(isolate, text, strlen(text));
}

// Walks the entries of a container.
struct Cursor {
  JsonbContainer* container;
  char* data;  // behind the entries
  uint32 index;
  uint32 offset;
};

Cursor StartOf(JsonbContainer* container) {
  uint32 entries = JsonContainerSize(container) * (JsonContainerIsObject(container) ? 2 : 1);
  return {container, reinterpret_cast<char*>(&container->children[entries]), 0, 0};
}

// The entry at the cursor, which moves on; its bytes without alignment in [*start, *end).
JEntry NextEntry(Cursor* cursor, uint32* start, uint32* end) {
  JEntry entry = cursor->container->children[cursor->index++];
  *start = cursor->offset;
  JBE_ADVANCE_OFFSET(cursor->offset, entry);
  *end = cursor->offset;
  return entry;
}

// The value at the cursor; empty when an exception is pending.
v8::Local<v8::Value> NextValue(Reader* reader, Cursor* cursor) {
  v8::Isolate* isolate = reader->isolate;
  uint32 start = 0, end = 0;
  JEntry entry = NextEntry(cursor, &start, &end);
  if (JBE_ISSTRING(entry)) return ToJsString(isolate, cursor->data + start, end - start);
  char* aligned = cursor->data + INTALIGN(start);
  if (JBE_ISNUMERIC(entry)) return NumberToJs(isolate, reinterpret_cast<Numeric>(aligned));
  if (JBE_ISCONTAINER(entry))
    return ContainerToJs(reader, reinterpret_cast<JsonbContainer*>(aligned),
                         end - static_cast<uint32>(INTALIGN(start)));
  if (JBE_ISNULL(entry)) return v8::Null(isolate);
  return v8::Boolean::New(isolate, JBE_ISBOOL_TRUE(entry));
}

bool NextValues(Reader* reader, Cursor* cursor, uint32 count, v8::Local<v8::Value>* values) {
  for (uint32 i = 0; i < count; i++) {
    values[i] = NextValue(reader, cursor);
    if (values[i].IsEmpty()) return false;
  }
  return true;
}

v8::Local<v8::Value> ByText(v8::Isolate* isolate, JsonbContainer* container, uint32 bytes) {
  StringInfoData text;
  initStringInfo(&text);
  JsonbToCString(&text, container, static_cast<int>(bytes));
  v8::Local<v8::Value> value = ParseJson(isolate, text.data, static_cast<size_t>(text.len));
  pfree(text.data);
  return value;
}

v8::Local<v8::Value> SmallArray(Reader* reader, JsonbContainer* container) {
  uint32 count = JsonContainerSize(container);
  Cursor cursor = StartOf(container);
  auto* values = static_cast<v8::Local<v8::Value>*>(
      palloc0(sizeof(v8::Local<v8::Value>) * (count + 1)));
  v8::Local<v8::Value> array;
  if (NextValues(reader, &cursor, count, values))
    array = v8::Array::New(reader->isolate, values, count);
  pfree(values);
  return array;
}

v8::Local<v8::Value> SmallObject(Reader* reader, JsonbContainer* container, uint32 bytes) {
  v8::Isolate* isolate = reader->isolate;
  uint32 count = JsonContainerSize(container), start = 0, end = 0;
  Cursor cursor = StartOf(container);
  bool threw = false;
  if (guc_json_numbers == kJsonExact) return ByText(isolate, container, bytes);
  while (cursor.index < count) (void)NextEntry(&cursor, &start, &end);
  JsonbKeys keys = {container->children, cursor.data, count, end};
  Role* role = static_cast<Role*>(isolate->GetData(0));
  v8::Local<v8::Function> maker = role->shapes->MakerFor(isolate, keys, &threw);
  if (threw) return {};
  if (maker.IsEmpty()) return ByText(isolate, container, bytes);
  auto* values =
      static_cast<v8::Local<v8::Value>*>(alloca(sizeof(v8::Local<v8::Value>) * (count + 1)));
  v8::Local<v8::Value> object;
  if (!NextValues(reader, &cursor, count, values) ||
      !maker->Call(isolate->GetCurrentContext(), v8::Undefined(isolate),
                   static_cast<int>(count), values)
           .ToLocal(&object))
    return {};
  return object;
}

// One member of a large container; false when an exception is pending.
bool AddMember(Reader* reader, v8::Local<v8::Object> target, Cursor* keys, Cursor* values) {
  v8::Local<v8::Context> context = reader->isolate->GetCurrentContext();
  uint32 index = values->index, start = 0, end = 0;
  v8::Local<v8::Value> key;
  bool has_key = JsonContainerIsObject(values->container);
  if (has_key) {
    (void)NextEntry(keys, &start, &end);
    key = ToJsString(reader->isolate, keys->data + start, end - start);
  }
  v8::Local<v8::Value> value = NextValue(reader, values);
  if (value.IsEmpty()) return false;
  if (!has_key) return target->CreateDataProperty(context, index, value).FromMaybe(false);
  return target->CreateDataProperty(context, key.As<v8::Name>(), value).FromMaybe(false);
}

v8::Local<v8::Value> LargeContainer(Reader* reader, JsonbContainer* container) {
  uint32 count = JsonContainerSize(container), start = 0, end = 0;
  Cursor keys = StartOf(container);
  Cursor values = keys;
  v8::Local<v8::Object> target;
  if (JsonContainerIsObject(container)) {
    while (values.index < count) (void)NextEntry(&values, &start, &end);
    target = v8::Object::New(reader->isolate);
  } else {
    target = v8::Array::New(reader->isolate);
  }
  for (uint32 done = 0; done < count; done += kStep) {
    bool added = true;
    CHECK_FOR_INTERRUPTS();
    InHandleScope(reader->isolate, [&] {
      for (uint32 i = done; added && i < count && i < done + kStep; i++)
        added = AddMember(reader, target, &keys, &values);
    });
    if (!added) return {};
  }
  return target;
}

v8::Local<v8::Value> ContainerToJs(Reader* reader, JsonbContainer* container, uint32 bytes) {
  bool is_object = JsonContainerIsObject(container);
  v8::Local<v8::Value> value;
  check_stack_depth();
  reader->depth++;
  if (bytes >= kLargeBytes || (!is_object && JsonContainerSize(container) > kMaxWholeArray))
    value = LargeContainer(reader, container);
  else if (reader->depth > kMaxDepth)
    value = ByText(reader->isolate, container, bytes);
  else
    value = is_object ? SmallObject(reader, container, bytes) : SmallArray(reader, container);
  reader->depth--;
  return value;
}

}  // namespace

v8::Local<v8::Value> JsonbToJs(v8::Isolate* isolate, Datum value) {
  Jsonb* jsonb = DatumGetJsonbP(value);
  Reader reader = {isolate, 0};
  v8::Local<v8::Value> result;
  if (JsonContainerIsScalar(&jsonb->root)) {
    Cursor cursor = StartOf(&jsonb->root);
    result = NextValue(&reader, &cursor);
  } else {
    result = ContainerToJs(&reader, &jsonb->root,
                           static_cast<uint32>(VARSIZE(jsonb) - VARHDRSZ));
  }
  if (reinterpret_cast<Pointer>(jsonb) != DatumGetPointer(value)) pfree(jsonb);
  return result;
}

}  // namespace ai_runtime

/*
 * Makers of objects, see object_shapes.h. jsonb stores the keys of an object before its
 * values, in one order for all objects, so two objects have the same keys when these bytes
 * are the same: the look-up is one comparison.
 */
#include "object_shapes.h"

#include "js_string.h"

extern "C" {
#include "common/hashfn.h"
#include "utils/json.h"
}

namespace ai_runtime {
namespace {

// Compiling a maker costs as much as some dozens of objects do without one.
constexpr int kUsesBeforeMaker = 32;
constexpr int kMaxUses = 1024;
constexpr uint32 kMaxKeyBytes = 4096;

uint32 HashOf(const JsonbKeys& keys) {
  /* Of long keys the ends will do: a match is compared in full. */
  constexpr uint32 kEnd = 16;
  uint32 hash = hash_combine(keys.count, keys.length);
  uint32 head = Min(keys.length, kEnd);
  const char* tail = keys.bytes + keys.length - head;
  hash = hash_combine(hash, hash_bytes(reinterpret_cast<const unsigned char*>(keys.bytes),
                                       static_cast<int>(head)));
  return hash_combine(hash, hash_bytes(reinterpret_cast<const unsigned char*>(tail),
                                       static_cast<int>(head)));
}

// The body of a maker: return {"a": a0, "b": a1}.
void AppendBody(StringInfo source, const JsonbKeys& keys) {
  uint32 offset = 0;
  appendStringInfoString(source, "return {");
  for (uint32 i = 0; i < keys.count; i++) {
    uint32 start = offset;
    JBE_ADVANCE_OFFSET(offset, keys.entries[i]);
    char* key = pnstrdup(keys.bytes + start, offset - start);
    /* In brackets a key is a property whatever its name: a bare __proto__ is none. */
    appendStringInfoString(source, i > 0 ? ",[" : "[");
    escape_json(source, key);
    appendStringInfo(source, "]:a%u", i);
    pfree(key);
  }
  appendStringInfoString(source, "}");
}

v8::Local<v8::Function> Compile(v8::Isolate* isolate, const JsonbKeys& keys, bool* threw) {
  StringInfoData body;
  v8::Local<v8::String> names[ObjectShapes::kMaxKeys];
  char name[16];
  initStringInfo(&body);
  AppendBody(&body, keys);
  for (uint32 i = 0; i < keys.count; i++) {
    snprintf(name, sizeof(name), "a%u", i);
    names[i] = NameOf(isolate, name);
  }
  v8::ScriptCompiler::Source source(
      ToJsString(isolate, body.data, static_cast<size_t>(body.len)));
  pfree(body.data);
  v8::Local<v8::Function> maker;
  *threw = !v8::ScriptCompiler::CompileFunctionInContext(isolate->GetCurrentContext(), &source,
                                                         keys.count, names, 0, nullptr)
                .ToLocal(&maker);
  return maker;
}

}  // namespace

bool ObjectShapes::Matches(const Shape& shape, const JsonbKeys& keys) const {
  return shape.entries.size() == keys.count * sizeof(JEntry) &&
         shape.bytes.size() == keys.length &&
         memcmp(shape.entries.data(), keys.entries, shape.entries.size()) == 0 &&
         memcmp(shape.bytes.data(), keys.bytes, keys.length) == 0;
}

v8::Local<v8::Function> ObjectShapes::MakerFor(v8::Isolate* isolate, const JsonbKeys& keys,
                                               bool* threw) {
  if (keys.count == 0 || keys.count > kMaxKeys || keys.length > kMaxKeyBytes) return {};
  Shape* shape = &shapes_[HashOf(keys) % kMaxShapes];
  if (likely(Matches(*shape, keys))) {
    if (shape->uses < kMaxUses) shape->uses++;
    if (!shape->maker.IsEmpty()) return shape->maker.Get(isolate);
    if (shape->uses < kUsesBeforeMaker) return {};
    v8::Local<v8::Function> maker = Compile(isolate, keys, threw);
    if (!maker.IsEmpty()) shape->maker.Reset(isolate, maker);
    return maker;
  }
  if (shape->uses > 0) {
    shape->uses--;
    return {};
  }
  shape->maker.Reset();
  shape->entries.assign(reinterpret_cast<const char*>(keys.entries),
                        keys.count * sizeof(JEntry));
  shape->bytes.assign(keys.bytes, keys.length);
  return {};
}

}  // namespace ai_runtime

/*
 * Makers of objects: a function of JavaScript for each list of keys that jsonb objects
 * come with again and again, so that a row's object is made in one call, with the hidden
 * class that an object literal in a script has.
 */
#ifndef AI_RUNTIME_PLV8_OBJECT_SHAPES_H_
#define AI_RUNTIME_PLV8_OBJECT_SHAPES_H_

#include "isolate.h"

extern "C" {
#include "utils/jsonb.h"
}

namespace ai_runtime {

// The keys of a jsonb object as they are stored: entries and bytes.
struct JsonbKeys {
  const JEntry* entries = nullptr;
  const char* bytes = nullptr;
  uint32 count = 0;
  uint32 length = 0;  // of the bytes
};

// A bounded cache of makers; belongs to one isolate.
class ObjectShapes {
 public:
  // Objects of more keys get no maker.
  static constexpr uint32 kMaxKeys = 64;

  // The maker for these keys, a function of their values in order. Empty as long as they
  // are new, and when an exception is pending, which *threw tells. May raise.
  v8::Local<v8::Function> MakerFor(v8::Isolate* isolate, const JsonbKeys& keys, bool* threw);

 private:
  struct Shape {
    std::string entries;
    std::string bytes;
    int uses = 0;  // what it is worth: a new shape takes its place at 0
    v8::Global<v8::Function> maker;
  };
  static constexpr uint32 kMaxShapes = 64;

  bool Matches(const Shape& shape, const JsonbKeys& keys) const;

  Shape shapes_[kMaxShapes];
};

}  // namespace ai_runtime

#endif

/*
 * What the converters need to know of an SQL type, looked up once.
 */
#ifndef AI_RUNTIME_PLV8_TYPE_INFO_H_
#define AI_RUNTIME_PLV8_TYPE_INFO_H_

#include "pg_v8.h"

namespace ai_runtime {

enum class TypeKind : uint8 {
  kVoid, kBool, kInt2, kInt4, kInt8, kOid, kFloat4, kFloat8, kNumeric, kText, kBytea,
  kJson, kJsonb, kDate, kTimestamp, kTimestampTz, kArray, kComposite, kOther, kPseudo,
};

// Plain data in a memory context, so that a longjmp may pass over it.
struct TypeInfo {
  Oid oid = InvalidOid;       // as declared
  Oid base = InvalidOid;      // beneath a domain
  int32 typmod = -1;
  TypeKind kind = TypeKind::kPseudo;
  bool is_domain = false;
  bool by_value = false;
  bool typed_array = false;   // a plv8_*array domain: always a typed array
  int16 length = 0;
  char align = 'i';
  TypeInfo* element = nullptr;
  FmgrInfo* output = nullptr;  // of the base type, looked up when first needed
  FmgrInfo* input = nullptr;
  Oid input_param = InvalidOid;
  void* domain_extra = nullptr;
  MemoryContext memory = nullptr;
};

// Fills *type; what it points to lives in memory. Raises for unknown types.
void InitType(TypeInfo* type, Oid oid, int32 typmod, MemoryContext memory);

// The value by the type's output function.
char* OutputText(TypeInfo* type, Datum value);

// The value by the type's input function, domain constraints included.
Datum InputText(TypeInfo* type, char* text);

// True when converting to JavaScript cannot raise.
inline bool IsPlainNumber(const TypeInfo& type) {
  return type.kind >= TypeKind::kBool && type.kind <= TypeKind::kFloat8;
}

}  // namespace ai_runtime

#endif

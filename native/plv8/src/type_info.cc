/*
 * What the converters need to know of an SQL type.
 */
#include "type_info.h"

namespace ai_runtime {
namespace {

struct KnownType {
  Oid oid;
  TypeKind kind;
  int16 length;
  bool by_value;
  char align;
};

// The usual types, without a look into the catalogue.
constexpr KnownType kKnownTypes[] = {
    {INT4OID, TypeKind::kInt4, 4, true, 'i'},
    {TEXTOID, TypeKind::kText, -1, false, 'i'},
    {JSONBOID, TypeKind::kJsonb, -1, false, 'i'},
    {BOOLOID, TypeKind::kBool, 1, true, 'c'},
    {INT8OID, TypeKind::kInt8, 8, true, 'd'},
    {FLOAT8OID, TypeKind::kFloat8, 8, true, 'd'},
    {BYTEAOID, TypeKind::kBytea, -1, false, 'i'},
    {TIMESTAMPTZOID, TypeKind::kTimestampTz, 8, true, 'd'},
    {JSONOID, TypeKind::kJson, -1, false, 'i'},
    {INT2OID, TypeKind::kInt2, 2, true, 's'},
    {FLOAT4OID, TypeKind::kFloat4, 4, true, 'i'},
    {VARCHAROID, TypeKind::kText, -1, false, 'i'},
    {OIDOID, TypeKind::kOid, 4, true, 'i'},
    {NUMERICOID, TypeKind::kNumeric, -1, false, 'i'},
    {DATEOID, TypeKind::kDate, 4, true, 'i'},
    {TIMESTAMPOID, TypeKind::kTimestamp, 8, true, 'd'},
    {BPCHAROID, TypeKind::kText, -1, false, 'i'},
    {XMLOID, TypeKind::kOther, -1, false, 'i'},
    {VOIDOID, TypeKind::kVoid, 4, true, 'i'},
};

bool InitKnownType(TypeInfo* type, Oid oid) {
  for (const KnownType& known : kKnownTypes) {
    if (known.oid != oid) continue;
    type->kind = known.kind;
    type->length = known.length;
    type->by_value = known.by_value;
    type->align = known.align;
    return true;
  }
  return false;
}

// plv8_int2array and its sisters: the type's name is the contract, as upstream's.
bool IsTypedArrayDomain(Form_pg_type form) {
  const char* name = NameStr(form->typname);
  size_t length = strlen(name);
  return strncmp(name, "plv8_", 5) == 0 && length > 10 &&
         strcmp(name + length - 5, "array") == 0;
}

void InitCatalogType(TypeInfo* type, Oid oid) {
  HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(oid));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for type %u", oid);
  Form_pg_type form = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple));
  char typtype = form->typtype;
  Oid element = form->typelem;
  Oid subscript = form->typsubscript;
  type->length = form->typlen;
  type->by_value = form->typbyval;
  type->align = form->typalign;
  ReleaseSysCache(tuple);

  type->kind = TypeKind::kOther;
  bool is_text = oid == CSTRINGOID || oid == UNKNOWNOID;
  if (typtype == TYPTYPE_PSEUDO && oid != RECORDOID && !is_text) {
    type->kind = TypeKind::kPseudo;
  } else if (typtype == TYPTYPE_COMPOSITE || oid == RECORDOID) {
    type->kind = TypeKind::kComposite;
  } else if (OidIsValid(element) && type->length == -1 && OidIsValid(subscript) &&
             get_element_type(oid) == element) {
    type->kind = TypeKind::kArray;
    type->element =
        static_cast<TypeInfo*>(MemoryContextAllocZero(type->memory, sizeof(TypeInfo)));
    InitType(type->element, element, -1, type->memory);
  }
}

void InitDomain(TypeInfo* type) {
  HeapTuple tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type->oid));
  if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for type %u", type->oid);
  Form_pg_type form = reinterpret_cast<Form_pg_type>(GETSTRUCT(tuple));
  if (form->typtype == TYPTYPE_DOMAIN) {
    type->is_domain = true;
    type->typed_array = IsTypedArrayDomain(form);
  }
  ReleaseSysCache(tuple);
  if (type->is_domain) type->base = getBaseTypeAndTypmod(type->oid, &type->typmod);
}

}  // namespace

void InitType(TypeInfo* type, Oid oid, int32 typmod, MemoryContext memory) {
  memset(static_cast<void*>(type), 0, sizeof(*type));
  type->oid = type->base = oid;
  type->typmod = typmod;
  type->memory = memory;
  type->kind = TypeKind::kPseudo;
  if (InitKnownType(type, oid)) return;
  InitDomain(type);
  if (InitKnownType(type, type->base)) return;
  InitCatalogType(type, type->base);
}

char* OutputText(TypeInfo* type, Datum value) {
  if (type->output == nullptr) {
    Oid function = InvalidOid;
    bool varlena = false;
    getTypeOutputInfo(type->base, &function, &varlena);
    FmgrInfo* info =
        static_cast<FmgrInfo*>(MemoryContextAllocZero(type->memory, sizeof(FmgrInfo)));
    fmgr_info_cxt(function, info, type->memory);
    type->output = info;
  }
  return OutputFunctionCall(type->output, value);
}

Datum InputText(TypeInfo* type, char* text) {
  if (type->input == nullptr) {
    Oid function = InvalidOid;
    getTypeInputInfo(type->base, &function, &type->input_param);
    FmgrInfo* info =
        static_cast<FmgrInfo*>(MemoryContextAllocZero(type->memory, sizeof(FmgrInfo)));
    fmgr_info_cxt(function, info, type->memory);
    type->input = info;
  }
  return InputFunctionCall(type->input, text, type->input_param, type->typmod);
}

}  // namespace ai_runtime

/*
 * plv8.find_function(name or signature): the compiled JavaScript function itself;
 * calling it converts nothing and changes no role.
 */
#include "find_function.h"

#include "spi.h"
#include "js_string.h"

extern "C" {
#include "commands/proclang.h"
#include "utils/acl.h"
#include "utils/fmgrprotos.h"
#include "utils/regproc.h"
}

namespace ai_runtime {

Oid LookUpFunction(const char* name) {
  Datum found = strchr(name, '(') != nullptr
                    ? DirectFunctionCall1(regprocedurein, CStringGetDatum(name))
                    : DirectFunctionCall1(regprocin, CStringGetDatum(name));
  Oid oid = DatumGetObjectId(found);
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
  if (!HeapTupleIsValid(tuple))
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                    errmsg("function \"%s\" does not exist", name)));
  Oid language = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->prolang;
  ReleaseSysCache(tuple);
  if (language != get_language_oid("plv8", false))
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("function \"%s\" is not a plv8 function", name)));
  AclResult right = pg_proc_aclcheck(oid, GetUserId(), ACL_EXECUTE);
  if (right != ACLCHECK_OK) aclcheck_error(right, OBJECT_FUNCTION, name);
  return oid;
}

void FindFunctionCallback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* isolate = info.GetIsolate();
  Role* role = static_cast<Role*>(isolate->GetData(0));
  v8::Local<v8::String> name;
  Oid oid = InvalidOid;
  if (info.Length() < 1)
    return ThrowTypeError(isolate, "plv8.find_function needs the name of a function");
  if (!info[0]->ToString(isolate->GetCurrentContext()).ToLocal(&name)) return;
  bool done = InSubtransaction(isolate, [&] {
    size_t length = 0;
    oid = LookUpFunction(FromJsString(isolate, name, &length));
    return true;
  });
  if (!done) return;
  ErrorData* error = nullptr;
  Function* function = GetFunction(role, oid, &error);
  if (error != nullptr) return ThrowOrTerminate(isolate, error, true);
  info.GetReturnValue().Set(v8::Local<v8::Function>::New(isolate, function->compiled));
}

}  // namespace ai_runtime

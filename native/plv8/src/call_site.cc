/*
 * Call sites. Made once for a query, so that a row costs two comparisons; renewed
 * when the role, its isolate or pg_proc changed between two rows.
 */
#include "call_site.h"

#include "errors.h"

extern "C" {
#include "storage/ipc.h"
}

namespace ai_runtime {
namespace {

// The query's memory goes. V8 is not touched when the process is on its way out.
void OnContextReset(void* argument) {
  CallSite* site = static_cast<CallSite*>(argument);
  if (proc_exit_inprogress) return;
  if (site->role != nullptr) site->role->call_sites.erase(site);
  site->Forget();
  if (site->function != nullptr) ReleaseFunction(site->function);
  delete site;
}

CallSite* NewCallSite(FmgrInfo* flinfo) {
  CallSite* site = new CallSite;
  auto* callback = static_cast<MemoryContextCallback*>(
      MemoryContextAlloc(flinfo->fn_mcxt, sizeof(MemoryContextCallback)));
  callback->func = OnContextReset;
  callback->arg = site;
  MemoryContextRegisterResetCallback(flinfo->fn_mcxt, callback);
  site->memory = flinfo->fn_mcxt;
  flinfo->fn_extra = site;
  return site;
}

bool IsPolymorphic(Oid type) { return IsPolymorphicType(type) || type == ANYOID; }

void ResolveArguments(FunctionCallInfo fcinfo, CallSite* site) {
  const std::vector<Oid>& declared = site->function->argument_types;
  site->argument_count = static_cast<int>(declared.size());
  site->arguments = static_cast<TypeInfo*>(
      MemoryContextAllocZero(site->memory, sizeof(TypeInfo) * (declared.size() + 1)));
  for (int i = 0; i < site->argument_count; i++) {
    Oid type = declared[static_cast<size_t>(i)];
    if (IsPolymorphic(type)) {
      Oid actual = get_fn_expr_argtype(fcinfo->flinfo, i);
      if (OidIsValid(actual)) type = actual;
    }
    InitType(&site->arguments[i], type, -1, site->memory);
  }
}

void ResolveResult(FunctionCallInfo fcinfo, CallSite* site) {
  Oid type = site->function->result_type;
  TupleDesc row = nullptr;
  site->result_row = nullptr;
  if (site->function->shape == FunctionShape::kPlain) {
    MemoryContext old = MemoryContextSwitchTo(site->memory);
    TypeFuncClass kind = get_call_result_type(fcinfo, &type, &row);
    if ((kind == TYPEFUNC_COMPOSITE || kind == TYPEFUNC_COMPOSITE_DOMAIN) && row != nullptr)
      site->result_row = BlessTupleDesc(CreateTupleDescCopy(row));
    MemoryContextSwitchTo(old);
    if (!OidIsValid(type)) type = site->function->result_type;
  }
  InitType(&site->result, type, site->result_row ? site->result_row->tdtypmod : -1,
           site->memory);
}

bool IsValid(const CallSite* site, const Role* role) {
  return site->role == role && site->role_generation == role->generation &&
         site->catalog_generation == catalog_generation;
}

ErrorData* Renew(FunctionCallInfo fcinfo, CallSite* site, Role* role) {
  v8::Isolate* isolate = role->isolate;
  ErrorData* error = nullptr;
  uint64 generation = catalog_generation;
  Function* function = GetFunction(role, fcinfo->flinfo->fn_oid, &error);
  if (error != nullptr) return error;
  bool same = site->function == function && site->role == role &&
              site->role_generation == role->generation;
  if (!same) {
    if (site->role != nullptr) site->role->call_sites.erase(site);
    site->Forget();
    if (site->function != nullptr) ReleaseFunction(site->function);
    function->references++;
    site->function = function;
    site->role = role;
    site->role_generation = role->generation;
    role->call_sites.insert(site);
    site->compiled.Reset(isolate, v8::Local<v8::Function>::New(isolate, function->compiled));
    site->receiver.Reset(isolate, v8::Object::New(isolate));
  }
  site->catalog_generation = 0;
  error = Catch([&] {
    ResolveArguments(fcinfo, site);
    ResolveResult(fcinfo, site);
  });
  if (error == nullptr) site->catalog_generation = generation;
  return error;
}

}  // namespace

void CallSite::Forget() {
  compiled.Reset();
  receiver.Reset();
}

CallSite* GetCallSite(FunctionCallInfo fcinfo, Role* role, ErrorData** error) {
  CallSite* site = static_cast<CallSite*>(fcinfo->flinfo->fn_extra);
  if (likely(site != nullptr && IsValid(site, role))) return site;
  if (site == nullptr) {
    *error = Catch([&] { site = NewCallSite(fcinfo->flinfo); });
    if (*error != nullptr) return nullptr;
  }
  *error = Renew(fcinfo, site, role);
  return *error == nullptr ? site : nullptr;
}

}  // namespace ai_runtime

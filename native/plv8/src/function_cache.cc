/*
 * Compiled functions of a role. A body becomes a JavaScript function whose
 * parameters are the SQL argument names; V8 parses it as a function body, so no
 * text in it can close the function and run something else.
 */
#include "function_cache.h"

#include "call_site.h"
#include "errors.h"
#include "js_string.h"
#include "stack_frame.h"

extern "C" {
#include "utils/inval.h"
}

namespace ai_runtime {

uint64 catalog_generation = 1;

namespace {

// Functions kept compiled per role; beyond it those that nothing uses go.
constexpr size_t kMaxCachedFunctions = 2000;

const char* const kTriggerArguments[] = {"NEW",     "OLD",      "TG_NAME",       "TG_WHEN",
                                         "TG_LEVEL", "TG_OP",   "TG_RELID",      "TG_TABLE_NAME",
                                         "TG_TABLE_SCHEMA", "TG_ARGV"};
const char* const kEventTriggerArguments[] = {"TG_EVENT", "TG_TAG"};

void OnCatalogChange(Datum, int, uint32) { catalog_generation++; }

bool IsIdentifierLike(const char* name) {
  if (name == nullptr || *name == '\0') return false;
  for (const char* c = name; *c; c++) {
    bool letter = isalpha(static_cast<unsigned char>(*c)) || *c == '_' || *c == '$' ||
                  (*c & 0x80);
    if (!letter && (c == name || !isdigit(static_cast<unsigned char>(*c)))) return false;
  }
  return true;
}

// Reads names and modes of the arguments; unnamed ones are $1, $2 and so on.
void ReadArguments(HeapTuple tuple, Function* function) {
  Oid* types = nullptr;
  char** names = nullptr;
  char* modes = nullptr;
  int count = get_func_arg_info(tuple, &types, &names, &modes);
  int outputs = 0;
  for (int i = 0; i < count; i++) {
    char mode = modes ? modes[i] : PROARGMODE_IN;
    const char* name = names ? names[i] : nullptr;
    if (mode != PROARGMODE_IN && mode != PROARGMODE_VARIADIC) {
      outputs++;
      if (name != nullptr) function->result_name = name;
    }
    if (mode == PROARGMODE_OUT || mode == PROARGMODE_TABLE) continue;
    function->argument_types.push_back(types[i]);
    size_t position = function->argument_types.size();
    function->argument_names.push_back(
        IsIdentifierLike(name) ? name : "$" + std::to_string(position));
  }
  if (outputs != 1) function->result_name.clear();
}

void NameTriggerArguments(Function* function) {
  function->argument_names.clear();
  function->argument_types.clear();
  if (function->result_type == TRIGGEROID) {
    function->shape = FunctionShape::kTrigger;
    for (const char* name : kTriggerArguments) function->argument_names.push_back(name);
  } else if (function->result_type == EVENT_TRIGGEROID) {
    function->shape = FunctionShape::kEventTrigger;
    for (const char* name : kEventTriggerArguments) function->argument_names.push_back(name);
  }
}

void ReadFunction(HeapTuple tuple, Function* function) {
  Form_pg_proc form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple));
  function->oid = form->oid;
  function->xmin = HeapTupleHeaderGetRawXmin(tuple->t_data);
  function->tid = tuple->t_self;
  function->name = NameStr(form->proname);
  function->result_type = form->prorettype;
  function->returns_set = form->proretset;
  function->is_volatile = form->provolatile == PROVOLATILE_VOLATILE;
  ReadArguments(tuple, function);
  if (form->prorettype == TRIGGEROID || form->prorettype == EVENT_TRIGGEROID)
    NameTriggerArguments(function);
}

// Reads the row into *function and its body into *source, as a JavaScript string, and
// looks for its code cache.
ErrorData* ReadCatalog(Role* role, Oid oid, Function* function,
                       v8::Local<v8::String>* source, CodeCache* cache) {
  return Catch([&] {
    HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
    if (!HeapTupleIsValid(tuple)) elog(ERROR, "cache lookup failed for function %u", oid);
    bool isnull = false;
    Datum body = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
    if (isnull) elog(ERROR, "function %u has no body", oid);
    char* body_text = TextDatumGetCString(body);
    ReadFunction(tuple, function);
    function->script = ScriptName(function->name, oid, body_text);
    ReleaseSysCache(tuple);
    *source = ToJsString(role->isolate, body_text, strlen(body_text));
    *cache = FindCodeCache(body_text, strlen(body_text));
    pfree(body_text);
  });
}

bool IsCurrent(const Function* function, Oid oid) {
  HeapTuple tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(oid));
  if (!HeapTupleIsValid(tuple)) return false;
  bool same = function->xmin == HeapTupleHeaderGetRawXmin(tuple->t_data) &&
              ItemPointerEquals(const_cast<ItemPointer>(&function->tid), &tuple->t_self);
  ReleaseSysCache(tuple);
  return same;
}

void ReportRejectedCache(const Function* function) {
  elog(DEBUG1, "V8 did not take the code cache of function \"%s\"", function->name.c_str());
}

// A new function; syntax errors and the like come back in *error.
Function* Compile(Role* role, Oid oid, ErrorData** error) {
  v8::Isolate* isolate = role->isolate;
  v8::Local<v8::String> source;
  Function* function = new Function;
  CodeCache cache;
  bool rejected = false;
  *error = ReadCatalog(role, oid, function, &source, &cache);
  if (*error == nullptr) {
    v8::TryCatch try_catch(isolate);
    v8::Local<v8::Function> compiled;
    if (CompileBody(role, *function, source, cache, &rejected).ToLocal(&compiled))
      function->compiled.Reset(isolate, compiled);
    else
      *error = ErrorFromJs(isolate, isolate->GetCurrentContext(), &try_catch,
                           ERRCODE_SYNTAX_ERROR);
  }
  if (*error == nullptr && cache.data != nullptr) {
    role->cached_functions += rejected ? 0 : 1;
    if (rejected) *error = Catch([&] { ReportRejectedCache(function); });
  }
  if (*error == nullptr) return function;
  ReleaseFunction(function);
  return nullptr;
}

void DropUnused(Role* role) {
  for (auto it = role->functions.begin(); it != role->functions.end();) {
    if (it->second->references > 1) {
      ++it;
      continue;
    }
    ReleaseFunction(it->second);
    it = role->functions.erase(it);
  }
}

}  // namespace

void WatchFunctionCatalog() {
  CacheRegisterSyscacheCallback(PROCOID, OnCatalogChange, static_cast<Datum>(0));
  CacheRegisterSyscacheCallback(TYPEOID, OnCatalogChange, static_cast<Datum>(0));
}

v8::MaybeLocal<v8::Function> CompileBody(Role* role, const Function& function,
                                         v8::Local<v8::String> source,
                                         const CodeCache& cache, bool* rejected) {
  v8::Isolate* isolate = role->isolate;
  std::vector<v8::Local<v8::String>> names;
  for (const std::string& name : function.argument_names)
    names.push_back(LossyString(isolate, name.c_str(), name.size()));
  v8::Local<v8::String> name =
      LossyString(isolate, function.name.c_str(), function.name.size());
  const std::string& script = function.script.empty() ? function.name : function.script;
  v8::ScriptOrigin origin(isolate, LossyString(isolate, script.c_str(), script.size()));
  v8::ScriptCompiler::CachedData* cached =
      cache.data == nullptr ? nullptr
                            : new v8::ScriptCompiler::CachedData(cache.data, cache.bytes);
  v8::ScriptCompiler::Source unit(source, origin, cached);
  v8::Local<v8::Function> compiled;
  if (!v8::ScriptCompiler::CompileFunction(
           isolate->GetCurrentContext(), &unit, names.size(), names.data(), 0, nullptr,
           cached ? v8::ScriptCompiler::kConsumeCodeCache
                  : v8::ScriptCompiler::kNoCompileOptions)
           .ToLocal(&compiled))
    return {};
  if (cached != nullptr) *rejected = cached->rejected;
  compiled->SetName(name);
  return compiled;
}

Function* GetFunction(Role* role, Oid oid, ErrorData** error) {
  auto found = role->functions.find(oid);
  if (found != role->functions.end()) {
    bool current = false;
    *error = Catch([&] { current = IsCurrent(found->second, oid); });
    if (*error != nullptr) return nullptr;
    if (current) return found->second;
    ReleaseFunction(found->second);
    role->functions.erase(found);
  }
  if (role->functions.size() >= kMaxCachedFunctions) DropUnused(role);
  Function* function = Compile(role, oid, error);
  if (function != nullptr) role->functions[oid] = function;
  return function;
}

ErrorData* CheckFunction(Role* role, Oid oid) {
  ErrorData* error = nullptr;
  Function* function = Compile(role, oid, &error);
  if (function != nullptr) ReleaseFunction(function);
  return error;
}

void ReleaseFunction(Function* function) {
  if (--function->references == 0) delete function;
}

void ForgetFunctions(Role* role) {
  for (auto& entry : role->functions) {
    entry.second->compiled.Reset();
    ReleaseFunction(entry.second);
  }
  role->functions.clear();
}

}  // namespace ai_runtime

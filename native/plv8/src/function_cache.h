/*
 * Compiled functions of a role, by oid, made anew when their pg_proc row changed.
 */
#ifndef AI_RUNTIME_PLV8_FUNCTION_CACHE_H_
#define AI_RUNTIME_PLV8_FUNCTION_CACHE_H_

#include "isolate.h"
#include "snapshot.h"

namespace ai_runtime {

enum class FunctionShape { kPlain, kTrigger, kEventTrigger };

// What pg_proc says, and the compiled body. Held by the cache and by call sites.
struct Function {
  int references = 1;
  Oid oid = InvalidOid;
  TransactionId xmin = InvalidTransactionId;
  ItemPointerData tid;
  FunctionShape shape = FunctionShape::kPlain;
  std::string name;
  std::string script;  // as stacks call it
  std::vector<std::string> argument_names;  // of the IN arguments
  std::vector<Oid> argument_types;
  std::string result_name;  // of the only OUT or TABLE column, else empty
  Oid result_type = InvalidOid;
  bool returns_set = false;
  bool is_volatile = true;
  v8::Global<v8::Function> compiled;
};

// Has the cache learn of changes in pg_proc. Called once at load.
void WatchFunctionCatalog();

// Grows whenever some pg_proc row may have changed.
extern uint64 catalog_generation;

// The function, compiled. Raises through Catch by itself: an error of SQL or
// JavaScript comes back in *error. Needs open scopes of the role.
Function* GetFunction(Role* role, Oid oid, ErrorData** error);

// Compiles a body and throws it away: a syntax error comes back.
ErrorData* CheckFunction(Role* role, Oid oid);

// Compiles a body, from its code cache where there is one. *rejected says that V8 did
// not take that.
v8::MaybeLocal<v8::Function> CompileBody(Role* role, const Function& function,
                                         v8::Local<v8::String> source,
                                         const CodeCache& cache = CodeCache(),
                                         bool* rejected = nullptr);

void ReleaseFunction(Function* function);
void ForgetFunctions(Role* role);

}  // namespace ai_runtime

#endif

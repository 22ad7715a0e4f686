/*
 * Every native function that a context holds. A start-up snapshot names them by their
 * place in this list, so that the program which makes it, where PostgreSQL is absent,
 * may put others in their place.
 */
#ifndef AI_RUNTIME_PLV8_NATIVES_H_
#define AI_RUNTIME_PLV8_NATIVES_H_

#include "pg_v8.h"

#define PLV8_NATIVES(X)       \
  X(ElogCallback)             \
  X(ConsoleCallback)          \
  X(QuoteLiteralCallback)     \
  X(QuoteNullableCallback)    \
  X(QuoteIdentCallback)       \
  X(ExecuteCallback)          \
  X(PrepareCallback)          \
  X(SubtransactionCallback)   \
  X(FindFunctionCallback)     \
  X(ReturnNextCallback)       \
  X(GetWindowObjectCallback)  \
  X(CommitCallback)           \
  X(RollbackCallback)         \
  X(MemoryUsageCallback)      \
  X(ParseLargeJsonCallback)   \
  X(BigIntToJsonCallback)

namespace ai_runtime {

#define PLV8_DECLARE(name) void name(const v8::FunctionCallbackInfo<v8::Value>& info);
PLV8_NATIVES(PLV8_DECLARE)
#undef PLV8_DECLARE

// Their addresses in that order, and a zero: V8's external references.
extern const intptr_t kNativeAddresses[];

}  // namespace ai_runtime

#endif

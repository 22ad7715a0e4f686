/*
 * plv8.quote_literal, quote_nullable and quote_ident.
 */
#ifndef AI_RUNTIME_PLV8_QUOTE_H_
#define AI_RUNTIME_PLV8_QUOTE_H_

#include "pg_v8.h"

namespace ai_runtime {

void QuoteLiteralCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
void QuoteNullableCallback(const v8::FunctionCallbackInfo<v8::Value>& info);
void QuoteIdentCallback(const v8::FunctionCallbackInfo<v8::Value>& info);

}  // namespace ai_runtime

#endif

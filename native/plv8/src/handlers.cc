/*
 * What SQL calls: the handlers of the language and its few functions.
 */
#include "call.h"
#include "errors.h"
#include "info.h"
#include "version.h"

extern "C" {
#include "nodes/parsenodes.h"
#include "utils/guc.h"

PG_FUNCTION_INFO_V1(plv8_call_handler);
PG_FUNCTION_INFO_V1(plv8_inline_handler);
PG_FUNCTION_INFO_V1(plv8_call_validator);
PG_FUNCTION_INFO_V1(plv8_version);
PG_FUNCTION_INFO_V1(plv8_reset);
PG_FUNCTION_INFO_V1(plv8_info);
}

Datum plv8_call_handler(PG_FUNCTION_ARGS) { return ai_runtime::CallFunction(fcinfo); }

Datum plv8_inline_handler(PG_FUNCTION_ARGS) {
  auto* block = reinterpret_cast<InlineCodeBlock*>(PG_GETARG_POINTER(0));
  ai_runtime::CallInline(block->source_text, block->atomic);
  PG_RETURN_VOID();
}

Datum plv8_call_validator(PG_FUNCTION_ARGS) {
  Oid function = PG_GETARG_OID(0);
  if (!CheckFunctionValidatorAccess(fcinfo->flinfo->fn_oid, function)) PG_RETURN_VOID();
  if (check_function_bodies) ai_runtime::ValidateFunction(function);
  PG_RETURN_VOID();
}

Datum plv8_version(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  PG_RETURN_TEXT_P(cstring_to_text(ai_runtime::kVersion));
}

Datum plv8_reset(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  ai_runtime::RetireCurrentRole();
  PG_RETURN_VOID();
}

Datum plv8_info(PG_FUNCTION_ARGS) {
  (void)fcinfo;
  PG_RETURN_TEXT_P(cstring_to_text(ai_runtime::DescribeRoles()));
}

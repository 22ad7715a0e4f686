/*
 * hooks.c
 *	  Functions jsonb -> jsonb around a prediction.
 *
 * A hook is named by the model's specification and runs as the caller: with the
 * caller's rights, in the caller's transaction.  Its errors are the caller's.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parse_func.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"

#include "compat.h"
#include "hooks.h"

/* Returns the function jsonb -> jsonb of that name. */
static Oid
find_function(const char *name, const AiModel *model)
{
	Oid			argument = JSONBOID;
	Oid			oid = LookupFuncName(stringToQualifiedNameList(name), 1, &argument, true);

	if (!OidIsValid(oid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("function %s(jsonb) does not exist", name),
				 errdetail("Model \"%s\" version %d calls it.", model->name,
						   model->version)));
	if (get_func_rettype(oid) != JSONBOID || get_func_retset(oid) ||
		get_func_prokind(oid) != PROKIND_FUNCTION)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("function %s(jsonb) does not return jsonb", name),
				 errdetail("Model \"%s\" version %d calls it.", model->name,
						   model->version)));
	return oid;
}

Jsonb *
ai_hook_call(AiHook *hook, const char *name, const AiModel *model, Jsonb *value,
			 MemoryContext context)
{
	LOCAL_FCINFO(fcinfo, 1);
	Oid			oid = find_function(name, model);
	Datum		result;

	if (!ai_function_may_execute(oid, GetUserId()))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(oid));
	if (hook->oid != oid)
	{
		hook->oid = InvalidOid;
		fmgr_info_cxt(oid, &hook->info, context);
		hook->oid = oid;
	}
	InitFunctionCallInfoData(*fcinfo, &hook->info, 1, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = JsonbPGetDatum(value);
	fcinfo->args[0].isnull = false;
	result = FunctionCallInvoke(fcinfo);
	return fcinfo->isnull ? NULL : DatumGetJsonbP(result);
}

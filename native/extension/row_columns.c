/*
 * row_columns.c
 *	  A row as columns with names, and the jsonb object that they stand for.
 *
 * Each column goes through to_jsonb(anyelement), which makes of a value what
 * to_jsonb() of a record and jsonb_build_object() make of it.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "json_access.h"
#include "row_columns.h"

/* Looks up to_jsonb() for values of a type: it asks the expression that calls it. */
static void
prepare_to_jsonb(FmgrInfo *info, Oid type)
{
	Const	   *value = makeNullConst(type, -1, InvalidOid);
	FuncExpr   *call = makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(value), InvalidOid,
									InvalidOid, COERCE_EXPLICIT_CALL);

	fmgr_info(F_TO_JSONB, info);
	fmgr_info_set_expr((Node *) call, info);
}

AiRowColumns *
ai_row_columns_create(const AiRowColumn *columns, int count)
{
	AiRowColumns *copy = palloc(sizeof(AiRowColumns));

	copy->count = count;
	copy->names = palloc(Max(count, 1) * sizeof(char *));
	copy->types = palloc(Max(count, 1) * sizeof(Oid));
	copy->to_jsonb = palloc(Max(count, 1) * sizeof(FmgrInfo));
	for (int i = 0; i < count; i++)
	{
		copy->names[i] = pstrdup(columns[i].name);
		copy->types[i] = getBaseType(columns[i].type);
		prepare_to_jsonb(&copy->to_jsonb[i], columns[i].type);
	}
	return copy;
}

Jsonb *
ai_row_columns_to_jsonb(AiRowColumns *columns, const Datum *values, const bool *nulls,
						const bool *needed)
{
	JsonbParseState *state = NULL;
	JsonbValue *object;

	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < columns->count; i++)
	{
		JsonbValue	value;

		if (needed != NULL && !needed[i])
			continue;
		value.type = jbvString;
		value.val.string.val = columns->names[i];
		value.val.string.len = (int) strlen(columns->names[i]);
		(void) pushJsonbValue(&state, WJB_KEY, &value);
		value.type = jbvNull;
		if (!nulls[i])
			ai_json_root(DatumGetJsonbP(FunctionCall1(&columns->to_jsonb[i], values[i])), &value);
		(void) pushJsonbValue(&state, WJB_VALUE, &value);
	}
	object = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(object);
}

/*
 * functions.c
 *	  ai_inference() in its overloads: SQL arguments in, jsonb out.
 *
 * None is STRICT: a NULL model or input gives NULL, NULL options are none.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "compat.h"
#include "inference.h"

PG_FUNCTION_INFO_V1(ai_inference_jsonb);
PG_FUNCTION_INFO_V1(ai_inference_json);
PG_FUNCTION_INFO_V1(ai_inference_text);
PG_FUNCTION_INFO_V1(ai_inference_array);

/* Predicts with one of json and array; returns SQL NULL where there is no result. */
static Datum
predict(FunctionCallInfo fcinfo, Jsonb *json, ArrayType *array)
{
	text	   *address = PG_GETARG_TEXT_PP(0);
	Jsonb	   *options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	Jsonb	   *result = ai_inference_run(ai_call_get(fcinfo), address, json, array, options);

	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(result);
}

static bool
is_null_call(FunctionCallInfo fcinfo)
{
	return PG_ARGISNULL(0) || PG_ARGISNULL(1);
}

/* ai_inference(model text, input jsonb, options jsonb) */
Datum
ai_inference_jsonb(PG_FUNCTION_ARGS)
{
	if (is_null_call(fcinfo))
		PG_RETURN_NULL();
	return predict(fcinfo, PG_GETARG_JSONB_P(1), NULL);
}

static Jsonb *
parse_json(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

/* ai_inference(model text, input json, options jsonb) */
Datum
ai_inference_json(PG_FUNCTION_ARGS)
{
	if (is_null_call(fcinfo))
		PG_RETURN_NULL();
	return predict(fcinfo, parse_json(text_to_cstring(PG_GETARG_TEXT_PP(1))), NULL);
}

/* Returns a text as a jsonb string. */
static Jsonb *
string_to_jsonb(text *value)
{
	JsonbValue	string;

	string.type = jbvString;
	string.val.string.val = VARDATA_ANY(value);
	string.val.string.len = (int) VARSIZE_ANY_EXHDR(value);
	return JsonbValueToJsonb(&string);
}

/* ai_inference(model text, input text, options jsonb): what is not JSON is a string */
Datum
ai_inference_text(PG_FUNCTION_ARGS)
{
	text	   *input;

	if (is_null_call(fcinfo))
		PG_RETURN_NULL();
	input = PG_GETARG_TEXT_PP(1);
	return predict(fcinfo,
				   ai_text_is_json(input) ? parse_json(text_to_cstring(input)) :
				   string_to_jsonb(input), NULL);
}

/* ai_inference(model text, input, options jsonb): real[], float8[], int4[], int8[], numeric[] */
Datum
ai_inference_array(PG_FUNCTION_ARGS)
{
	if (is_null_call(fcinfo))
		PG_RETURN_NULL();
	return predict(fcinfo, NULL, PG_GETARG_ARRAYTYPE_P(1));
}

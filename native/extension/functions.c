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
#include "functions.h"
#include "inference.h"

PG_FUNCTION_INFO_V1(ai_inference_jsonb);
PG_FUNCTION_INFO_V1(ai_inference_json);
PG_FUNCTION_INFO_V1(ai_inference_text);
PG_FUNCTION_INFO_V1(ai_inference_array);

static Jsonb *
parse_json(const char *text)
{
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
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

Jsonb *
ai_input_to_jsonb(AiInputKind kind, Datum input)
{
	text	   *value;

	switch (kind)
	{
		case AI_INPUT_JSONB:
			return DatumGetJsonbP(input);
		case AI_INPUT_JSON:
			return parse_json(text_to_cstring(DatumGetTextPP(input)));
		case AI_INPUT_TEXT:
			value = DatumGetTextPP(input);
			return ai_text_is_json(value) ? parse_json(text_to_cstring(value)) :
				string_to_jsonb(value);
		case AI_INPUT_ARRAY:
			break;
	}
	return NULL;
}

/* Predicts; returns SQL NULL where there is no result. */
static Datum
predict(FunctionCallInfo fcinfo, AiInputKind kind)
{
	Jsonb	   *options;
	Jsonb	   *result;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	result = ai_inference_run(ai_call_get(fcinfo), PG_GETARG_TEXT_PP(0),
							  ai_input_to_jsonb(kind, PG_GETARG_DATUM(1)),
							  kind == AI_INPUT_ARRAY ? PG_GETARG_ARRAYTYPE_P(1) : NULL,
							  options);
	if (result == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(result);
}

/* ai_inference(model text, input jsonb, options jsonb) */
Datum
ai_inference_jsonb(PG_FUNCTION_ARGS)
{
	return predict(fcinfo, AI_INPUT_JSONB);
}

/* ai_inference(model text, input json, options jsonb) */
Datum
ai_inference_json(PG_FUNCTION_ARGS)
{
	return predict(fcinfo, AI_INPUT_JSON);
}

/* ai_inference(model text, input text, options jsonb): what is not JSON is a string */
Datum
ai_inference_text(PG_FUNCTION_ARGS)
{
	return predict(fcinfo, AI_INPUT_TEXT);
}

/* ai_inference(model text, input, options jsonb): real[], float8[], int4[], int8[], numeric[] */
Datum
ai_inference_array(PG_FUNCTION_ARGS)
{
	return predict(fcinfo, AI_INPUT_ARRAY);
}

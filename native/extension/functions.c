/*
 * functions.c
 *	  ai_inference() in its overloads: SQL arguments in, jsonb out.
 *
 * None is STRICT: a NULL model or input gives NULL, NULL options are none.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"

#include "inference.h"

PG_FUNCTION_INFO_V1(ai_inference_jsonb);
PG_FUNCTION_INFO_V1(ai_inference_json);
PG_FUNCTION_INFO_V1(ai_inference_text);
PG_FUNCTION_INFO_V1(ai_inference_array);

/* Predicts; returns SQL NULL where there is no result. */
static Datum
predict(FunctionCallInfo fcinfo, AiInputKind kind)
{
	Jsonb	   *options;
	Jsonb	   *result;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	result = ai_inference_run(ai_call_get(fcinfo), PG_GETARG_TEXT_PP(0), kind,
							  PG_GETARG_DATUM(1), options);
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

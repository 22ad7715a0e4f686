/*
 * row_input.c
 *	  The input of one row, by the overload of ai_inference() that it was given to.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "compat.h"
#include "row_input.h"

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

void
ai_input_read(AiInput *input, AiInputKind kind, Datum value)
{
	text	   *string;

	input->json = NULL;
	input->array = NULL;
	switch (kind)
	{
		case AI_INPUT_JSONB:
			input->json = DatumGetJsonbP(value);
			break;
		case AI_INPUT_JSON:
			input->json = parse_json(text_to_cstring(DatumGetTextPP(value)));
			break;
		case AI_INPUT_TEXT:
			string = DatumGetTextPP(value);
			input->json = ai_text_is_json(string) ? parse_json(text_to_cstring(string)) :
				string_to_jsonb(string);
			break;
		case AI_INPUT_ARRAY:
			input->array = DatumGetArrayTypeP(value);
			break;
		case AI_INPUT_ROW:
			elog(ERROR, "columns of a row are no input of their own");
			break;
	}
}

/*
 * projection.c
 *	  What of a row's answer is wanted, taken out of the reply of a batch.
 *
 * Three ways, from short to long: an element of a tensor becomes float8 or real;
 * a member is read as jsonb value and no other; the whole answer is read, given
 * to postprocess, and the member taken out of it.  All three give the same.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/float.h"

#include "number.h"
#include "projection.h"

/* True if the element under a key of an output specification is shown as it is. */
static bool
key_shows_element(AiProjection *projection, const AiOutputKey *key)
{
	if (key->label_count > 0 || key->threshold_count > 0)
		return false;
	projection->has_index = key->pick == AI_PICK_INDEX;
	projection->index = key->index;
	return key->pick == AI_PICK_ALL || key->pick == AI_PICK_INDEX;
}

void
ai_projection_prepare(AiProjection *projection, const AiCall *call)
{
	int			place;

	projection->is_direct = projection->is_element = projection->has_index = false;
	if (projection->kind == AI_RESULT_JSONB || ai_call_has_postprocess(call))
		return;
	place = ai_call_find_member(call, projection->member);
	if (place < 0)
		return;
	projection->is_direct = true;
	projection->place = call->key_count > 0 ? call->key_places[place] : place;
	if (call->options.format != AI_FORMAT_PLAIN ||
		(projection->kind != AI_RESULT_MEMBER_FLOAT8 &&
		 projection->kind != AI_RESULT_MEMBER_FLOAT4))
		return;
	projection->is_element = call->key_count == 0 ||
		key_shows_element(projection,
						  &call->model.compiled->output->keys[call->keys[place]]);
}

bool
ai_projection_take_element(const AiProjection *projection, const AiBatchRequest *request, int row,
						   Datum *value)
{
	const AiRows *rows = &request->outputs[projection->place];
	const AiShape *shape = &rows->value.shape;
	const char *element;
	double		wide;
	float		narrow;

	if (!projection->is_element || rows->value.kind != AI_VALUE_TENSOR || rows->row_bytes == 0)
		return false;
	element = ai_rows_data(rows, (uint64) row);
	if (projection->has_index)
	{
		int64		axis = shape->rank == 1 ? 1 : shape->dims[shape->rank - 1];
		int64		index = projection->index < 0 ? projection->index + axis : projection->index;

		if (rows->row_elements != (uint64) axis || index < 0 || index >= axis)
			return false;
		element += index * ai_datatype_bytes(rows->value.datatype);
	}
	else if (rows->row_elements != 1)
		return false;
	if (projection->kind == AI_RESULT_MEMBER_FLOAT8)
	{
		if (!ai_number_to_float8(rows->value.datatype, element, &wide))
			return false;
		*value = Float8GetDatum(wide);
		return true;
	}
	if (!ai_number_to_float4(rows->value.datatype, element, &narrow))
		return false;
	*value = Float4GetDatum(narrow);
	return true;
}

/* Returns a number in text as the type that is wanted. */
static Datum
cast_text(const AiProjection *projection, char *string)
{
	return DirectFunctionCall1(projection->kind == AI_RESULT_MEMBER_FLOAT8 ? float8in : float4in,
							   CStringGetDatum(string));
}

/* Returns a jsonb value as text, as ->> does; NULL for null. */
static char *
value_text(JsonbValue *value)
{
	Jsonb	   *json;

	switch (value->type)
	{
		case jbvNull:
			return NULL;
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out,
													   NumericGetDatum(value->val.numeric)));
		default:
			json = JsonbValueToJsonb(value);
			return JsonbToCString(NULL, &json->root, VARSIZE(json));
	}
}

Datum
ai_projection_of_member(const AiProjection *projection, JsonbValue *value, bool *is_null)
{
	char	   *string;

	*is_null = false;
	if (projection->kind == AI_RESULT_MEMBER)
		return JsonbPGetDatum(JsonbValueToJsonb(value));
	string = value_text(value);
	*is_null = string == NULL;
	if (*is_null)
		return (Datum) 0;
	if (projection->kind == AI_RESULT_MEMBER_TEXT)
		return CStringGetTextDatum(string);
	return cast_text(projection, string);
}

Datum
ai_projection_of_answer(const AiProjection *projection, Jsonb *answer, bool *is_null)
{
	JsonbValue	value;

	*is_null = false;
	if (projection->kind == AI_RESULT_JSONB)
		return JsonbPGetDatum(answer);
	*is_null = !JB_ROOT_IS_OBJECT(answer) ||
		getKeyJsonValueFromContainer(&answer->root, projection->member,
									 (int) strlen(projection->member), &value) == NULL;
	return *is_null ? (Datum) 0 : ai_projection_of_member(projection, &value, is_null);
}

/* Returns the reply that the row alone would have got. */
static void
cut_reply(AiBatchRequest *request, int row, const char **payload, uint64 *bytes)
{
	const AiReply *reply = &request->client.reply;
	AiInferResponseHeader header;
	StringInfoData cut;

	*payload = reply->payload;
	*bytes = reply->payload_bytes;
	if (request->rows == 1)
		return;
	memcpy(&header, reply->payload, sizeof(header));
	initStringInfo(&cut);
	appendBinaryStringInfo(&cut, (const char *) &header, sizeof(header));
	for (uint32 i = 0; i < header.output_count; i++)
		ai_rows_append(&request->outputs[i], (uint64) row, 1, &cut);
	*payload = cut.data;
	*bytes = (uint64) cut.len;
}

Jsonb *
ai_projection_read_answer(const AiCall *call, AiBatchRequest *request, int row)
{
	const char *payload;
	uint64		bytes;

	cut_reply(request, row, &payload, &bytes);
	return ai_inference_read(call, payload, bytes, request->row_mode);
}

void
ai_projection_read_member(const AiProjection *projection, const AiCall *call,
						  AiBatchRequest *request, int row, JsonbValue *member)
{
	const char *payload;
	uint64		bytes;

	Assert(projection->is_direct);
	cut_reply(request, row, &payload, &bytes);
	if (!ai_inference_read_member(call, payload, bytes, request->row_mode,
								  projection->member, member))
		elog(ERROR, "answer has no member \"%s\"", projection->member);
}

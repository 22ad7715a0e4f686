/*
 * json_nested.c
 *	  JSON into values that hold others: sequences, maps, optionals.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "json_access.h"
#include "json_value.h"

/* Writes the keys of a JSON object as the keys of a map. */
static void
write_map_keys(AiRequest *request, int input, const AiType *type, const JsonbValue *object)
{
	AiShape		shape = {1, {ai_json_count(object)}};
	JsonbIterator *it = JsonbIteratorInit(object->val.binary.data);
	AiTensorWriter tensor;
	JsonbValue	key;
	JsonbValue	value;
	int			offset;

	ai_codec_begin_tensor(request->frame, 0, type->key_datatype, &shape, &tensor);
	offset = tensor.data_offset;
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		if (type->key_datatype == AI_DATATYPE_BYTES)
			ai_json_append_string(request->frame, &key);
		else
		{
			char	   *text = ai_json_cstring(&key);
			char	   *end;
			int64		number;

			errno = 0;
			number = strtoll(text, &end, 10);
			if (errno != 0 || end == text || *end != '\0')
				ai_request_raise_kind(request, input, type, "a key that is not an integer",
									  psprintf("\"%s\"", text));
			memcpy(request->frame->data + offset, &number, sizeof(number));
			offset += (int) sizeof(number);
		}
	}
	ai_codec_end_tensor(request->frame, &tensor);
}

static void
write_map(AiRequest *request, int input, const AiType *type, const JsonbValue *object)
{
	const AiType *element = type->element;
	AiShape		shape = {1, {0}};
	AiTensorWriter tensor;
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;
	int			offset;

	if (!ai_json_is_object(object))
		ai_request_raise_kind(request, input, type, ai_json_kind(object),
							  ai_json_show(object));
	if (element->kind != AI_TYPE_TENSOR ||
		(type->key_datatype != AI_DATATYPE_INT64 && type->key_datatype != AI_DATATYPE_BYTES))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("input \"%s\" of model \"%s\" is a map of a kind that is not supported",
						request->model->compiled->signature->inputs[input].name,
						request->model->name),
				 errdetail("%s", ai_model_takes(request->model))));
	write_map_keys(request, input, type, object);
	shape.dims[0] = ai_json_count(object);
	ai_codec_begin_tensor(request->frame, 0, element->datatype, &shape, &tensor);
	offset = tensor.data_offset;
	it = JsonbIteratorInit(object->val.binary.data);
	(void) JsonbIteratorNext(&it, &key, true);
	while (JsonbIteratorNext(&it, &key, true) == WJB_KEY)
	{
		(void) JsonbIteratorNext(&it, &value, true);
		ai_json_write_scalar(request, input, element, &value, offset);
		offset += (int) ai_datatype_bytes(element->datatype);
	}
	ai_codec_end_tensor(request->frame, &tensor);
}

static void
write_sequence(AiRequest *request, int input, int index, const AiType *type,
			   const JsonbValue *array, int depth)
{
	JsonbIterator *it;
	JsonbValue	element;

	if (!ai_json_is_array(array))
		ai_request_raise_kind(request, input, type, ai_json_kind(array), ai_json_show(array));
	ai_codec_write_header(request->frame, index, AI_VALUE_SEQUENCE, ai_json_count(array));
	it = JsonbIteratorInit(array->val.binary.data);
	(void) JsonbIteratorNext(&it, &element, true);
	while (JsonbIteratorNext(&it, &element, true) == WJB_ELEM)
	{
		CHECK_FOR_INTERRUPTS();
		ai_json_write_value(request, input, 0, type->element, &element, depth + 1);
	}
}

void
ai_json_write_value(AiRequest *request, int input, int index, const AiType *type,
					const JsonbValue *value, int depth)
{
	AiGiven		given;

	if (depth >= AI_MAX_VALUE_DEPTH)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("input \"%s\" of model \"%s\" is nested too deeply",
						request->model->compiled->signature->inputs[input].name,
						request->model->name)));
	if (type->kind == AI_TYPE_OPTIONAL && value->type == jbvNull)
	{
		ai_codec_write_header(request->frame, index, AI_VALUE_NONE, 0);
		return;
	}
	type = ai_type_value(type);
	if (value->type == jbvNull)
		ai_request_raise_null(request, input, depth > 0);
	switch (type->kind)
	{
		case AI_TYPE_TENSOR:
			ai_json_examine(request, input, type, value, &given);
			ai_request_check_shape(request, input, type, &given.shape);
			ai_json_write_tensor(request, input, index, type, &given);
			break;
		case AI_TYPE_SEQUENCE:
			write_sequence(request, input, index, type, value, depth);
			break;
		case AI_TYPE_MAP:
			ai_codec_write_header(request->frame, index, AI_VALUE_MAP, 0);
			write_map(request, input, type, value);
			break;
		case AI_TYPE_OPTIONAL:
			ai_json_write_value(request, input, index, type, value, depth + 1);
			break;
	}
}

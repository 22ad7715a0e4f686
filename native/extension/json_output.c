/*
 * json_output.c
 *	  Values of a reply into jsonb.
 */
#include "postgres.h"

#include <math.h>

#include "common/base64.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "errors.h"
#include "guc.h"
#include "json_output.h"
#include "number.h"

#define INTERRUPT_ELEMENTS 65536

/* More would not fit into a jsonb of 256 MB, nor into memory while it is made. */
#define MAX_JSON_ELEMENTS (16 * 1024 * 1024)

/* Where a tensor's elements are read from, one after another. */
typedef struct AiElements
{
	const AiValue *value;
	const char *at;
	uint32		element_bytes;
	uint64		read;
} AiElements;

void
ai_output_token(AiOutputWriter *writer, JsonbIteratorToken token)
{
	writer->result = pushJsonbValue(&writer->state, token, NULL);
}

void
ai_output_key(AiOutputWriter *writer, const char *key, int key_bytes)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = key_bytes;
	writer->result = pushJsonbValue(&writer->state, WJB_KEY, &value);
}

void
ai_output_push(AiOutputWriter *writer, JsonbValue *scalar)
{
	bool		in_object = writer->state->contVal.type == jbvObject;

	writer->result = pushJsonbValue(&writer->state, in_object ? WJB_VALUE : WJB_ELEM, scalar);
}

/* Pushes what stands for a value that JSON has no number for, or raises. */
static void
push_not_finite(AiOutputWriter *writer, double number)
{
	const char *name = isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";
	JsonbValue	value;

	switch (writer->not_finite_as_string ? AI_NAN_POLICY_STRING : ai_guc_nan_policy)
	{
		case AI_NAN_POLICY_NULL:
			value.type = jbvNull;
			break;
		case AI_NAN_POLICY_STRING:
			value.type = jbvString;
			value.val.string.val = unconstify(char *, name);
			value.val.string.len = (int) strlen(name);
			break;
		default:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("output \"%s\" of model \"%s\" holds %s", writer->output,
							writer->model->name, name),
					 errdetail("JSON has no number for it."),
					 errhint("Set ai_runtime.nan_policy to \"null\" or \"string\", "
							 "or ask for the output_format \"raw\".")));
	}
	ai_output_push(writer, &value);
}

void
ai_output_push_number(AiOutputWriter *writer, uint8 datatype, const char *element)
{
	JsonbValue	value;

	if (datatype == AI_DATATYPE_BOOL)
	{
		value.type = jbvBool;
		value.val.boolean = *element != 0;
	}
	else
	{
		if (ai_datatype_is_float(datatype))
		{
			double		number = ai_number_to_double(datatype, element);

			if (unlikely(!isfinite(number)))
			{
				push_not_finite(writer, number);
				return;
			}
		}
		value.type = jbvNumeric;
		value.val.numeric = ai_number_to_numeric(datatype, element);
	}
	ai_output_push(writer, &value);
}

void
ai_output_string(const AiOutputWriter *writer, const char *utf8, uint32 bytes,
				 JsonbValue *string)
{
	char	   *text;

	if (!pg_verify_mbstr(PG_UTF8, utf8, (int) bytes, true))
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("output \"%s\" of model \"%s\" holds a string that is not valid UTF-8",
						writer->output, writer->model->name),
				 errhint("Ask for the output_format \"raw\".")));
	text = pg_any_to_server(utf8, (int) bytes, PG_UTF8);
	string->type = jbvString;
	string->val.string.val = text;
	string->val.string.len = text == utf8 ? (int) bytes : (int) strlen(text);
}

/* Pushes the next element of a tensor. */
static void
push_element(AiOutputWriter *writer, AiElements *elements)
{
	if (elements->element_bytes == 0)
	{
		uint32		bytes;
		const char *utf8 = ai_codec_read_bytes(elements->value, &elements->at, &bytes);
		JsonbValue	string;

		ai_output_string(writer, utf8, bytes, &string);
		ai_output_push(writer, &string);
	}
	else
	{
		ai_output_push_number(writer, elements->value->datatype, elements->at);
		elements->at += elements->element_bytes;
	}
	if (++elements->read % INTERRUPT_ELEMENTS == 0)
		CHECK_FOR_INTERRUPTS();
}

/* Pushes nested arrays; the depth is at most AI_MAX_RANK. */
static void
push_level(AiOutputWriter *writer, AiElements *elements, const AiShape *shape, int depth)
{
	if (depth == shape->rank)
	{
		push_element(writer, elements);
		return;
	}
	ai_output_token(writer, WJB_BEGIN_ARRAY);
	for (uint32 i = 0; i < shape->dims[depth]; i++)
		push_level(writer, elements, shape, depth + 1);
	ai_output_token(writer, WJB_END_ARRAY);
}

void
ai_output_strip_row(AiShape *shape)
{
	if (shape->rank == 0 || shape->dims[0] != 1)
		return;
	shape->rank--;
	memmove(shape->dims, shape->dims + 1, shape->rank * sizeof(uint32));
	if (ai_shape_elements(shape) == 1)
		shape->rank = 0;
}

static void
push_cstring(AiOutputWriter *writer, const char *text, int bytes)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = bytes;
	ai_output_push(writer, &value);
}

/* Pushes a tensor object of KServe, with flat data or with base64. */
static void
push_tensor_object(AiOutputWriter *writer, const AiValue *value, AiElements *elements)
{
	const char *datatype = ai_datatype_name(value->datatype);
	AiShape		flat = {1, {(uint32) value->element_count}};

	ai_output_token(writer, WJB_BEGIN_OBJECT);
	ai_output_key(writer, "shape", 5);
	ai_output_token(writer, WJB_BEGIN_ARRAY);
	for (int i = 0; i < value->shape.rank; i++)
	{
		JsonbValue	dim;

		dim.type = jbvNumeric;
		dim.val.numeric = int64_to_numeric(value->shape.dims[i]);
		ai_output_push(writer, &dim);
	}
	ai_output_token(writer, WJB_END_ARRAY);
	ai_output_key(writer, "datatype", 8);
	push_cstring(writer, datatype, (int) strlen(datatype));
	if (writer->format == AI_FORMAT_TENSOR)
	{
		ai_output_key(writer, "data", 4);
		push_level(writer, elements, &flat, 0);
	}
	else
	{
		int			capacity = pg_b64_enc_len((int) value->count);
		char	   *raw = palloc(capacity + 1);

		ai_output_key(writer, "raw", 3);
		push_cstring(writer, raw, pg_b64_encode(value->data, (int) value->count, raw, capacity));
	}
	ai_output_token(writer, WJB_END_OBJECT);
}

static void
check_json_elements(const AiOutputWriter *writer, const AiValue *value)
{
	if (value->element_count > MAX_JSON_ELEMENTS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("output \"%s\" of model \"%s\" is too large for JSON",
						writer->output, writer->model->name),
				 errdetail("It has " UINT64_FORMAT " elements, and at most %d can be shown.",
						   value->element_count, MAX_JSON_ELEMENTS),
				 errhint("Ask for the output_format \"raw\".")));
}

void
ai_output_push_tensor(AiOutputWriter *writer, const AiValue *value)
{
	AiElements	elements = {value, value->data, ai_datatype_bytes(value->datatype), 0};
	AiShape		shape = value->shape;

	if (writer->format != AI_FORMAT_RAW)
		check_json_elements(writer, value);
	if (writer->format != AI_FORMAT_PLAIN)
	{
		push_tensor_object(writer, value, &elements);
		return;
	}
	if (writer->row_mode)
		ai_output_strip_row(&shape);
	push_level(writer, &elements, &shape, 0);
}

/* Pushes the map whose keys and values follow; both were read as tensors of one axis. */
static void
push_map(AiOutputWriter *writer, const AiValue *keys, const AiValue *values)
{
	AiElements	key = {keys, keys->data, ai_datatype_bytes(keys->datatype), 0};
	AiElements	value = {values, values->data, ai_datatype_bytes(values->datatype), 0};

	if (keys->kind != AI_VALUE_TENSOR || values->kind != AI_VALUE_TENSOR ||
		keys->element_count != values->element_count)
		ai_raise_invalid_frame("A map does not have as many keys as values.");
	ai_output_token(writer, WJB_BEGIN_OBJECT);
	for (uint64 i = 0; i < keys->element_count; i++)
	{
		if (key.element_bytes == 0)
		{
			uint32		bytes;
			const char *utf8 = ai_codec_read_bytes(keys, &key.at, &bytes);
			JsonbValue	string;

			ai_output_string(writer, utf8, bytes, &string);
			ai_output_key(writer, string.val.string.val, string.val.string.len);
		}
		else
		{
			char		text[40];

			ai_number_to_text(keys->datatype, key.at, text);
			key.at += key.element_bytes;
			ai_output_key(writer, pstrdup(text), (int) strlen(text));
		}
		push_element(writer, &value);
	}
	ai_output_token(writer, WJB_END_OBJECT);
}

static void
write_value(AiOutputWriter *writer, AiReader *reader, int depth)
{
	AiValue		value;
	AiValue		second;
	AiValue		third;

	if (depth > AI_MAX_VALUE_DEPTH)
		ai_raise_invalid_frame("Values are nested too deeply.");
	ai_codec_read_value(reader, &value);
	switch (value.kind)
	{
		case AI_VALUE_NONE:
			ai_output_push(writer, &(JsonbValue) {.type = jbvNull});
			break;
		case AI_VALUE_TENSOR:
			ai_output_push_tensor(writer, &value);
			break;
		case AI_VALUE_MAP:
			ai_codec_read_value(reader, &second);
			ai_codec_read_value(reader, &third);
			push_map(writer, &second, &third);
			break;
		default:
			{
				bool		row_mode = writer->row_mode;
				AiReader	ahead = *reader;
				bool		unwrap = false;

				/* The maps of a batch of one (ZipMap) are the row's map. */
				if (row_mode && depth == 0 && value.count == 1 &&
					writer->format == AI_FORMAT_PLAIN)
				{
					ai_codec_read_value(&ahead, &second);
					unwrap = second.kind == AI_VALUE_MAP;
				}
				writer->row_mode = false;
				if (!unwrap)
					ai_output_token(writer, WJB_BEGIN_ARRAY);
				for (uint64 i = 0; i < value.count; i++)
				{
					CHECK_FOR_INTERRUPTS();
					write_value(writer, reader, depth + 1);
				}
				if (!unwrap)
					ai_output_token(writer, WJB_END_ARRAY);
				writer->row_mode = row_mode;
			}
	}
}

void
ai_output_write(AiOutputWriter *writer, AiReader *reader)
{
	write_value(writer, reader, 0);
}

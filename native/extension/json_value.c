/*
 * json_value.c
 *	  One JSON value into one value of a frame.
 */
#include "postgres.h"

#include "common/base64.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "json_access.h"
#include "json_value.h"

#define INTERRUPT_ELEMENTS 65536

typedef struct AiTensorFill
{
	const AiRequest *request;
	int			input;
	const AiType *type;
	const AiShape *shape;
	int			offset;			/* of the next element in the frame */
	uint32		element_bytes;
} AiTensorFill;

bool
ai_json_is_tensor_object(const JsonbValue *value)
{
	JsonbValue	member;

	return ai_json_is_object(value) &&
		ai_json_member(value, "shape", 5, &member) &&
		ai_json_member(value, "datatype", 8, &member) &&
		(ai_json_member(value, "data", 4, &member) ||
		 ai_json_member(value, "raw", 3, &member));
}

static void
raise_tensor_object(const AiRequest *request, int input, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid tensor object for input \"%s\" of model \"%s\"",
					request->model->compiled->signature->inputs[input].name,
					request->model->name),
			 errdetail("%s", detail),
			 errhint("A tensor object is {\"shape\": [...], \"datatype\": \"FP32\", "
					 "\"data\": [...]}, or has \"raw\" with base64 in place of \"data\".")));
}

/* Reads the member "shape" of a tensor object. */
static void
read_shape(const AiRequest *request, int input, const JsonbValue *object, AiShape *shape)
{
	JsonbValue	dims;

	if (!ai_json_given(object, "shape", &dims) || !ai_json_is_array(&dims) ||
		ai_json_count(&dims) > AI_MAX_RANK)
		raise_tensor_object(request, input, "The shape is not an array of at most 16 numbers.");
	shape->rank = (int) ai_json_count(&dims);
	for (int i = 0; i < shape->rank; i++)
	{
		JsonbValue	dim;

		ai_json_element(&dims, i, &dim);
		if (dim.type != jbvNumeric ||
			ai_number_from_numeric(AI_DATATYPE_UINT32, dim.val.numeric,
								   &shape->dims[i]) != AI_NUMBER_OK)
			raise_tensor_object(request, input, "A dimension is not a number of elements.");
	}
}

static void
examine_object(const AiRequest *request, int input, const AiType *type,
			   const JsonbValue *object, AiGiven *given)
{
	JsonbValue	datatype;

	given->is_object = true;
	if (!ai_json_given(object, "datatype", &datatype) || datatype.type != jbvString)
		raise_tensor_object(request, input, "The datatype is not a string.");
	if (!ai_json_equals(&datatype, ai_datatype_name(type->datatype)))
		ai_request_raise_kind(request, input, type, ai_json_cstring(&datatype), NULL);
	read_shape(request, input, object, &given->shape);
	given->is_empty = ai_shape_elements(&given->shape) == 0;
	given->is_raw = ai_json_member(object, "raw", 3, &given->data);
	if (given->is_raw && given->data.type != jbvString)
		raise_tensor_object(request, input, "The value of \"raw\" is not a string.");
	if (!given->is_raw)
		ai_json_member(object, "data", 4, &given->data);
}

void
ai_json_examine(const AiRequest *request, int input, const AiType *type,
				const JsonbValue *value, AiGiven *given)
{
	JsonbValue	first = *value;

	given->data = *value;
	given->is_raw = given->is_object = given->is_empty = given->is_row = false;
	given->shape.rank = 0;
	if (ai_json_is_tensor_object(value))
	{
		examine_object(request, input, type, value, given);
		return;
	}
	while (ai_json_is_array(&first))
	{
		if (given->shape.rank == AI_MAX_RANK)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("input \"%s\" of model \"%s\" has more than %d dimensions",
							request->model->compiled->signature->inputs[input].name,
							request->model->name, AI_MAX_RANK)));
		given->shape.dims[given->shape.rank] = ai_json_count(&first);
		if (given->shape.dims[given->shape.rank++] == 0)
		{
			given->is_empty = true;
			break;
		}
		ai_json_element(&first, 0, &first);
	}
	/* What an empty array does not say, the signature does. */
	while (given->is_empty && given->shape.rank < type->rank)
	{
		int64		size = type->dims[given->shape.rank].size;

		given->shape.dims[given->shape.rank++] = size == AI_DIM_ANY ? 0 : (uint32) size;
	}
}

void
ai_json_append_string(StringInfo frame, const JsonbValue *value)
{
	char	   *text = value->val.string.val;
	int			bytes = value->val.string.len;
	char	   *utf8 = pg_server_to_any(text, bytes, PG_UTF8);

	ai_codec_append_bytes(frame, utf8, utf8 == text ? (uint32) bytes : (uint32) strlen(utf8));
	if (utf8 != text)
		pfree(utf8);
}

void
ai_json_write_scalar(const AiRequest *request, int input, const AiType *type,
					 const JsonbValue *value, int offset)
{
	uint8		datatype = type->datatype;
	char	   *element = request->frame->data + offset;
	AiNumberStatus status;

	if (value->type == jbvNumeric && ai_datatype_is_number(datatype))
	{
		status = ai_number_from_numeric(datatype, value->val.numeric, element);
		if (status != AI_NUMBER_OK)
			ai_request_raise_number(request, input, datatype, status, ai_json_show(value));
	}
	else if (value->type == jbvString && datatype == AI_DATATYPE_BYTES)
		ai_json_append_string(request->frame, value);
	else if (value->type == jbvBool && datatype == AI_DATATYPE_BOOL)
		*element = value->val.boolean ? 1 : 0;
	else if (value->type == jbvString && ai_datatype_is_float(datatype) &&
			 ai_number_from_name(datatype, value->val.string.val, value->val.string.len,
								 element))
		return;
	else if (value->type == jbvNull)
		ai_request_raise_null(request, input, true);
	else
		ai_request_raise_kind(request, input, type, ai_json_kind(value), ai_json_show(value));
}

static void
raise_ragged(const AiTensorFill *fill, int depth, const JsonbValue *value)
{
	char	   *found = ai_json_is_array(value) ?
		psprintf("an array of %u", ai_json_count(value)) : pstrdup(ai_json_kind(value));

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("input \"%s\" of model \"%s\" is ragged",
					fill->request->model->compiled->signature->inputs[fill->input].name,
					fill->request->model->name),
			 errdetail("At depth %d there is %s where %s is expected.", depth, found,
					   depth < fill->shape->rank ?
					   psprintf("an array of %u", fill->shape->dims[depth]) : "a value")));
}

/* Writes the value at a depth of nested arrays: an array, or an element below the last axis. */
static void
fill_level(AiTensorFill *fill, const JsonbValue *value, int depth)
{
	JsonbIterator *it;
	JsonbValue	element;
	int			written = 0;

	if (depth == fill->shape->rank)
	{
		if (ai_json_is_array(value) && depth > 0)
			raise_ragged(fill, depth, value);
		ai_json_write_scalar(fill->request, fill->input, fill->type, value, fill->offset);
		fill->offset += (int) fill->element_bytes;
		return;
	}
	if (!ai_json_is_array(value) || ai_json_count(value) != fill->shape->dims[depth])
	{
		if (value->type == jbvNull)
			ai_request_raise_null(fill->request, fill->input, true);
		raise_ragged(fill, depth, value);
	}
	check_stack_depth();
	it = JsonbIteratorInit(value->val.binary.data);
	(void) JsonbIteratorNext(&it, &element, true);
	while (JsonbIteratorNext(&it, &element, true) == WJB_ELEM)
	{
		fill_level(fill, &element, depth + 1);
		if (++written % INTERRUPT_ELEMENTS == 0)
			CHECK_FOR_INTERRUPTS();
	}
}

/* Checks that raw bytes are what their datatype allows. */
static void
check_raw(const AiRequest *request, int input, uint8 datatype, uint64 elements,
		  const char *data, uint64 bytes)
{
	uint64		at = 0;

	if (datatype == AI_DATATYPE_BOOL)
	{
		for (uint64 i = 0; i < bytes; i++)
		{
			if (data[i] != 0 && data[i] != 1)
				raise_tensor_object(request, input, "A raw boolean is neither 0 nor 1.");
		}
	}
	if (datatype != AI_DATATYPE_BYTES)
		return;
	for (uint64 i = 0; i < elements; i++)
	{
		uint32		length = 0;

		if (bytes - at >= sizeof(length))
			memcpy(&length, data + at, sizeof(length));
		if (bytes - at < sizeof(length) || length > bytes - at - sizeof(length))
			raise_tensor_object(request, input,
								"The raw strings are fewer than the shape has elements.");
		at += sizeof(length) + length;
	}
	if (at != bytes)
		raise_tensor_object(request, input,
							"The raw strings are more than the shape has elements.");
}

/* Decodes base64 straight into the frame. */
static void
write_raw(const AiRequest *request, int input, const AiGiven *given, AiTensorWriter *tensor,
		  uint64 elements)
{
	StringInfo	frame = request->frame;
	int			capacity = pg_b64_dec_len(given->data.val.string.len);
	uint32		element_bytes = ai_datatype_bytes(tensor->datatype);
	char	   *decoded = palloc(capacity + 1);
	int			bytes = pg_b64_decode(given->data.val.string.val, given->data.val.string.len,
									  decoded, capacity);

	if (bytes < 0)
		raise_tensor_object(request, input, "The value of \"raw\" is not base64.");
	if (element_bytes > 0 && (uint64) bytes != elements * element_bytes)
		raise_tensor_object(request, input,
							psprintf("The shape needs " UINT64_FORMAT " bytes, and raw has %d.",
									 elements * element_bytes, bytes));
	check_raw(request, input, tensor->datatype, elements, decoded, bytes);
	if (element_bytes > 0)
		memcpy(frame->data + tensor->data_offset, decoded, bytes);
	else
	{
		if ((uint64) frame->len + bytes > AI_MAX_FRAME_BYTES)
			raise_tensor_object(request, input, "The strings are over the limit of a request.");
		appendBinaryStringInfo(frame, decoded, bytes);
	}
	pfree(decoded);
}

/* True if the data of a tensor object stands in one flat array; flat is its shape then. */
static bool
is_flat(const AiRequest *request, int input, const AiGiven *given, AiShape *flat)
{
	JsonbValue	first;
	uint64		elements = ai_shape_elements(&given->shape);

	if (!given->is_object || !ai_json_is_array(&given->data))
		return false;
	if (ai_json_count(&given->data) > 0)
	{
		ai_json_element(&given->data, 0, &first);
		if (ai_json_is_array(&first))
			return false;
	}
	if (ai_json_count(&given->data) != elements)
		raise_tensor_object(request, input,
							psprintf("The shape has " UINT64_FORMAT " elements, and data has %u.",
									 elements, ai_json_count(&given->data)));
	flat->rank = 1;
	flat->dims[0] = (uint32) elements;
	return true;
}

void
ai_json_write_tensor(AiRequest *request, int input, int index, const AiType *type,
					 const AiGiven *given)
{
	AiTensorWriter tensor;
	AiTensorFill fill;
	AiShape		flat;
	AiShape		nested = given->shape;

	ai_codec_begin_tensor(request->frame, index, type->datatype, &given->shape, &tensor);
	if (given->is_raw)
		write_raw(request, input, given, &tensor, ai_shape_elements(&given->shape));
	else
	{
		/* A row's axis was added to the shape; the arrays do not have it. */
		if (given->is_row)
		{
			nested.rank--;
			memmove(nested.dims, nested.dims + 1, nested.rank * sizeof(uint32));
		}
		fill.request = request;
		fill.input = input;
		fill.type = type;
		fill.shape = is_flat(request, input, given, &flat) ? &flat : &nested;
		fill.offset = tensor.data_offset;
		fill.element_bytes = ai_datatype_bytes(type->datatype);
		if (!given->is_empty)
			fill_level(&fill, &given->data, 0);
	}
	ai_codec_end_tensor(request->frame, &tensor);
}

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

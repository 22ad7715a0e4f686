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

/* True if the data of a tensor object stands in one flat array. */
static bool
is_flat(const AiGiven *given)
{
	JsonbValue	first;

	if (!given->is_object || given->is_raw || !ai_json_is_array(&given->data))
		return false;
	if (ai_json_count(&given->data) == 0)
		return true;
	ai_json_element(&given->data, 0, &first);
	return !ai_json_is_array(&first);
}

/* Checks that there is as much data as the shape says, before room is made for it. */
static void
check_data_size(const AiRequest *request, int input, const AiType *type, const AiGiven *given)
{
	uint64		elements = ai_shape_elements(&given->shape);
	uint64		element_bytes = ai_datatype_bytes(type->datatype);

	if (is_flat(given) && ai_json_count(&given->data) != elements)
		raise_tensor_object(request, input,
							psprintf("The shape has " UINT64_FORMAT " elements, and data has %u.",
									 elements, ai_json_count(&given->data)));
	if (given->is_raw && element_bytes > 0 && elements < PG_UINT64_MAX &&
		elements * element_bytes > (uint64) pg_b64_dec_len(given->data.val.string.len))
		raise_tensor_object(request, input,
							psprintf("The shape needs " UINT64_FORMAT " bytes, and raw has fewer.",
									 elements * element_bytes));
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
	check_data_size(request, input, type, given);
}

/* True if a scalar can be an element of the type. */
static bool
scalar_fits(const AiType *type, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNumeric:
			return ai_datatype_is_number(type->datatype);
		case jbvString:
			return type->datatype == AI_DATATYPE_BYTES || ai_datatype_is_float(type->datatype);
		case jbvBool:
			return type->datatype == AI_DATATYPE_BOOL;
		default:
			return true;
	}
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
	if (!scalar_fits(type, value))
		ai_request_raise_kind(request, input, type, ai_json_kind(value), ai_json_show(value));
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

void
ai_json_write_tensor(AiRequest *request, int input, int index, const AiType *type,
					 const AiGiven *given)
{
	AiTensorWriter tensor;
	AiTensorFill fill;
	AiShape		flat = {1, {(uint32) ai_shape_elements(&given->shape)}};
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
		fill.shape = is_flat(given) ? &flat : &nested;
		fill.offset = tensor.data_offset;
		fill.element_bytes = ai_datatype_bytes(type->datatype);
		if (!given->is_empty)
			fill_level(&fill, &given->data, 0);
	}
	ai_codec_end_tensor(request->frame, &tensor);
}

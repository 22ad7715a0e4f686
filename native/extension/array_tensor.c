/*
 * array_tensor.c
 *	  An array of numbers as the input of a model with one.
 *
 * The short way of the street: real[] into FP32, float8[] into FP64, int4[] into
 * INT32 and int8[] into INT64 are copies.  Nothing there allocates but in errors.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "array_tensor.h"
#include "json_output.h"

/* Elements between two looks at interrupts. */
#define INTERRUPT_ELEMENTS 65536

/* Raises which element is null, by its subscripts from 1. */
static void
raise_null_element(const AiRequest *request, ArrayType *array)
{
	bits8	   *bitmap = ARR_NULLBITMAP(array);
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	int			place = 0;
	StringInfoData subscripts;

	while (place < count && (bitmap[place / 8] & (1 << (place % 8))))
		place++;
	initStringInfo(&subscripts);
	for (int i = ARR_NDIM(array) - 1; i >= 0; i--)
	{
		char	   *rest = pstrdup(subscripts.data);

		resetStringInfo(&subscripts);
		appendStringInfo(&subscripts, "[%d]%s",
						 place % ARR_DIMS(array)[i] + ARR_LBOUND(array)[i], rest);
		place /= ARR_DIMS(array)[i];
	}
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 errmsg("input \"%s\" of model \"%s\" is null at %s",
					request->model->compiled->signature->inputs[0].name,
					request->model->name, subscripts.data),
			 errdetail("%s", ai_model_takes(request->model))));
}

/* Fills shape with that of the array; an empty one takes the rest from the signature. */
static void
array_shape(const AiType *type, ArrayType *array, AiShape *shape)
{
	shape->rank = ARR_NDIM(array);
	for (int i = 0; i < shape->rank; i++)
		shape->dims[i] = (uint32) ARR_DIMS(array)[i];
	if (shape->rank > 0)
		return;
	shape->rank = type->rank == AI_RANK_ANY ? 1 : Max(type->rank, 1);
	shape->dims[0] = 0;
	for (int i = 1; i < shape->rank; i++)
		shape->dims[i] = type->dims[i].size == AI_DIM_ANY ? 0 : (uint32) type->dims[i].size;
}

/* The datatype whose bytes an element type has, or AI_DATATYPE_INVALID (numeric). */
static uint8
element_datatype(Oid element_type)
{
	switch (element_type)
	{
		case FLOAT4OID:
			return AI_DATATYPE_FP32;
		case FLOAT8OID:
			return AI_DATATYPE_FP64;
		case INT4OID:
			return AI_DATATYPE_INT32;
		case INT8OID:
			return AI_DATATYPE_INT64;
		default:
			Assert(element_type == NUMERICOID);
			return AI_DATATYPE_INVALID;
	}
}

static uint8
array_datatype(ArrayType *array)
{
	return element_datatype(ARR_ELEMTYPE(array));
}

/* Raises what is wrong with an element, shown as its type shows it. */
static void
raise_element(const AiRequest *request, uint8 datatype, AiNumberStatus status, uint8 from_datatype,
			  const char *element)
{
	char		text[40];
	double		number = ai_number_to_double(from_datatype, element);

	if (isfinite(number))
		ai_number_to_text(from_datatype, element, text);
	else
		strcpy(text, isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity");
	ai_request_raise_number(request, 0, datatype, status, text);
}

/* Converts elements of a fixed size one by one. */
static void
convert_elements(const AiRequest *request, uint8 datatype, ArrayType *array, uint64 count, char *to)
{
	uint8		from_datatype = array_datatype(array);
	const char *from = ARR_DATA_PTR(array);
	uint32		from_bytes = ai_datatype_bytes(from_datatype);
	uint32		to_bytes = ai_datatype_bytes(datatype);
	bool		is_float = ai_datatype_is_float(from_datatype);

	for (uint64 i = 0; i < count; i++, from += from_bytes, to += to_bytes)
	{
		AiNumberStatus status;

		if (is_float)
			status = ai_number_from_double(datatype, ai_number_to_double(from_datatype, from), to);
		else
			status = ai_number_from_int64(datatype, ai_number_to_int64(from_datatype, from), to);
		if (unlikely(status != AI_NUMBER_OK))
			raise_element(request, datatype, status, from_datatype, from);
		if (i % INTERRUPT_ELEMENTS == INTERRUPT_ELEMENTS - 1)
			CHECK_FOR_INTERRUPTS();
	}
}

/* Converts the elements of numeric[]. */
static void
convert_numerics(const AiRequest *request, uint8 datatype, ArrayType *array, char *to)
{
	Datum	   *values;
	int			count;

	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &values, NULL, &count);
	for (int i = 0; i < count; i++, to += ai_datatype_bytes(datatype))
	{
		AiNumberStatus status = ai_number_from_numeric(datatype, DatumGetNumeric(values[i]), to);

		if (unlikely(status != AI_NUMBER_OK))
			ai_request_raise_number(request, 0, datatype, status,
									DatumGetCString(DirectFunctionCall1(numeric_out, values[i])));
		if (i % INTERRUPT_ELEMENTS == INTERRUPT_ELEMENTS - 1)
			CHECK_FOR_INTERRUPTS();
	}
	pfree(values);
}

/* Returns the type of the only input, or raises why an array cannot be given. */
static const AiType *
only_input(const AiRequest *request)
{
	const AiSignature *signature = request->model->compiled->signature;
	const AiType *type;

	if (signature->input_count != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" has %d inputs, and an array is one",
						request->model->name, signature->input_count),
				 errdetail("%s", ai_model_takes(request->model)),
				 errhint("Give an object of inputs as jsonb.")));
	type = ai_type_value(signature->inputs[0].type);
	if (type->kind != AI_TYPE_TENSOR || !ai_datatype_is_number(type->datatype))
		ai_request_raise_kind(request, 0, type, "an array of numbers", NULL);
	return type;
}

void
ai_array_write_request(AiRequest *request, ArrayType *array, const uint16 *outputs,
					   int output_count)
{
	const AiType *type = only_input(request);
	uint8		from_datatype = array_datatype(array);
	AiTensorWriter tensor;
	AiShape		shape;
	uint64		count;
	char	   *to;

	if (unlikely(array_contains_nulls(array)))
		raise_null_element(request, array);
	array_shape(type, array, &shape);
	if (ARR_NDIM(array) > 0 && ai_request_is_row(type, shape.rank))
	{
		request->row_mode = true;
		ai_shape_add_row_axis(&shape);
	}
	ai_request_check_shape(request, 0, type, &shape);

	ai_codec_begin_infer(request->frame, request->model->sha256, outputs, output_count, 1);
	ai_codec_begin_tensor(request->frame, 0, type->datatype, &shape, &tensor);
	to = request->frame->data + tensor.data_offset;
	count = ai_shape_elements(&shape);
	if (type->datatype == from_datatype)
		memcpy(to, ARR_DATA_PTR(array), count * ai_datatype_bytes(from_datatype));
	else if (from_datatype == AI_DATATYPE_INVALID)
		convert_numerics(request, type->datatype, array, to);
	else
		convert_elements(request, type->datatype, array, count, to);
	ai_codec_end_tensor(request->frame, &tensor);
}

bool
ai_array_is_castable(Oid element_type, uint8 datatype)
{
	switch (element_type)
	{
		case FLOAT4OID:
			return datatype == AI_DATATYPE_FP32 || datatype == AI_DATATYPE_FP64;
		case FLOAT8OID:
			return datatype == AI_DATATYPE_FP32 || datatype == AI_DATATYPE_FP64;
		case INT4OID:
			return datatype == AI_DATATYPE_INT32 || datatype == AI_DATATYPE_FP64;
		case INT8OID:
			return datatype == AI_DATATYPE_INT64;
		default:
			return false;
	}
}

bool
ai_array_is_copy(Oid element_type, uint8 datatype)
{
	return element_datatype(element_type) == datatype;
}

/* Casts float8 to FP32; false if one becomes an infinity that was none. */
static bool
narrow_doubles(const double *from, int elements, float *to)
{
	bool		overflow = false;

	for (int i = 0; i < elements; i++)
	{
		to[i] = (float) from[i];
		overflow |= isinf(to[i]) && !isinf(from[i]);
	}
	return !overflow;
}

bool
ai_array_cast(const ArrayType *array, int elements, char *to)
{
	const char *from = ARR_DATA_PTR(array);

	switch (ARR_ELEMTYPE(array))
	{
		case FLOAT8OID:
			return narrow_doubles((const double *) from, elements, (float *) to);
		case FLOAT4OID:
			for (int i = 0; i < elements; i++)
				((double *) to)[i] = ((const float *) from)[i];
			return true;
		case INT4OID:
			for (int i = 0; i < elements; i++)
				((double *) to)[i] = ((const int32 *) from)[i];
			return true;
		default:
			return false;
	}
}

/* Pushes a numeric[] as nested arrays; *values moves on. */
static void
push_numerics(AiOutputWriter *writer, ArrayType *array, int depth, Datum **values)
{
	JsonbValue	value;

	if (depth == ARR_NDIM(array))
	{
		Numeric		number = DatumGetNumeric(*(*values)++);

		value.type = jbvNumeric;
		value.val.numeric = number;
		if (numeric_is_nan(number) || numeric_is_inf(number))
		{
			value.type = jbvString;
			value.val.string.val =
				DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(number)));
			value.val.string.len = (int) strlen(value.val.string.val);
		}
		ai_output_push(writer, &value);
		return;
	}
	ai_output_token(writer, WJB_BEGIN_ARRAY);
	for (int i = 0; i < ARR_DIMS(array)[depth]; i++)
		push_numerics(writer, array, depth + 1, values);
	ai_output_token(writer, WJB_END_ARRAY);
}

/* Pushes an array of elements of a fixed size, as a tensor would be. */
static void
push_elements(AiOutputWriter *writer, ArrayType *array)
{
	AiValue		value;

	memset(&value, 0, sizeof(value));
	value.kind = AI_VALUE_TENSOR;
	value.datatype = array_datatype(array);
	value.shape.rank = ARR_NDIM(array);
	for (int i = 0; i < ARR_NDIM(array); i++)
		value.shape.dims[i] = (uint32) ARR_DIMS(array)[i];
	value.element_count = ai_shape_elements(&value.shape);
	value.data = ARR_DATA_PTR(array);
	ai_output_push_tensor(writer, &value);
}

Jsonb *
ai_array_to_jsonb(const AiModel *model, ArrayType *array)
{
	AiOutputWriter writer = {.model = model, .output = "input", .not_finite_as_string = true};

	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the input array of model \"%s\" holds null", model->name)));
	if (ARR_NDIM(array) == 0)
	{
		ai_output_token(&writer, WJB_BEGIN_ARRAY);
		ai_output_token(&writer, WJB_END_ARRAY);
	}
	else if (array_datatype(array) == AI_DATATYPE_INVALID)
	{
		Datum	   *values;
		int			count;

		deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &values, NULL, &count);
		push_numerics(&writer, array, 0, &values);
	}
	else
		push_elements(&writer, array);
	return JsonbValueToJsonb(writer.result);
}

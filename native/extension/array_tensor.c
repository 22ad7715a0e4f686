/*
 * array_tensor.c
 *	  real[] and float8[] as the input of a model with one.
 *
 * The short way of the street: real[] into FP32, and float8[] into FP64, is a
 * copy.  Nothing here allocates but in errors.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "array_tensor.h"

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

/* Converts elements one by one; the value is read as a double, which is exact for both. */
static void
convert_elements(const AiRequest *request, uint8 datatype, const char *from, bool is_real,
				 uint64 count, char *to)
{
	uint32		element_bytes = ai_datatype_bytes(datatype);

	for (uint64 i = 0; i < count; i++)
	{
		double		value;
		AiNumberStatus status;

		if (is_real)
		{
			float		narrow;

			memcpy(&narrow, from + i * sizeof(float), sizeof(narrow));
			value = narrow;
		}
		else
			memcpy(&value, from + i * sizeof(double), sizeof(value));
		status = ai_number_from_double(datatype, value, to + i * element_bytes);
		if (unlikely(status != AI_NUMBER_OK))
			ai_request_raise_number(request, 0, datatype, status,
									is_real ?
									DatumGetCString(DirectFunctionCall1(float4out,
																		Float4GetDatum((float4) value))) :
									DatumGetCString(DirectFunctionCall1(float8out,
																		Float8GetDatum(value))));
		if (i % INTERRUPT_ELEMENTS == INTERRUPT_ELEMENTS - 1)
			CHECK_FOR_INTERRUPTS();
	}
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
	bool		is_real = ARR_ELEMTYPE(array) == FLOAT4OID;
	AiTensorWriter tensor;
	AiShape		shape;
	uint64		count;
	char	   *to;

	Assert(is_real || ARR_ELEMTYPE(array) == FLOAT8OID);
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
	if (type->datatype == (is_real ? AI_DATATYPE_FP32 : AI_DATATYPE_FP64))
		memcpy(to, ARR_DATA_PTR(array), count * (is_real ? sizeof(float) : sizeof(double)));
	else
		convert_elements(request, type->datatype, ARR_DATA_PTR(array), is_real, count, to);
	ai_codec_end_tensor(request->frame, &tensor);
}

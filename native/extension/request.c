/*
 * request.c
 *	  One request under construction: shapes, symbolic dimensions, errors.
 */
#include "postgres.h"

#include "request.h"

static const char *
input_name(const AiRequest *request, int input)
{
	return request->model->compiled->signature->inputs[input].name;
}

void
ai_request_init(AiRequest *request, const AiModel *model, StringInfo frame)
{
	int			symbols = model->compiled->signature->symbol_count;

	request->model = model;
	request->frame = frame;
	request->row_mode = false;
	request->symbol_sizes = NULL;
	request->symbol_inputs = NULL;
	if (symbols == 0)
		return;
	request->symbol_sizes = palloc(symbols * sizeof(int64));
	request->symbol_inputs = palloc(symbols * sizeof(int));
	for (int i = 0; i < symbols; i++)
		request->symbol_sizes[i] = AI_DIM_ANY;
}

bool
ai_request_is_row(const AiType *type, int rank)
{
	return type->rank == rank + 1 &&
		(type->dims[0].size == AI_DIM_ANY || type->dims[0].size == 1);
}

void
ai_shape_add_row_axis(AiShape *shape)
{
	Assert(shape->rank < AI_MAX_RANK);
	memmove(shape->dims + 1, shape->dims, shape->rank * sizeof(uint32));
	shape->dims[0] = 1;
	shape->rank++;
}

/* Checks one dimension that has a name, which stands for one size in a request. */
static void
bind_symbol(AiRequest *request, int input, int symbol, uint32 size)
{
	int64		bound = request->symbol_sizes[symbol];

	if (bound == AI_DIM_ANY)
	{
		request->symbol_sizes[symbol] = size;
		request->symbol_inputs[symbol] = input;
		return;
	}
	if (bound == size)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("dimension \"%s\" of model \"%s\" is " INT64_FORMAT
					" in input \"%s\" but %u in input \"%s\"",
					request->model->compiled->signature->symbols[symbol],
					request->model->name, bound,
					input_name(request, request->symbol_inputs[symbol]), size,
					input_name(request, input)),
			 errdetail("%s", ai_model_takes(request->model))));
}

void
ai_request_check_shape(AiRequest *request, int input, const AiType *type, const AiShape *shape)
{
	const AiType *declared = request->model->compiled->signature->inputs[input].type;

	/* The elements of a sequence differ in shape: a name in their type binds nothing. */
	bool		is_whole_input = type == ai_type_value(declared);

	if (type->rank == AI_RANK_ANY)
		return;
	if (shape->rank != type->rank)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg_plural("input \"%s\" of model \"%s\" must have %d dimension, not %d",
							   "input \"%s\" of model \"%s\" must have %d dimensions, not %d",
							   type->rank, input_name(request, input), request->model->name,
							   type->rank, shape->rank),
				 errdetail("%s", ai_model_takes(request->model))));
	for (int i = 0; i < shape->rank; i++)
	{
		const AiDim *dim = &type->dims[i];

		if (dim->size != AI_DIM_ANY && dim->size != shape->dims[i])
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("dimension %d of input \"%s\" of model \"%s\" must be " INT64_FORMAT
							", not %u",
							i + 1, input_name(request, input), request->model->name,
							dim->size, shape->dims[i]),
					 errdetail("%s", ai_model_takes(request->model))));
		if (dim->symbol >= 0 && is_whole_input)
			bind_symbol(request, input, dim->symbol, shape->dims[i]);
	}
}

void
ai_request_raise_number(const AiRequest *request, int input, uint8 datatype,
						AiNumberStatus status, const char *shown)
{
	if (status == AI_NUMBER_OUT_OF_RANGE)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value %s of input \"%s\" of model \"%s\" is out of range for %s",
						shown, input_name(request, input), request->model->name,
						ai_datatype_name(datatype)),
				 errdetail("%s", ai_model_takes(request->model))));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("value %s of input \"%s\" of model \"%s\" is not an integer",
					shown, input_name(request, input), request->model->name),
			 errdetail("%s", ai_model_takes(request->model))));
}

void
ai_request_raise_kind(const AiRequest *request, int input, const AiType *type,
					  const char *actual, const char *shown)
{
	StringInfoData expected;

	initStringInfo(&expected);
	if (type->kind == AI_TYPE_TENSOR)
		appendStringInfoString(&expected, ai_datatype_name(type->datatype));
	else
		ai_signature_append_type(&expected, request->model->compiled->signature, type);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("input \"%s\" of model \"%s\" expects %s, not %s",
					input_name(request, input), request->model->name, expected.data, actual),
			 shown == NULL ? errdetail("%s", ai_model_takes(request->model)) :
			 errdetail("The value is %s. %s", shown, ai_model_takes(request->model))));
}

void
ai_request_raise_null(const AiRequest *request, int input, bool inside)
{
	ereport(ERROR,
			(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
			 inside ? errmsg("input \"%s\" of model \"%s\" holds null",
							 input_name(request, input), request->model->name) :
			 errmsg("input \"%s\" of model \"%s\" is null",
					input_name(request, input), request->model->name),
			 errdetail("%s", ai_model_takes(request->model))));
}

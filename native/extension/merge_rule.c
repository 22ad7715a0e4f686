/*
 * merge_rule.c
 *	  Whether rows of a version may share a request, as ladders of reasons not to.
 *
 * A row of its own is never wrong, only slow; a merged one is wrong where an axis
 * is not what it looks like.  Where the server has tried the model out, it knows;
 * else the names of the dimensions must say that the rows are the same ones.
 */
#include "postgres.h"

#include "merge_rule.h"

/* True for the maps of a batch (ZipMap), of which each row has one. */
static bool
is_map_per_row(const AiType *type)
{
	return type->kind == AI_TYPE_SEQUENCE && type->element->kind == AI_TYPE_MAP;
}

/* True for a tensor whose first axis may have as many elements as there are rows. */
static bool
has_free_axis(const AiType *type)
{
	return type->kind == AI_TYPE_TENSOR && type->rank > 0 && type->dims[0].size == AI_DIM_ANY;
}

/* True if a dimension after the first one has the symbol. */
static bool
uses_symbol_inside(const AiType *type, int symbol)
{
	for (int i = 1; i < type->rank; i++)
	{
		if (type->dims[i].symbol == symbol)
			return true;
	}
	return false;
}

/* Rows of features stand along the first axis only where a row is not a whole tensor. */
static bool
features_have_rows(const AiCompiled *compiled)
{
	for (int i = 0; i < compiled->input->count; i++)
	{
		const AiFeatureGroup *group = &compiled->input->groups[i];
		const AiType *type = ai_type_value(compiled->signature->inputs[group->input].type);

		if (type->rank == 1 && group->width != 1)
			return false;
	}
	return true;
}

/* Each input has an axis for rows, or none at all; at least one has it. */
static bool
inputs_have_rows(const AiSignature *signature)
{
	bool		any = false;

	for (int i = 0; i < signature->input_count; i++)
	{
		const AiType *type = signature->inputs[i].type;

		/* Without an axis it is given once for all rows, if it is the same in all. */
		if (type->kind == AI_TYPE_TENSOR && type->rank == 0)
			continue;
		if (!has_free_axis(type))
			return false;
		any = true;
	}
	return any;
}

/* Each output that is asked for has an axis for rows, or a map for each. */
static bool
outputs_have_rows(const AiCall *call)
{
	for (int i = 0; i < ai_call_output_count(call); i++)
	{
		const AiType *type = call->model.compiled->signature->outputs[ai_call_output(call, i)].type;

		if (!has_free_axis(type) && !is_map_per_row(type))
			return false;
	}
	return true;
}

/* The first axes of all inputs and outputs are named, by one name that is used for no other. */
static bool
names_say_rows(const AiCall *call)
{
	const AiSignature *signature = call->model.compiled->signature;
	int			symbol = AI_DIM_ANY;

	for (int i = 0; i < signature->input_count; i++)
	{
		const AiType *type = signature->inputs[i].type;

		if (type->rank == 0)
			continue;
		if (symbol == AI_DIM_ANY)
			symbol = type->dims[0].symbol;
		/* Inputs whose first axes may differ: their rows may be combined. */
		if (symbol < 0 || type->dims[0].symbol != symbol || uses_symbol_inside(type, symbol))
			return false;
	}
	for (int i = 0; i < ai_call_output_count(call); i++)
	{
		const AiType *type = signature->outputs[ai_call_output(call, i)].type;

		/* It may count something else, or set rows against rows. */
		if (type->kind == AI_TYPE_TENSOR &&
			(type->dims[0].symbol != symbol || uses_symbol_inside(type, symbol)))
			return false;
	}
	return true;
}

/* A classifier with one input and a map a row: its converters name no dimension. */
static bool
is_classifier(const AiSignature *signature)
{
	bool		has_map = false;

	for (int i = 0; i < signature->output_count; i++)
		has_map |= is_map_per_row(signature->outputs[i].type);
	return has_map && signature->input_count == 1;
}

bool
ai_merge_is_allowed(const AiCall *call)
{
	const AiCompiled *compiled = call->model.compiled;
	const AiSignature *signature = compiled->signature;

	if (!inputs_have_rows(signature) || !outputs_have_rows(call))
		return false;
	if (compiled->input != NULL && !features_have_rows(compiled))
		return false;
	/* The server tries no model whose outputs are maps. */
	if (is_classifier(signature))
		return true;
	if (signature->batch != AI_BATCH_UNKNOWN)
		return signature->batch == AI_BATCH_ON;
	return names_say_rows(call);
}

/*
 * json_tensor.c
 *	  Inputs as JSON: finds each input's value, decides whether rows were given,
 *	  and writes the request.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "json_access.h"
#include "json_tensor.h"
#include "json_value.h"

/* The values of a request by input, and what is known of the tensors among them. */
typedef struct AiInputs
{
	AiRequest  *request;
	const AiSignature *signature;
	JsonbValue *values;
	bool	   *is_given;
	AiGiven    *tensors;		/* of inputs that are tensors */
} AiInputs;

/* True if the JSON is the value of the only input itself, not an object of inputs. */
static bool
is_bare(const AiSignature *signature, const JsonbValue *root)
{
	JsonbValue	member;
	const AiPort *port = &signature->inputs[0];

	if (signature->input_count != 1)
		return false;
	if (!ai_json_is_object(root) || ai_json_is_tensor_object(root))
		return true;
	return ai_type_value(port->type)->kind == AI_TYPE_MAP &&
		!(ai_json_member(root, port->name, port->name_bytes, &member) &&
		  ai_json_is_object(&member));
}

static void
raise_not_an_object(const AiInputs *inputs, const JsonbValue *root)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("model \"%s\" expects an object of inputs, not %s",
					inputs->request->model->name, ai_json_kind(root)),
			 errdetail("%s", ai_model_takes(inputs->request->model))));
}

static void
check_known_input(const JsonbValue *key, const JsonbValue *value pg_attribute_unused(),
				  void *arg)
{
	const AiInputs *inputs = arg;

	if (ai_signature_find(inputs->signature->inputs, inputs->signature->input_count,
						  key->val.string.val, key->val.string.len) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("model \"%s\" has no input \"%s\"", inputs->request->model->name,
						ai_json_cstring(key)),
				 errdetail("%s", ai_model_takes(inputs->request->model))));
}

/* Finds the value of each input; an input that is missing must be optional. */
static void
find_values(AiInputs *inputs, const JsonbValue *root)
{
	uint32		found = 0;

	if (is_bare(inputs->signature, root))
	{
		inputs->values[0] = *root;
		inputs->is_given[0] = true;
		return;
	}
	if (!ai_json_is_object(root))
		raise_not_an_object(inputs, root);
	for (int i = 0; i < inputs->signature->input_count; i++)
	{
		const AiPort *port = &inputs->signature->inputs[i];

		inputs->is_given[i] = ai_json_member(root, port->name, port->name_bytes,
											 &inputs->values[i]);
		if (inputs->is_given[i])
			found++;
	}
	if (found < ai_json_count(root))
		ai_json_each(root, check_known_input, inputs);
	for (int i = 0; i < inputs->signature->input_count; i++)
	{
		if (!inputs->is_given[i] && inputs->signature->inputs[i].type->kind != AI_TYPE_OPTIONAL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("input \"%s\" of model \"%s\" is missing",
							inputs->signature->inputs[i].name, inputs->request->model->name),
					 errdetail("%s", ai_model_takes(inputs->request->model))));
	}
}

/*
 * True if all tensors were given as rows.  A tensor of rank 0 has no axis for
 * rows and takes no part.
 */
static bool
are_rows(const AiInputs *inputs)
{
	bool		any = false;

	for (int i = 0; i < inputs->signature->input_count; i++)
	{
		const AiType *type = inputs->signature->inputs[i].type;

		if (!inputs->is_given[i] || type->kind != AI_TYPE_TENSOR || type->rank == 0)
			continue;
		if (!ai_request_is_row(type, inputs->tensors[i].shape.rank))
			return false;
		any = true;
	}
	return any;
}

/* Learns the shapes of plain tensors and checks them. */
static void
examine_tensors(AiInputs *inputs)
{
	AiRequest  *request = inputs->request;

	for (int i = 0; i < inputs->signature->input_count; i++)
	{
		const AiType *type = inputs->signature->inputs[i].type;

		if (!inputs->is_given[i] || type->kind != AI_TYPE_TENSOR)
			continue;
		if (inputs->values[i].type == jbvNull)
			ai_request_raise_null(request, i, false);
		if (ai_json_is_object(&inputs->values[i]) &&
			!ai_json_is_tensor_object(&inputs->values[i]))
			ai_request_raise_kind(request, i, type, "an object", NULL);
		ai_json_examine(request, i, type, &inputs->values[i], &inputs->tensors[i]);
	}
	request->row_mode = are_rows(inputs);
	for (int i = 0; i < inputs->signature->input_count; i++)
	{
		const AiType *type = inputs->signature->inputs[i].type;

		if (!inputs->is_given[i] || type->kind != AI_TYPE_TENSOR)
			continue;
		if (request->row_mode && type->rank > 0)
		{
			ai_shape_add_row_axis(&inputs->tensors[i].shape);
			inputs->tensors[i].is_row = true;
		}
		ai_request_check_shape(request, i, type, &inputs->tensors[i].shape);
	}
}

void
ai_json_write_request(AiRequest *request, Jsonb *input, const uint16 *outputs,
					  int output_count)
{
	AiInputs	inputs;
	JsonbValue	root;
	int			count;
	int			given = 0;

	inputs.request = request;
	inputs.signature = request->model->compiled->signature;
	count = inputs.signature->input_count;
	inputs.values = palloc(Max(count, 1) * sizeof(JsonbValue));
	inputs.is_given = palloc0(Max(count, 1) * sizeof(bool));
	inputs.tensors = palloc(Max(count, 1) * sizeof(AiGiven));
	ai_json_root(input, &root);
	find_values(&inputs, &root);
	examine_tensors(&inputs);

	for (int i = 0; i < count; i++)
		given += inputs.is_given[i] ? 1 : 0;
	ai_codec_begin_infer(request->frame, request->model->sha256, outputs, output_count, given);
	for (int i = 0; i < count; i++)
	{
		const AiType *type = inputs.signature->inputs[i].type;

		if (!inputs.is_given[i])
			continue;
		if (type->kind == AI_TYPE_TENSOR)
			ai_json_write_tensor(request, i, i, type, &inputs.tensors[i]);
		else
			ai_json_write_value(request, i, i, type, &inputs.values[i], 0);
	}
}

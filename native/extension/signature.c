/*
 * signature.c
 *	  Reads the signature of a version and says it in words.
 *
 * The JSON was written by the server and checked when the version was created,
 * but lies in a table that an administrator can change: each step is checked.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "json_access.h"
#include "signature.h"

static AiType *parse_type(const JsonbValue *json, AiSignature *signature);

static void
signature_error(const char *what)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("invalid model signature"),
			 errdetail("%s", what)));
}

uint8
ai_datatype_parse(const char *name, int name_bytes)
{
	for (uint8 datatype = AI_DATATYPE_BOOL; datatype <= AI_DATATYPE_BYTES; datatype++)
	{
		const char *known = ai_datatype_name(datatype);

		if (strlen(known) == (size_t) name_bytes && memcmp(known, name, name_bytes) == 0)
			return datatype;
	}
	return AI_DATATYPE_INVALID;
}

/* Returns the datatype that a member names. */
static uint8
parse_datatype(const JsonbValue *json, const char *member)
{
	JsonbValue	name;
	uint8		datatype = AI_DATATYPE_INVALID;

	if (ai_json_given(json, member, &name) && name.type == jbvString)
		datatype = ai_datatype_parse(name.val.string.val, name.val.string.len);
	if (datatype == AI_DATATYPE_INVALID)
		signature_error("A datatype is missing or not known.");
	return datatype;
}

/* Returns the place of a symbol, which is added if it is new. */
static int
intern_symbol(AiSignature *signature, const JsonbValue *name)
{
	int			count = signature->symbol_count;

	for (int i = 0; i < count; i++)
	{
		if (ai_json_equals(name, signature->symbols[i]))
			return i;
	}
	if (count == 0)
		signature->symbols = palloc(sizeof(char *));
	else
		signature->symbols = repalloc(signature->symbols, (count + 1) * sizeof(char *));
	signature->symbols[count] = ai_json_cstring(name);
	signature->symbol_count++;
	return count;
}

static void
parse_dim(const JsonbValue *json, AiSignature *signature, AiDim *dim)
{
	dim->size = AI_DIM_ANY;
	dim->symbol = -1;
	if (json->type == jbvString)
		dim->symbol = intern_symbol(signature, json);
	else if (json->type == jbvNumeric)
	{
		dim->size = DatumGetInt64(DirectFunctionCall1(numeric_int8,
													  NumericGetDatum(json->val.numeric)));
		if (dim->size < 0)
			dim->size = AI_DIM_ANY;
	}
	else if (json->type != jbvNull)
		signature_error("A dimension is neither a number nor a name nor null.");
}

static void
parse_tensor(const JsonbValue *json, AiSignature *signature, AiType *type)
{
	JsonbValue	shape;

	type->kind = AI_TYPE_TENSOR;
	type->datatype = parse_datatype(json, "datatype");
	type->rank = AI_RANK_ANY;
	if (!ai_json_given(json, "shape", &shape))
		return;
	if (!ai_json_is_array(&shape) || ai_json_count(&shape) > AI_MAX_RANK)
		signature_error("A shape is not an array, or too long.");
	type->rank = (int) ai_json_count(&shape);
	type->dims = palloc0(Max(type->rank, 1) * sizeof(AiDim));
	for (int i = 0; i < type->rank; i++)
	{
		JsonbValue	dim;

		ai_json_element(&shape, i, &dim);
		parse_dim(&dim, signature, &type->dims[i]);
	}
}

static AiType *
parse_element(const JsonbValue *json, AiSignature *signature)
{
	JsonbValue	element;

	check_stack_depth();
	if (!ai_json_given(json, "element", &element))
		signature_error("An element type is missing.");
	return parse_type(&element, signature);
}

static AiType *
parse_type(const JsonbValue *json, AiSignature *signature)
{
	AiType	   *type = palloc0(sizeof(AiType));
	JsonbValue	kind;

	if (!ai_json_is_object(json))
		signature_error("A type is not an object.");
	if (!ai_json_given(json, "kind", &kind) || ai_json_equals(&kind, "tensor"))
	{
		parse_tensor(json, signature, type);
		return type;
	}
	if (ai_json_equals(&kind, "sequence"))
		type->kind = AI_TYPE_SEQUENCE;
	else if (ai_json_equals(&kind, "optional"))
		type->kind = AI_TYPE_OPTIONAL;
	else if (ai_json_equals(&kind, "map"))
	{
		type->kind = AI_TYPE_MAP;
		type->key_datatype = parse_datatype(json, "key_datatype");
	}
	else
		signature_error("A kind is not known.");
	type->element = parse_element(json, signature);
	return type;
}

static AiPort *
parse_ports(const JsonbValue *root, const char *member, AiSignature *signature, int *count)
{
	JsonbValue	array;
	AiPort	   *ports;

	if (!ai_json_is_object(root) || !ai_json_given(root, member, &array) ||
		!ai_json_is_array(&array) || ai_json_count(&array) > AI_MAX_VALUES)
		signature_error("The list of inputs or of outputs is missing or too long.");
	*count = (int) ai_json_count(&array);
	ports = palloc0(Max(*count, 1) * sizeof(AiPort));
	for (int i = 0; i < *count; i++)
	{
		JsonbValue	port;
		JsonbValue	name;

		ai_json_element(&array, i, &port);
		ports[i].type = parse_type(&port, signature);
		if (!ai_json_given(&port, "name", &name) || name.type != jbvString)
			signature_error("An input or an output has no name.");
		ports[i].name = ai_json_cstring(&name);
		ports[i].name_bytes = name.val.string.len;
	}
	return ports;
}

/* Reads what the server found out about batches. */
static AiBatchMode
parse_batch_mode(const JsonbValue *root)
{
	JsonbValue	batch;
	JsonbValue	mode;

	if (!ai_json_given(root, "batch", &batch) || !ai_json_is_object(&batch) ||
		!ai_json_given(&batch, "mode", &mode))
		return AI_BATCH_UNKNOWN;
	return ai_json_equals(&mode, "off") ? AI_BATCH_OFF : AI_BATCH_ON;
}

AiSignature *
ai_signature_parse(Jsonb *json)
{
	AiSignature *signature = palloc0(sizeof(AiSignature));
	JsonbValue	root;

	ai_json_root(json, &root);
	signature->inputs = parse_ports(&root, "inputs", signature, &signature->input_count);
	signature->outputs = parse_ports(&root, "outputs", signature, &signature->output_count);
	signature->batch = parse_batch_mode(&root);
	return signature;
}

int
ai_signature_find(const AiPort *ports, int count, const char *name, int name_bytes)
{
	for (int i = 0; i < count; i++)
	{
		if (ports[i].name_bytes == name_bytes && memcmp(ports[i].name, name, name_bytes) == 0)
			return i;
	}
	return -1;
}

static void
append_shape(StringInfo out, const AiSignature *signature, const AiType *type)
{
	for (int i = 0; i < type->rank; i++)
	{
		const AiDim *dim = &type->dims[i];

		if (i > 0)
			appendStringInfoChar(out, ',');
		if (dim->size != AI_DIM_ANY)
			appendStringInfo(out, INT64_FORMAT, dim->size);
		else
			appendStringInfoString(out,
								   dim->symbol < 0 ? "?" : signature->symbols[dim->symbol]);
	}
}

void
ai_signature_append_type(StringInfo out, const AiSignature *signature, const AiType *type)
{
	switch (type->kind)
	{
		case AI_TYPE_TENSOR:
			appendStringInfo(out, "%s[", ai_datatype_name(type->datatype));
			if (type->rank == AI_RANK_ANY)
				appendStringInfoString(out, "...");
			else
				append_shape(out, signature, type);
			appendStringInfoChar(out, ']');
			return;
		case AI_TYPE_SEQUENCE:
			appendStringInfoString(out, "seq(");
			break;
		case AI_TYPE_OPTIONAL:
			appendStringInfoString(out, "optional(");
			break;
		case AI_TYPE_MAP:
			appendStringInfo(out, "map(%s,", ai_datatype_name(type->key_datatype));
			break;
	}
	ai_signature_append_type(out, signature, type->element);
	appendStringInfoChar(out, ')');
}

char *
ai_signature_describe(const AiSignature *signature, const AiPort *ports, int count)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoString(&out, ", ");
		appendStringInfo(&out, "%s ", ports[i].name);
		ai_signature_append_type(&out, signature, ports[i].type);
	}
	if (count == 0)
		appendStringInfoString(&out, "nothing");
	return out.data;
}

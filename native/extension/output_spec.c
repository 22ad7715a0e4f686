/*
 * output_spec.c
 *	  Compiles options.output: which output, which part of it, which name for it.
 *
 * Like feature_spec.c, it finds all that can be wrong with a specification.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "json_access.h"
#include "number.h"
#include "output_spec.h"

typedef struct AiOutputContext
{
	const AiSignature *signature;
	AiOutputSpec *spec;
	const char *key;			/* that is being compiled */
} AiOutputContext;

static void
spec_error(const AiOutputContext *context, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid output specification for \"%s\": %s", context->key, problem),
			 errdetail("The model gives %s.",
					   ai_signature_describe(context->signature, context->signature->outputs,
											 context->signature->output_count))));
}

/* Returns the output that a name stands for; no name: the only one, or the key's. */
static int
parse_from(const AiOutputContext *context, const JsonbValue *name)
{
	const AiSignature *signature = context->signature;
	const char *text = context->key;
	int			bytes = (int) strlen(text);
	int			output;

	if (name != NULL)
	{
		if (name->type != jbvString)
			spec_error(context, "\"from\" is not the name of an output");
		text = name->val.string.val;
		bytes = name->val.string.len;
	}
	else if (signature->output_count == 1)
		return 0;
	output = ai_signature_find(signature->outputs, signature->output_count, text, bytes);
	if (output < 0)
		spec_error(context, psprintf("the model has no output \"%.*s\"", bytes, text));
	return output;
}

static void
add_label(AiOutputKey *key, const char *text, const JsonbValue *label)
{
	AiLabel    *added = &key->labels[key->label_count++];

	added->key = pstrdup(text);
	ai_json_copy_scalar(&added->label, label);
}

typedef struct AiLabelVisit
{
	const AiOutputContext *context;
	AiOutputKey *key;
} AiLabelVisit;

static void
visit_label(const JsonbValue *name, const JsonbValue *label, void *arg)
{
	AiLabelVisit *visit = arg;

	if (label->type == jbvBinary)
		spec_error(visit->context, "a label is an array or an object");
	add_label(visit->key, ai_json_cstring(name), label);
}

/* Labels by place (an array) or by value (an object). */
static void
parse_labels(const AiOutputContext *context, const JsonbValue *json, AiOutputKey *key)
{
	AiLabelVisit visit = {context, key};

	if (json->type != jbvBinary)
		spec_error(context, "\"labels\" is neither an array nor an object");
	key->labels = palloc(Max(ai_json_count(json), 1) * sizeof(AiLabel));
	if (ai_json_is_object(json))
	{
		ai_json_each(json, visit_label, &visit);
		return;
	}
	for (uint32 i = 0; i < ai_json_count(json); i++)
	{
		JsonbValue	label;

		ai_json_element(json, i, &label);
		if (label.type == jbvBinary)
			spec_error(context, "a label is an array or an object");
		add_label(key, psprintf("%u", i), &label);
	}
}

static void
parse_threshold(const AiOutputContext *context, const JsonbValue *json, bool is_last,
				AiThreshold *threshold)
{
	JsonbValue	value;

	if (!ai_json_is_object(json) || !ai_json_given(json, "label", &value) ||
		value.type != jbvString)
		spec_error(context, "a threshold is no object with a label");
	threshold->label = ai_json_cstring(&value);
	threshold->has_below = ai_json_given(json, "below", &value);
	if (threshold->has_below == is_last)
		spec_error(context, "all thresholds but the last have \"below\"");
	if (threshold->has_below &&
		(value.type != jbvNumeric ||
		 ai_number_from_numeric(AI_DATATYPE_FP64, value.val.numeric,
								&threshold->below) != AI_NUMBER_OK))
		spec_error(context, "\"below\" is not a number");
	if (ai_json_count(json) != (threshold->has_below ? 2 : 1))
		spec_error(context, "a threshold has \"below\" and \"label\" alone");
}

static void
parse_thresholds(const AiOutputContext *context, const JsonbValue *json, AiOutputKey *key)
{
	if (!ai_json_is_array(json) || ai_json_count(json) == 0)
		spec_error(context, "\"thresholds\" is not an array");
	key->threshold_count = (int) ai_json_count(json);
	key->thresholds = palloc0(key->threshold_count * sizeof(AiThreshold));
	for (int i = 0; i < key->threshold_count; i++)
	{
		JsonbValue	threshold;

		ai_json_element(json, i, &threshold);
		parse_threshold(context, &threshold, i == key->threshold_count - 1,
						&key->thresholds[i]);
		if (i > 0 && key->thresholds[i].has_below &&
			key->thresholds[i].below <= key->thresholds[i - 1].below)
			spec_error(context, "thresholds do not rise");
	}
}

/* A class: a key of a map, or the place of a label on the last axis. */
static void
parse_class(const AiOutputContext *context, const JsonbValue *value, bool is_map,
			AiOutputKey *key)
{
	if (value->type == jbvBinary || value->type == jbvNull)
		spec_error(context, "\"class\" is not a string or a number");
	key->pick = AI_PICK_CLASS;
	key->class = ai_json_scalar_text(value);
	if (is_map)
		return;
	for (int i = 0; i < key->label_count; i++)
	{
		if (ai_json_scalars_equal(&key->labels[i].label, value))
		{
			key->pick = AI_PICK_INDEX;
			key->index = strtoll(key->labels[i].key, NULL, 10);
			key->label_count = 0;
			return;
		}
	}
	spec_error(context, "\"class\" is none of the labels");
}

/* What is picked: an index, a class or the place of the largest; at most one of them. */
static void
parse_pick(const AiOutputContext *context, const JsonbValue *json, AiOutputKey *key)
{
	const AiType *type = ai_type_value(context->signature->outputs[key->output].type);
	bool		is_map = type->kind == AI_TYPE_MAP ||
		(type->kind == AI_TYPE_SEQUENCE && type->element->kind == AI_TYPE_MAP);
	JsonbValue	value;
	int			picks = 0;

	if (!is_map && type->kind != AI_TYPE_TENSOR && ai_json_count(json) > 1)
		spec_error(context, "its output is no tensor and can only be renamed");
	if (ai_json_given(json, "argmax", &value))
	{
		if (value.type != jbvBool)
			spec_error(context, "\"argmax\" is neither true nor false");
		if (value.val.boolean)
		{
			key->pick = AI_PICK_ARGMAX;
			picks++;
		}
	}
	if (ai_json_given(json, "index", &value))
	{
		if (value.type != jbvNumeric ||
			ai_number_from_numeric(AI_DATATYPE_INT64, value.val.numeric,
								   &key->index) != AI_NUMBER_OK)
			spec_error(context, "\"index\" is not an integer");
		key->pick = AI_PICK_INDEX;
		picks++;
	}
	if (is_map && key->pick == AI_PICK_INDEX)
		spec_error(context, "a map has classes, no index");
	if (ai_json_given(json, "class", &value))
	{
		parse_class(context, &value, is_map, key);
		picks++;
	}
	if (picks > 1)
		spec_error(context, "\"index\", \"class\" and \"argmax\" exclude each other");
	if (is_map && key->pick == AI_PICK_ALL && (key->label_count > 0 || key->threshold_count > 0))
		spec_error(context, "a map needs a class before it gets labels");
}

static void
check_member(const JsonbValue *name, const JsonbValue *value pg_attribute_unused(), void *arg)
{
	static const char *const known[] = {"from", "index", "class", "argmax", "labels",
	"thresholds", NULL};

	for (int i = 0; known[i] != NULL; i++)
	{
		if (ai_json_equals(name, known[i]))
			return;
	}
	spec_error(arg, psprintf("\"%s\" is not known", ai_json_cstring(name)));
}

/* Compiles one key: an object, or a string for the output alone. */
static void
visit_key(const JsonbValue *name, const JsonbValue *json, void *arg)
{
	AiOutputContext *context = arg;
	AiOutputKey *key = &context->spec->keys[context->spec->count++];
	JsonbValue	value;

	key->key = ai_json_cstring(name);
	context->key = key->key;
	if (json->type == jbvString)
	{
		key->output = parse_from(context, json);
		return;
	}
	if (!ai_json_is_object(json))
		spec_error(context, psprintf("it is %s", ai_json_kind(json)));
	if (ai_json_count(json) > 0)
		ai_json_each(json, check_member, context);
	key->output = parse_from(context, ai_json_given(json, "from", &value) ? &value : NULL);
	if (ai_json_given(json, "labels", &value))
		parse_labels(context, &value, key);
	if (ai_json_given(json, "thresholds", &value))
		parse_thresholds(context, &value, key);
	if (key->label_count > 0 && key->threshold_count > 0 && !ai_json_given(json, "class", &value))
		spec_error(context, "\"labels\" and \"thresholds\" exclude each other");
	parse_pick(context, json, key);
}

AiOutputSpec *
ai_output_spec_compile(const AiSignature *signature, const JsonbValue *json)
{
	AiOutputSpec *spec = palloc0(sizeof(AiOutputSpec));
	AiOutputContext context = {signature, spec, NULL};

	if (!ai_json_is_object(json) || ai_json_count(json) == 0 ||
		ai_json_count(json) > AI_MAX_VALUES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid output specification: it is no object with keys")));
	spec->keys = palloc0(ai_json_count(json) * sizeof(AiOutputKey));
	ai_json_each(json, visit_key, &context);
	return spec;
}

int
ai_output_spec_find(const AiOutputSpec *spec, const char *name, int name_bytes)
{
	for (int i = 0; i < spec->count; i++)
	{
		if (strlen(spec->keys[i].key) == (size_t) name_bytes &&
			memcmp(spec->keys[i].key, name, name_bytes) == 0)
			return i;
	}
	return -1;
}

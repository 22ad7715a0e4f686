/*
 * feature_spec.c
 *	  Compiles options.input: features, paths, categories, defaults.
 *
 * Runs when a version is created (ai_runtime._check_spec) and once per backend
 * that uses it.  All that can be wrong with a specification is found here, so
 * that features.c meets only values that are wrong.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "feature_spec.h"
#include "json_access.h"
#include "number.h"

/* What is being compiled, for the errors. */
typedef struct AiSpecContext
{
	const AiSignature *signature;
	const AiType *type;			/* of the input */
	const char *input;
	const char *feature;		/* NULL until its name is known */
} AiSpecContext;

static void
spec_error(const AiSpecContext *context, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 context->feature == NULL ?
			 errmsg("invalid features for input \"%s\": %s", context->input, problem) :
			 errmsg("invalid feature \"%s\" for input \"%s\": %s", context->feature,
					context->input, problem),
			 errdetail("The model takes %s.",
					   ai_signature_describe(context->signature, context->signature->inputs,
											 context->signature->input_count))));
}

static void
add_step(AiPath *path, const char *text, int bytes)
{
	path->steps[path->count] = pnstrdup(text, bytes);
	path->step_bytes[path->count++] = bytes;
}

static void
init_path(AiPath *path)
{
	path->count = 0;
	path->steps = palloc(AI_MAX_PATH * sizeof(char *));
	path->step_bytes = palloc(AI_MAX_PATH * sizeof(int));
}

/* Reads a path: "a.b", or an array of steps, in which numbers are places of an array. */
static void
parse_path(const AiSpecContext *context, const JsonbValue *json, AiPath *path)
{
	init_path(path);
	if (json->type == jbvString)
	{
		const char *at = json->val.string.val;
		const char *end = at + json->val.string.len;

		while (at <= end)
		{
			const char *dot = memchr(at, '.', end - at);
			int			bytes = (int) ((dot != NULL ? dot : end) - at);

			if (bytes == 0 || path->count == AI_MAX_PATH)
				spec_error(context, "the path has an empty step, or too many");
			add_step(path, at, bytes);
			at += bytes + 1;
		}
		return;
	}
	if (!ai_json_is_array(json) || ai_json_count(json) > AI_MAX_PATH)
		spec_error(context, "the path is neither a string nor an array of steps");
	for (uint32 i = 0; i < ai_json_count(json); i++)
	{
		JsonbValue	step;
		char	   *text;

		ai_json_element(json, i, &step);
		if (step.type != jbvString && step.type != jbvNumeric)
			spec_error(context, "a step of the path is neither a string nor a number");
		text = ai_json_scalar_text(&step);
		add_step(path, text, (int) strlen(text));
	}
}

/* Returns the place of a string member among words; missing: the first of them. */
static int
parse_word(const AiSpecContext *context, const JsonbValue *json, const char *member,
		   const char *const words[], int fallback)
{
	JsonbValue	value;

	if (!ai_json_given(json, member, &value))
		return fallback;
	for (int i = 0; words[i] != NULL; i++)
	{
		if (ai_json_equals(&value, words[i]))
			return i;
	}
	spec_error(context, psprintf("%s is no value of \"%s\"", ai_json_show(&value), member));
	return fallback;
}

static void
parse_categories(const AiSpecContext *context, const JsonbValue *json, AiFeature *feature)
{
	JsonbValue	list;

	if (!ai_json_given(json, "categories", &list) || !ai_json_is_array(&list) ||
		ai_json_count(&list) == 0 || ai_json_count(&list) > AI_MAX_CATEGORIES)
		spec_error(context, "a category needs an array of categories");
	feature->category_count = (int) ai_json_count(&list);
	feature->categories = palloc(feature->category_count * sizeof(JsonbValue));
	for (int i = 0; i < feature->category_count; i++)
	{
		JsonbValue	category;

		ai_json_element(&list, i, &category);
		if (category.type == jbvBinary || category.type == jbvNull)
			spec_error(context, psprintf("%s is no category", ai_json_kind(&category)));
		for (int before = 0; before < i; before++)
		{
			if (ai_json_scalars_equal(&feature->categories[before], &category))
				spec_error(context,
						   psprintf("category %s stands twice", ai_json_show(&category)));
		}
		ai_json_copy_scalar(&feature->categories[i], &category);
	}
}

static void
parse_unknown(const AiSpecContext *context, const JsonbValue *json, AiFeature *feature)
{
	static const char *const words[] = {"error", "zero", "other", NULL};
	JsonbValue	value;

	feature->unknown = AI_UNKNOWN_ERROR;
	if (!ai_json_given(json, "unknown", &value))
		return;
	if (value.type == jbvNumeric)
	{
		(void) ai_number_from_numeric(AI_DATATYPE_FP64, value.val.numeric,
									  &feature->unknown_value);
		feature->unknown = AI_UNKNOWN_VALUE;
		if (feature->encoding != AI_ENCODING_ORDINAL)
			spec_error(context, "a number for unknown categories needs the ordinal encoding");
		return;
	}
	feature->unknown = parse_word(context, json, "unknown", words, AI_UNKNOWN_ERROR);
	if (feature->unknown == AI_UNKNOWN_ZERO && feature->encoding != AI_ENCODING_ONEHOT)
		spec_error(context, "\"zero\" for unknown categories needs the onehot encoding");
	if (feature->unknown != AI_UNKNOWN_ERROR && feature->encoding == AI_ENCODING_PLAIN)
		spec_error(context, "a tensor of strings takes any category; leave \"unknown\" out");
}

static void
parse_category(const AiSpecContext *context, const JsonbValue *json, AiFeature *feature)
{
	static const char *const words[] = {"onehot", "ordinal", NULL};
	JsonbValue	encoding;

	parse_categories(context, json, feature);
	if (context->type->datatype == AI_DATATYPE_BYTES)
	{
		if (ai_json_given(json, "encoding", &encoding))
			spec_error(context, "a tensor of strings takes categories as they are");
		feature->encoding = AI_ENCODING_PLAIN;
	}
	else
		feature->encoding = parse_word(context, json, "encoding", words, AI_ENCODING_ONEHOT);
	parse_unknown(context, json, feature);
	if (feature->encoding == AI_ENCODING_ONEHOT)
		feature->width = feature->category_count +
			(feature->unknown == AI_UNKNOWN_OTHER ? 1 : 0);
}

static void
parse_aggregate(const AiSpecContext *context, const JsonbValue *json, AiFeature *feature)
{
	static const char *const words[] = {"", "count", "sum", "avg", "min", "max", NULL};
	JsonbValue	of;

	feature->aggregate = parse_word(context, json, "aggregate", words, AI_AGGREGATE_NONE);
	init_path(&feature->of);
	if (ai_json_given(json, "of", &of))
	{
		if (feature->aggregate == AI_AGGREGATE_NONE)
			spec_error(context, "\"of\" needs an aggregate");
		parse_path(context, &of, &feature->of);
	}
	if (feature->aggregate != AI_AGGREGATE_NONE &&
		(feature->type != AI_FEATURE_NUMBER || !ai_datatype_is_number(context->type->datatype)))
		spec_error(context, "an aggregate makes a number");
}

/* Checks that the datatype of the tensor can hold what the feature makes. */
static void
check_type(const AiSpecContext *context, const AiFeature *feature)
{
	uint8		datatype = context->type->datatype;
	bool		fits;

	switch (feature->type)
	{
		case AI_FEATURE_NUMBER:
			fits = ai_datatype_is_number(datatype);
			break;
		case AI_FEATURE_STRING:
			fits = datatype == AI_DATATYPE_BYTES;
			break;
		case AI_FEATURE_BOOLEAN:
			fits = datatype != AI_DATATYPE_BYTES;
			break;
		default:
			fits = datatype != AI_DATATYPE_BOOL;
	}
	if (!fits)
		spec_error(context, psprintf("its type does not fit %s", ai_datatype_name(datatype)));
}

static bool
is_category(const AiFeature *feature, const JsonbValue *value)
{
	for (int i = 0; i < feature->category_count; i++)
	{
		if (ai_json_scalars_equal(&feature->categories[i], value))
			return true;
	}
	return false;
}

/* What stands for a missing value; without a default, only floats and strings have one. */
static void
parse_default(const AiSpecContext *context, const JsonbValue *json, AiFeature *feature)
{
	JsonbValue	value;
	bool		fits;

	feature->required = true;
	feature->has_default = ai_json_given(json, "default", &value);
	if (feature->has_default)
	{
		feature->required = false;
		fits = feature->type == AI_FEATURE_NUMBER ? value.type == jbvNumeric :
			feature->type == AI_FEATURE_BOOLEAN ? value.type == jbvBool :
			feature->type == AI_FEATURE_STRING ? value.type == jbvString :
			value.type != jbvBinary;
		if (!fits)
			spec_error(context, psprintf("its default is %s", ai_json_kind(&value)));
		ai_json_copy_scalar(&feature->fallback, &value);
		if (feature->type == AI_FEATURE_CATEGORY && feature->unknown == AI_UNKNOWN_ERROR &&
			!is_category(feature, &value))
			spec_error(context, psprintf("its default %s is no category", ai_json_show(&value)));
	}
	if (!ai_json_given(json, "required", &value))
		return;
	if (value.type != jbvBool)
		spec_error(context, "\"required\" is neither true nor false");
	feature->required = value.val.boolean;
	if (feature->required && feature->has_default)
		spec_error(context, "it is required and has a default");
	if (!feature->required && !feature->has_default &&
		!ai_datatype_is_float(context->type->datatype) &&
		context->type->datatype != AI_DATATYPE_BYTES &&
		feature->aggregate != AI_AGGREGATE_COUNT)
		spec_error(context, psprintf("%s has no value for what is missing; give a default",
									 ai_datatype_name(context->type->datatype)));
}

static void
check_member(const JsonbValue *key, const JsonbValue *value pg_attribute_unused(), void *arg)
{
	static const char *const known[] = {"name", "path", "type", "required", "default",
	"categories", "encoding", "unknown", "aggregate", "of", NULL};

	for (int i = 0; known[i] != NULL; i++)
	{
		if (ai_json_equals(key, known[i]))
			return;
	}
	spec_error(arg, psprintf("\"%s\" is not known", ai_json_cstring(key)));
}

static int
default_type(uint8 datatype, bool has_categories)
{
	if (has_categories)
		return AI_FEATURE_CATEGORY;
	return datatype == AI_DATATYPE_BYTES ? AI_FEATURE_STRING :
		datatype == AI_DATATYPE_BOOL ? AI_FEATURE_BOOLEAN : AI_FEATURE_NUMBER;
}

/* Compiles one feature: an object, or a string for its name alone. */
static void
parse_feature(AiSpecContext *context, const JsonbValue *json, AiFeature *feature)
{
	static const char *const types[] = {"number", "boolean", "string", "category", NULL};
	JsonbValue	value;

	context->feature = NULL;
	feature->width = 1;
	feature->required = true;
	init_path(&feature->path);
	if (json->type == jbvString)
	{
		feature->name = ai_json_cstring(json);
		context->feature = feature->name;
		add_step(&feature->path, feature->name, json->val.string.len);
		feature->type = default_type(context->type->datatype, false);
		return;
	}
	if (!ai_json_is_object(json))
		spec_error(context, psprintf("%s is no feature", ai_json_kind(json)));
	if (!ai_json_given(json, "name", &value) || value.type != jbvString)
		spec_error(context, "a feature has no name");
	feature->name = ai_json_cstring(&value);
	context->feature = feature->name;
	ai_json_each(json, check_member, context);
	if (ai_json_given(json, "path", &value))
		parse_path(context, &value, &feature->path);
	else
		add_step(&feature->path, feature->name, (int) strlen(feature->name));
	feature->type = parse_word(context, json, "type", types,
							   default_type(context->type->datatype,
											ai_json_given(json, "categories", &value)));
	check_type(context, feature);
	if (feature->type == AI_FEATURE_CATEGORY)
		parse_category(context, json, feature);
	else if (ai_json_given(json, "categories", &value) || ai_json_given(json, "encoding", &value) ||
			 ai_json_given(json, "unknown", &value))
		spec_error(context, "only the type \"category\" has categories");
	parse_aggregate(context, json, feature);
	parse_default(context, json, feature);
}

/* Checks that a row of so many elements fits the input's shape. */
static void
check_width(AiSpecContext *context, const AiFeatureGroup *group)
{
	const AiType *type = context->type;

	context->feature = NULL;
	if (type->rank > 2 || (type->rank == 0 && group->width != 1))
		spec_error(context, "declared features fill tensors of one or two dimensions");
	if (type->rank == 2 && type->dims[1].size != AI_DIM_ANY &&
		type->dims[1].size != group->width)
		spec_error(context, psprintf("they make %d elements, and a row has " INT64_FORMAT,
									 group->width, type->dims[1].size));
	if (type->rank == 1 && type->dims[0].size != AI_DIM_ANY &&
		type->dims[0].size != group->width)
		spec_error(context, psprintf("they make %d elements, and the input has " INT64_FORMAT,
									 group->width, type->dims[0].size));
}

/* Compiles the features of one input: an array of them, or a single one. */
static void
parse_group(const AiSignature *signature, int input, const JsonbValue *json,
			AiFeatureGroup *group)
{
	AiSpecContext context = {signature, ai_type_value(signature->inputs[input].type),
	signature->inputs[input].name, NULL};
	bool		is_list = ai_json_is_array(json);

	if (context.type->kind != AI_TYPE_TENSOR)
		spec_error(&context, "it is no tensor");
	group->input = input;
	group->count = is_list ? (int) ai_json_count(json) : 1;
	group->width = 0;
	if (group->count == 0 || group->count > AI_MAX_FEATURES)
		spec_error(&context, "there are none, or too many");
	group->features = palloc0(group->count * sizeof(AiFeature));
	for (int i = 0; i < group->count; i++)
	{
		JsonbValue	element = *json;

		if (is_list)
			ai_json_element(json, i, &element);
		parse_feature(&context, &element, &group->features[i]);
		group->width += group->features[i].width;
	}
	check_width(&context, group);
}

static void
check_input_name(const JsonbValue *key, const JsonbValue *value pg_attribute_unused(), void *arg)
{
	const AiSignature *signature = arg;

	if (ai_signature_find(signature->inputs, signature->input_count, key->val.string.val,
						  key->val.string.len) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid features: the model has no input \"%s\"",
						ai_json_cstring(key)),
				 errdetail("The model takes %s.",
						   ai_signature_describe(signature, signature->inputs,
												 signature->input_count))));
}

AiInputSpec *
ai_feature_spec_compile(const AiSignature *signature, const JsonbValue *json)
{
	AiInputSpec *spec = palloc0(sizeof(AiInputSpec));

	spec->groups = palloc0(Max(signature->input_count, 1) * sizeof(AiFeatureGroup));
	if (ai_json_is_array(json))
	{
		if (signature->input_count != 1)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid features: an array is for one input, and the model has %d",
							signature->input_count),
					 errhint("Give an object with the features of each input.")));
		parse_group(signature, 0, json, &spec->groups[spec->count++]);
		return spec;
	}
	if (!ai_json_is_object(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid features: %s is neither an array nor an object",
						ai_json_kind(json))));
	ai_json_each(json, check_input_name, unconstify(AiSignature *, signature));
	for (int i = 0; i < signature->input_count; i++)
	{
		const AiPort *port = &signature->inputs[i];
		JsonbValue	features;

		if (ai_json_given(json, port->name, &features))
			parse_group(signature, i, &features, &spec->groups[spec->count++]);
		else if (port->type->kind != AI_TYPE_OPTIONAL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid features: input \"%s\" has none", port->name)));
	}
	return spec;
}

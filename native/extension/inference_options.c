/*
 * inference_options.c
 *	  The options of one ai_inference() call: known keys, each checked.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/numeric.h"

#include "inference_options.h"
#include "json_access.h"
#include "protocol.h"

static void
raise_option(const char *option, const char *expected, const JsonbValue *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be %s, not %s", option, expected,
					ai_json_show(value))));
}

static void
parse_format(const JsonbValue *value, AiOptions *options)
{
	if (ai_json_equals(value, "plain"))
		options->format = AI_FORMAT_PLAIN;
	else if (ai_json_equals(value, "tensor"))
		options->format = AI_FORMAT_TENSOR;
	else if (ai_json_equals(value, "raw"))
		options->format = AI_FORMAT_RAW;
	else
		raise_option("output_format", "\"plain\", \"tensor\" or \"raw\"", value);
}

static void
parse_outputs(const JsonbValue *value, AiOptions *options)
{
	if (!ai_json_is_array(value) || ai_json_count(value) == 0 ||
		ai_json_count(value) > AI_MAX_VALUES)
		raise_option("outputs", "a non-empty array of names", value);
	options->output_count = (int) ai_json_count(value);
	options->outputs = palloc(options->output_count * sizeof(char *));
	for (int i = 0; i < options->output_count; i++)
	{
		JsonbValue	name;

		ai_json_element(value, i, &name);
		if (name.type != jbvString)
			raise_option("outputs", "a non-empty array of names", &name);
		options->outputs[i] = ai_json_cstring(&name);
		for (int before = 0; before < i; before++)
		{
			if (strcmp(options->outputs[before], options->outputs[i]) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						 errmsg("option \"outputs\" names \"%s\" twice",
								options->outputs[i])));
		}
	}
}

static void
parse_timeout(const JsonbValue *value, AiOptions *options)
{
	bool		failed = true;

	if (value->type == jbvNumeric)
		options->timeout_ms = numeric_int4_opt_error(value->val.numeric, &failed);
	if (failed || options->timeout_ms < 0)
		raise_option("timeout_ms", "a number of milliseconds", value);
}

static void
parse_on_error(const JsonbValue *value, AiOptions *options)
{
	options->has_on_error = true;
	if (ai_json_equals(value, "raise"))
		options->on_error = AI_ON_ERROR_RAISE;
	else if (ai_json_equals(value, "null"))
		options->on_error = AI_ON_ERROR_NULL;
	else if (ai_json_equals(value, "report"))
		options->on_error = AI_ON_ERROR_REPORT;
	else
		raise_option("on_error", "\"raise\", \"null\" or \"report\"", value);
}

static void
parse_deterministic(const JsonbValue *value, AiOptions *options)
{
	if (value->type != jbvBool)
		raise_option("deterministic", "true or false", value);
	options->has_deterministic = true;
	options->deterministic = value->val.boolean;
}

static void
parse_option(const JsonbValue *key, const JsonbValue *value, void *arg)
{
	AiOptions  *options = arg;

	if (ai_json_equals(key, "output_format"))
		parse_format(value, options);
	else if (ai_json_equals(key, "deterministic"))
		parse_deterministic(value, options);
	else if (ai_json_equals(key, "on_error"))
		parse_on_error(value, options);
	else if (ai_json_equals(key, "outputs"))
		parse_outputs(value, options);
	else if (ai_json_equals(key, "timeout_ms"))
		parse_timeout(value, options);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" is not known", ai_json_cstring(key)),
				 errhint("Known options are deterministic, on_error, output_format, outputs, "
						 "timeout_ms.")));
}

void
ai_options_parse(Jsonb *json, AiOptions *options)
{
	JsonbValue	root;

	options->format = AI_FORMAT_PLAIN;
	options->on_error = AI_ON_ERROR_RAISE;
	options->has_on_error = false;
	options->has_deterministic = false;
	options->deterministic = false;
	options->timeout_ms = -1;
	options->output_count = 0;
	options->outputs = NULL;
	ai_json_root(json, &root);
	if (!ai_json_is_object(&root))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object, not %s", ai_json_kind(&root))));
	if (ai_json_count(&root) > 0)
		ai_json_each(&root, parse_option, options);
}

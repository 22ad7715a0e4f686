/*
 * model_cache.c
 *	  The compiled forms of versions that this backend has used.
 *
 * Keyed by the hashes of bytes and specification, so nothing in it can be
 * stale.  At most CACHE_SIZE are kept; the least recently used one that nobody
 * has pinned makes room.  A pin lives as long as the call state of a function
 * (inference.c), which a memory context callback ends.
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/numeric.h"

#include "json_access.h"
#include "model.h"

#define CACHE_SIZE 64

static AiCompiled *cache[CACHE_SIZE];
static uint64 cache_clock = 0;

AiCompiled *
ai_model_cache_find(const uint8 *sha256, const uint8 *spec_sha256)
{
	for (int i = 0; i < CACHE_SIZE; i++)
	{
		AiCompiled *compiled = cache[i];

		if (compiled != NULL && memcmp(compiled->sha256, sha256, AI_SHA256_BYTES) == 0 &&
			memcmp(compiled->spec_sha256, spec_sha256, AI_SHA256_BYTES) == 0)
		{
			compiled->pins++;
			compiled->last_used = ++cache_clock;
			return compiled;
		}
	}
	return NULL;
}

/* Returns a free place, made by dropping the oldest unpinned entry, or -1. */
static int
free_place(void)
{
	int			oldest = -1;

	for (int i = 0; i < CACHE_SIZE; i++)
	{
		if (cache[i] == NULL)
			return i;
		if (cache[i]->pins == 0 &&
			(oldest < 0 || cache[i]->last_used < cache[oldest]->last_used))
			oldest = i;
	}
	if (oldest >= 0)
	{
		MemoryContextDelete(cache[oldest]->context);
		cache[oldest] = NULL;
	}
	return oldest;
}

AiCompiled *
ai_model_cache_add(const uint8 *sha256, const uint8 *spec_sha256, Jsonb *signature, Jsonb *spec)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext,
												  "ai_runtime model",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	AiCompiled *compiled = palloc0(sizeof(AiCompiled));
	int			place;

	memcpy(compiled->sha256, sha256, AI_SHA256_BYTES);
	memcpy(compiled->spec_sha256, spec_sha256, AI_SHA256_BYTES);
	compiled->context = context;
	compiled->signature = ai_signature_parse(signature);
	if (spec != NULL)
		ai_model_compile_spec(compiled, spec);
	compiled->pins = 1;
	compiled->last_used = ++cache_clock;
	MemoryContextSwitchTo(caller);

	/* Only what compiled without an error outlives the caller's context. */
	MemoryContextSetParent(context, TopMemoryContext);
	place = free_place();
	if (place >= 0)
		cache[place] = compiled;
	return compiled;
}

void
ai_model_cache_release(AiCompiled *compiled)
{
	if (compiled == NULL || --compiled->pins > 0)
		return;
	Assert(compiled->pins == 0);
	for (int i = 0; i < CACHE_SIZE; i++)
	{
		if (cache[i] == compiled)
			return;
	}
	MemoryContextDelete(compiled->context);
}

/* Returns the name that a hook has in the specification, or NULL. */
static char *
hook_name(const JsonbValue *root, const char *member)
{
	JsonbValue	name;

	if (!ai_json_given(root, member, &name))
		return NULL;
	if (name.type != jbvString)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must be the name of a function, not %s", member,
						ai_json_kind(&name))));
	return ai_json_cstring(&name);
}

/* Returns a member that is a whole number from 0 to a limit; *given tells whether it is there. */
static uint32
count_member(const JsonbValue *root, const char *member, int limit, bool *given)
{
	JsonbValue	value;
	int32		number = -1;
	bool		failed = true;

	*given = ai_json_given(root, member, &value);
	if (!*given)
		return 0;
	if (value.type == jbvNumeric)
		number = numeric_int4_opt_error(value.val.numeric, &failed);
	if (failed || number < 0 || number > limit)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" must be a whole number from 0 to %d, not %s", member, limit,
						ai_json_show(&value))));
	return (uint32) number;
}

/* Reads on what terms requests for the version are batched. */
static void
compile_terms(const JsonbValue *root, AiBatchTerms *terms)
{
	JsonbValue	value;
	bool		given;

	terms->max_batch_size = count_member(root, "max_batch_size", AI_MAX_BATCH_SIZE, &given);
	terms->max_queue_delay_us = count_member(root, "max_queue_delay_us", AI_MAX_QUEUE_DELAY_US,
											 &given);
	if (given)
		terms->flags |= AI_INFER_QUEUE_DELAY;
	if (ai_json_given(root, "deterministic", &value))
	{
		if (value.type != jbvBool)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"deterministic\" must be true or false, not %s",
							ai_json_show(&value))));
		if (value.val.boolean)
			terms->flags |= AI_INFER_DETERMINISTIC;
	}
}

void
ai_model_compile_spec(AiCompiled *compiled, Jsonb *spec)
{
	JsonbValue	root;
	JsonbValue	part;

	ai_json_root(spec, &root);
	if (!ai_json_is_object(&root))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the specification of a model must be an object, not %s",
						ai_json_kind(&root))));
	if (ai_json_given(&root, "input", &part))
	{
		compiled->input = ai_feature_spec_compile(compiled->signature, &part);
		compiled->plan = ai_feature_plan_compile(compiled->signature, compiled->input);
	}
	if (ai_json_given(&root, "output", &part))
		compiled->output = ai_output_spec_compile(compiled->signature, &part);
	compile_terms(&root, &compiled->terms);
	compiled->preprocess = hook_name(&root, "preprocess");
	compiled->postprocess = hook_name(&root, "postprocess");
}

static char *
describe(const AiModel *model, const char *verb, const AiPort *ports, int count)
{
	char	   *list = ai_signature_describe(model->compiled->signature, ports, count);

	if (model->version == 0)
		return psprintf("The model %s %s.", verb, list);
	return psprintf("Model \"%s\" version %d %s %s.", model->name, model->version, verb, list);
}

char *
ai_model_takes(const AiModel *model)
{
	const AiSignature *signature = model->compiled->signature;

	return describe(model, "takes", signature->inputs, signature->input_count);
}

char *
ai_model_gives(const AiModel *model)
{
	const AiSignature *signature = model->compiled->signature;

	return describe(model, "gives", signature->outputs, signature->output_count);
}

/*
 * inference_call.c
 *	  What one call of ai_inference() keeps from row to row: model, options, and
 *	  which outputs to ask for.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "inference_call.h"

static void
release_call(void *arg)
{
	AiCall	   *call = arg;

	ai_model_cache_release(call->model.compiled);
	call->model.compiled = NULL;
}

AiCall *
ai_call_create(MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "ai_runtime call",
												  ALLOCSET_SMALL_SIZES);
	AiCall	   *call = MemoryContextAllocZero(context, sizeof(AiCall));

	call->context = context;
	call->address_bytes = -1;
	call->options_context = AllocSetContextCreate(context, "ai_runtime options",
												  ALLOCSET_SMALL_SIZES);
	call->selection_context = AllocSetContextCreate(context, "ai_runtime selection",
													ALLOCSET_SMALL_SIZES);
	call->release.func = release_call;
	call->release.arg = call;
	MemoryContextRegisterResetCallback(context, &call->release);
	return call;
}

bool
ai_call_is_current(const AiCall *call)
{
	return call->model.compiled != NULL && ai_snapshot_key_is_current(&call->snapshot);
}

/* Takes over what the address was resolved to; true if it is the same as before. */
static bool
adopt_model(AiCall *call, const AiModel *model)
{
	bool		is_same = call->model.compiled == model->compiled &&
		call->model.version == model->version && strcmp(call->model.name, model->name) == 0;
	AiCompiled *before = call->model.compiled;

	call->model = *model;
	ai_model_cache_release(before);
	return is_same;
}

/* Sees to it that call->model is what the address stands for under this snapshot. */
static void
resolve_model(AiCall *call, text *address)
{
	int			bytes = (int) VARSIZE_ANY_EXHDR(address);
	AiModel		model;

	if (likely(call->model.compiled != NULL && call->address_bytes == bytes &&
			   memcmp(call->address, VARDATA_ANY(address), bytes) == 0 &&
			   ai_snapshot_key_is_current(&call->snapshot)))
		return;
	call->address_bytes = -1;
	ai_registry_resolve(VARDATA_ANY(address), bytes, &model);
	if (!adopt_model(call, &model))
		call->selection_valid = false;
	memcpy(call->bytes.sha256, call->model.sha256, AI_SHA256_BYTES);
	snprintf(call->what, sizeof(call->what), "model \"%s\" version %d", call->model.name,
			 call->model.version);
	call->bytes.what = call->what;
	ai_snapshot_key_set(&call->snapshot, call->context);
	if (call->address != NULL)
		pfree(call->address);
	call->address = NULL;
	call->address = MemoryContextAlloc(call->context, bytes + 1);
	memcpy(call->address, VARDATA_ANY(address), bytes);
	call->address_bytes = bytes;
}

/* Sees to it that call->options is what the JSON says; NULL stands for {}. */
static void
resolve_options(AiCall *call, Jsonb *json)
{
	MemoryContext caller;

	if (json == NULL)
		json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	if (likely(call->options_json != NULL &&
			   VARSIZE(call->options_json) == VARSIZE(json) &&
			   memcmp(call->options_json, json, VARSIZE(json)) == 0))
		return;
	call->options_json = NULL;
	call->selection_valid = false;
	MemoryContextReset(call->options_context);
	caller = MemoryContextSwitchTo(call->options_context);
	ai_options_parse(json, &call->options);
	call->options_json = palloc(VARSIZE(json));
	memcpy(call->options_json, json, VARSIZE(json));
	MemoryContextSwitchTo(caller);
}

const char *
ai_call_resolve(AiCall *call, text *address)
{
	resolve_model(call, address);
	return psprintf("%s:%d", call->model.name, call->model.version);
}

static void
raise_unknown_output(const AiCall *call, const char *name, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("model \"%s\" has no output \"%s\"", call->model.name, name),
			 errdetail("%s", detail)));
}

/* Returns the keys of an output specification as a sentence. */
static char *
describe_keys(const AiOutputSpec *spec)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "Its output specification makes ");
	for (int i = 0; i < spec->count; i++)
		appendStringInfo(&out, "%s%s", i > 0 ? ", " : "", spec->keys[i].key);
	appendStringInfoChar(&out, '.');
	return out.data;
}

/* Adds an output to those that the server is asked for; returns its place among them. */
static int
want_output(AiCall *call, int output)
{
	for (int i = 0; i < call->wanted_count; i++)
	{
		if (call->wanted[i] == output)
			return i;
	}
	call->wanted[call->wanted_count] = (uint16) output;
	return call->wanted_count++;
}

/* The keys of an output specification that are to be shown, and the outputs they need. */
static void
select_keys(AiCall *call)
{
	const AiOutputSpec *spec = call->model.compiled->output;
	const AiOptions *options = &call->options;

	call->key_count = options->output_count > 0 ? options->output_count : spec->count;
	call->keys = palloc(Max(call->key_count, 1) * sizeof(int));
	call->key_places = palloc(Max(call->key_count, 1) * sizeof(int));
	for (int i = 0; i < call->key_count; i++)
	{
		call->keys[i] = i;
		if (options->output_count > 0)
		{
			const char *name = options->outputs[i];

			call->keys[i] = ai_output_spec_find(spec, name, (int) strlen(name));
			if (call->keys[i] < 0)
				raise_unknown_output(call, name, describe_keys(spec));
		}
		call->key_places[i] = want_output(call, spec->keys[call->keys[i]].output);
	}
}

/* True if the member of the answer is wanted. */
static bool
is_wanted(const AiCall *call, const char *name)
{
	for (int i = 0; i < call->member_count; i++)
	{
		if (strcmp(call->members[i], name) == 0)
			return true;
	}
	return call->member_count == 0;
}

/* Leaves of the keys only those whose members are wanted. */
static void
narrow_keys(AiCall *call)
{
	const AiOutputSpec *spec = call->model.compiled->output;
	int			count = 0;

	call->wanted_count = 0;
	for (int i = 0; i < call->key_count; i++)
	{
		const AiOutputKey *key = &spec->keys[call->keys[i]];

		if (!is_wanted(call, key->key))
			continue;
		call->keys[count] = call->keys[i];
		call->key_places[count++] = want_output(call, key->output);
	}
	call->key_count = count;
}

/* Leaves of the outputs only those that are wanted. */
static void
narrow_outputs(AiCall *call)
{
	const AiSignature *signature = call->model.compiled->signature;
	int			before = ai_call_output_count(call);
	int			count = 0;

	for (int i = 0; i < before; i++)
	{
		int			output = ai_call_output(call, i);

		if (is_wanted(call, signature->outputs[output].name))
			call->wanted[count++] = (uint16) output;
	}
	call->wanted_count = count;
}

/* True if each member that is wanted is one that the answer has. */
static bool
has_all_members(const AiCall *call)
{
	for (int i = 0; i < call->member_count; i++)
	{
		if (ai_call_find_member(call, call->members[i]) < 0)
			return false;
	}
	return true;
}

/* Decides which outputs to ask for: by the options and the output specification. */
static void
resolve_selection(AiCall *call)
{
	const AiSignature *signature = call->model.compiled->signature;
	MemoryContext caller;

	if (likely(call->selection_valid))
		return;
	MemoryContextReset(call->selection_context);
	caller = MemoryContextSwitchTo(call->selection_context);
	call->wanted = palloc(Max(signature->output_count, 1) * sizeof(uint16));
	call->wanted_count = 0;
	call->key_count = 0;
	if (call->model.compiled->output != NULL && call->options.format == AI_FORMAT_PLAIN)
		select_keys(call);
	else
	{
		for (int i = 0; i < call->options.output_count; i++)
		{
			const char *name = call->options.outputs[i];
			int			output = ai_signature_find(signature->outputs, signature->output_count,
												   name, (int) strlen(name));

			if (output < 0)
				raise_unknown_output(call, name, ai_model_gives(&call->model));
			(void) want_output(call, output);
		}
	}
	/* What nobody looks at is not asked for. */
	if (call->member_count > 0 && !ai_call_has_postprocess(call) && has_all_members(call))
	{
		if (call->key_count > 0)
			narrow_keys(call);
		else
			narrow_outputs(call);
	}
	MemoryContextSwitchTo(caller);
	call->selection_valid = true;
	call->selection_id++;
}

void
ai_call_prepare(AiCall *call, text *address, Jsonb *options)
{
	resolve_model(call, address);
	resolve_options(call, options);
	resolve_selection(call);
}

bool
ai_call_has_postprocess(const AiCall *call)
{
	return call->model.compiled->postprocess != NULL && call->options.format == AI_FORMAT_PLAIN;
}

int
ai_call_output_count(const AiCall *call)
{
	return call->wanted_count > 0 ? call->wanted_count :
		call->model.compiled->signature->output_count;
}

int
ai_call_output(const AiCall *call, int place)
{
	return call->wanted_count > 0 ? call->wanted[place] : place;
}


int
ai_call_find_member(const AiCall *call, const char *name)
{
	const AiCompiled *compiled = call->model.compiled;

	for (int i = 0; i < call->key_count; i++)
	{
		if (strcmp(compiled->output->keys[call->keys[i]].key, name) == 0)
			return i;
	}
	for (int i = 0; call->key_count == 0 && i < ai_call_output_count(call); i++)
	{
		if (strcmp(compiled->signature->outputs[ai_call_output(call, i)].name, name) == 0)
			return i;
	}
	return -1;
}

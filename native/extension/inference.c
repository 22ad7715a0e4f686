/*
 * inference.c
 *	  One prediction from SQL argument to jsonb.
 *
 * Resolve the address, run preprocess, write the request, call the server,
 * read the reply, run postprocess.  Each step is another file's work; this one
 * holds the order and what outlives a row.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/memutils.h"

#include "array_tensor.h"
#include "clock.h"
#include "errors.h"
#include "features.h"
#include "hooks.h"
#include "inference.h"
#include "json_output.h"
#include "json_tensor.h"
#include "model_cost.h"
#include "model_upload.h"
#include "output_apply.h"
#include "registry_lookup.h"

/* A frame that grew over this is given back after its row. */
#define KEEP_FRAME_BYTES (1024 * 1024)

struct AiCall
{
	MemoryContext context;		/* of all that outlives a row */
	MemoryContextCallback release;

	char	   *address;		/* that model was resolved from */
	int			address_bytes;	/* -1: none */
	AiModel		model;
	AiModelBytes bytes;			/* of the model, for the client */
	char		what[AI_MODEL_NAME_BYTES + 40];
	AiSnapshotKey snapshot;

	Jsonb	   *options_json;	/* that options were parsed from */
	MemoryContext options_context;
	AiOptions	options;

	bool		selection_valid;	/* for this model and these options */
	MemoryContext selection_context;
	int			wanted_count;	/* outputs to ask the server for; 0: all */
	uint16	   *wanted;
	int			key_count;		/* keys of the output specification to show */
	int		   *keys;
	int		   *key_places;		/* where the reply has their outputs */

	StringInfoData frame;
	AiHook		preprocess;
	AiHook		postprocess;
};

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

AiCall *
ai_call_get(FunctionCallInfo fcinfo)
{
	FmgrInfo   *flinfo = fcinfo->flinfo;

	if (flinfo == NULL)
		return ai_call_create(CurrentMemoryContext);
	if (flinfo->fn_extra == NULL)
		flinfo->fn_extra = ai_call_create(flinfo->fn_mcxt);
	return flinfo->fn_extra;
}

/* Sees to it that call->model is what the address stands for under this snapshot. */
static void
resolve_model(AiCall *call, text *address)
{
	int			bytes = (int) VARSIZE_ANY_EXHDR(address);
	AiCompiled *before = call->model.compiled;

	if (likely(before != NULL && call->address_bytes == bytes &&
			   memcmp(call->address, VARDATA_ANY(address), bytes) == 0 &&
			   ai_snapshot_key_is_current(&call->snapshot)))
		return;
	call->address_bytes = -1;
	call->model.compiled = NULL;
	call->selection_valid = false;
	ai_model_cache_release(before);
	ai_registry_resolve(VARDATA_ANY(address), bytes, &call->model);
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
	MemoryContextSwitchTo(caller);
	call->selection_valid = true;
}

/* Runs preprocess and writes the request into call->frame; returns whether in row mode. */
static bool
write_request(AiCall *call, Jsonb *json, ArrayType *array)
{
	const AiCompiled *compiled = call->model.compiled;
	AiRequest	request;

	if (compiled->preprocess != NULL)
	{
		json = ai_hook_call(&call->preprocess, compiled->preprocess, &call->model,
							array != NULL ? ai_array_to_jsonb(&call->model, array) : json,
							call->context);
		if (json == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("preprocess function %s of model \"%s\" returned null",
							compiled->preprocess, call->model.name)));
		array = NULL;
	}
	if (call->frame.data == NULL)
	{
		MemoryContext caller = MemoryContextSwitchTo(call->context);

		initStringInfo(&call->frame);
		MemoryContextSwitchTo(caller);
	}
	ai_request_init(&request, &call->model, &call->frame);
	if (array != NULL)
		ai_array_write_request(&request, array, call->wanted, call->wanted_count);
	else if (compiled->input != NULL)
		ai_features_write_request(&request, json, call->wanted, call->wanted_count);
	else
		ai_json_write_request(&request, json, call->wanted, call->wanted_count);
	return request.row_mode;
}

/* Pushes all outputs of the reply by their names. */
static void
push_outputs(AiCall *call, AiOutputWriter *writer, AiReader *reader, int count)
{
	const AiSignature *signature = call->model.compiled->signature;

	for (int i = 0; i < count; i++)
	{
		int			output = call->wanted_count > 0 ? call->wanted[i] : i;
		const AiPort *port = &signature->outputs[output];

		writer->output = port->name;
		ai_output_key(writer, port->name, port->name_bytes);
		ai_output_write(writer, reader);
	}
}

/* Pushes the keys of the output specification. */
static void
push_keys(AiCall *call, AiOutputWriter *writer, const AiReader *reader, int count)
{
	AiReader   *places = palloc(Max(count, 1) * sizeof(AiReader));
	AiReader	at = *reader;

	for (int i = 0; i < count; i++)
	{
		places[i] = at;
		ai_output_skip(&at);
	}
	for (int i = 0; i < call->key_count; i++)
	{
		const AiOutputKey *key = &call->model.compiled->output->keys[call->keys[i]];
		AiReader	place = places[call->key_places[i]];

		writer->output = call->model.compiled->signature->outputs[key->output].name;
		ai_output_key(writer, key->key, (int) strlen(key->key));
		ai_output_apply(writer, key, &place);
	}
}

static Jsonb *
read_reply(AiCall *call, const AiReply *reply, bool row_mode)
{
	AiOutputWriter writer = {.model = &call->model, .format = call->options.format,
	.row_mode = row_mode};
	AiReader	reader;
	int			expected = call->wanted_count > 0 ? call->wanted_count :
		call->model.compiled->signature->output_count;
	int			count;

	if (reply->type != AI_MODEL_INFER_RESPONSE)
		ai_raise_invalid_frame("A reply is of another type than its request.");
	count = ai_codec_begin_read(&reader, reply->payload, reply->payload_bytes);
	if (count != expected)
		ai_raise_invalid_frame("A reply has another number of outputs than was asked for.");
	ai_output_token(&writer, WJB_BEGIN_OBJECT);
	if (call->key_count > 0)
		push_keys(call, &writer, &reader, count);
	else
		push_outputs(call, &writer, &reader, count);
	ai_output_token(&writer, WJB_END_OBJECT);
	return JsonbValueToJsonb(writer.result);
}

/* Gives a frame back that grew for one large input. */
static void
trim_frame(AiCall *call)
{
	if (call->frame.maxlen <= KEEP_FRAME_BYTES)
		return;
	pfree(call->frame.data);
	call->frame.data = NULL;
}

/* Says in errors of the server, which knows no names, what it was asked for. */
static void
say_model(void *arg)
{
	const AiCall *call = arg;

	errcontext("inference with %s", call->what);
}

/* Sends the request and waits for its reply; false if there is none (on_unavailable = null). */
static bool
call_server(AiCall *call, AiReply *reply)
{
	ErrorContextCallback context = {error_context_stack, say_model, call};
	uint64		started_us = ai_clock_us();
	bool		uploaded = false;
	bool		available;

	error_context_stack = &context;
	available = ai_model_call(&call->frame, &call->bytes, reply, call->options.timeout_ms,
							  AI_CLIENT_MAY_BE_UNAVAILABLE, &uploaded);
	error_context_stack = context.previous;
	if (available && reply->payload_bytes >= sizeof(AiInferResponseHeader))
	{
		AiInferResponseHeader header;

		memcpy(&header, reply->payload, sizeof(header));
		ai_model_cost_record(call->model.sha256, &header,
							 uploaded ? 0 : ai_clock_us() - started_us);
	}
	return available;
}

Jsonb *
ai_inference_run(AiCall *call, text *address, Jsonb *json, ArrayType *array, Jsonb *options)
{
	AiReply		reply;
	Jsonb	   *result;
	bool		row_mode;
	bool		available;

	resolve_model(call, address);
	resolve_options(call, options);
	resolve_selection(call);
	row_mode = write_request(call, json, array);

	available = call_server(call, &reply);
	trim_frame(call);
	if (!available)
		return NULL;
	result = read_reply(call, &reply, row_mode);
	if (call->model.compiled->postprocess != NULL && call->options.format == AI_FORMAT_PLAIN)
		result = ai_hook_call(&call->postprocess, call->model.compiled->postprocess,
							  &call->model, result, call->context);
	return result;
}

/*
 * inference.c
 *	  One prediction from SQL argument to jsonb, and the steps of many.
 *
 * Run preprocess, write the request, call the server, read the reply, run
 * postprocess.  Each step is another file's work; this one holds the order.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "array_tensor.h"
#include "clock.h"
#include "errors.h"
#include "features.h"
#include "inference.h"
#include "json_output.h"
#include "json_tensor.h"
#include "model_cost.h"
#include "output_apply.h"
#include "row_error.h"

/* A frame that grew over this is given back after its row. */
#define KEEP_FRAME_BYTES (1024 * 1024)

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

bool
ai_inference_has_preprocess(const AiCall *call)
{
	return call->model.compiled->preprocess != NULL;
}

void
ai_inference_read_input(const AiCall *call, AiInput *input, AiInputKind kind, Datum value)
{
	ai_input_read(input, kind, value);
	if (input->array == NULL || !ai_inference_has_preprocess(call))
		return;
	input->json = ai_array_to_jsonb(&call->model, input->array);
	input->array = NULL;
}

void
ai_inference_preprocess(AiCall *call, AiInput *input)
{
	const char *name = call->model.compiled->preprocess;

	if (name != NULL)
		input->json = ai_hook_call(&call->preprocess, name, &call->model, input->json,
								   call->context);
}

/* Returns how the rows may be batched: what the version says, and the option over it. */
static AiBatchTerms
batch_terms(const AiCall *call)
{
	AiBatchTerms terms = call->model.compiled->terms;

	if (call->options.has_deterministic)
	{
		terms.flags &= ~AI_INFER_DETERMINISTIC;
		if (call->options.deterministic)
			terms.flags |= AI_INFER_DETERMINISTIC;
	}
	return terms;
}

bool
ai_inference_write(const AiCall *call, const AiInput *input, StringInfo frame)
{
	AiBatchTerms terms = batch_terms(call);
	AiRequest	request;

	if (input->array == NULL && input->json == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("preprocess function %s of model \"%s\" returned null",
						call->model.compiled->preprocess, call->model.name)));
	ai_request_init(&request, &call->model, frame);
	if (input->array != NULL)
		ai_array_write_request(&request, input->array, call->wanted, call->wanted_count);
	else if (call->model.compiled->input != NULL)
		ai_features_write_request(&request, input->json, call->wanted, call->wanted_count);
	else
		ai_json_write_request(&request, input->json, call->wanted, call->wanted_count);
	ai_codec_set_terms(frame, &terms);
	return request.row_mode;
}

/* Pushes an output of the reply under its name. */
static void
push_output(const AiCall *call, AiOutputWriter *writer, AiReader *reader, int place)
{
	const AiPort *port = &call->model.compiled->signature->outputs[ai_call_output(call, place)];

	writer->output = port->name;
	ai_output_key(writer, port->name, port->name_bytes);
	ai_output_write(writer, reader);
}

/* Pushes a key of the output specification, made of the output that the reader stands at. */
static void
push_key(const AiCall *call, AiOutputWriter *writer, AiReader at, int place)
{
	const AiOutputKey *key = &call->model.compiled->output->keys[call->keys[place]];

	writer->output = call->model.compiled->signature->outputs[key->output].name;
	ai_output_key(writer, key->key, (int) strlen(key->key));
	ai_output_apply(writer, key, &at);
}

/* Pushes all keys of the output specification. */
static void
push_keys(const AiCall *call, AiOutputWriter *writer, AiReader *reader)
{
	int			count = ai_call_output_count(call);
	AiReader   *places = palloc(Max(count, 1) * sizeof(AiReader));

	for (int i = 0; i < count; i++)
	{
		places[i] = *reader;
		ai_codec_skip_value(reader, 0);
	}
	for (int i = 0; i < call->key_count; i++)
		push_key(call, writer, places[call->key_places[i]], i);
}

/* Begins to read a reply: checks that it has what was asked for. */
static void
begin_reply(const AiCall *call, AiReader *reader, const char *payload, uint64 bytes)
{
	if (ai_codec_begin_read(reader, payload, bytes) != ai_call_output_count(call))
		ai_raise_invalid_frame("A reply has another number of outputs than was asked for.");
}

Jsonb *
ai_inference_read(const AiCall *call, const char *payload, uint64 bytes, bool row_mode)
{
	AiOutputWriter writer = {.model = &call->model, .format = call->options.format,
	.row_mode = row_mode};
	AiReader	reader;

	begin_reply(call, &reader, payload, bytes);
	ai_output_token(&writer, WJB_BEGIN_OBJECT);
	if (call->key_count > 0)
		push_keys(call, &writer, &reader);
	else
	{
		for (int i = 0; i < ai_call_output_count(call); i++)
			push_output(call, &writer, &reader, i);
	}
	ai_output_token(&writer, WJB_END_OBJECT);
	return JsonbValueToJsonb(writer.result);
}

bool
ai_inference_read_member(const AiCall *call, const char *payload, uint64 bytes, bool row_mode,
						 const char *member, JsonbValue *value)
{
	AiOutputWriter writer = {.model = &call->model, .format = call->options.format,
	.row_mode = row_mode};
	AiReader	reader;
	int			place = ai_call_find_member(call, member);

	begin_reply(call, &reader, payload, bytes);
	if (place < 0)
		return false;
	for (int i = call->key_count > 0 ? call->key_places[place] : place; i > 0; i--)
		ai_codec_skip_value(&reader, 0);
	ai_output_token(&writer, WJB_BEGIN_OBJECT);
	if (call->key_count > 0)
		push_key(call, &writer, reader, place);
	else
		push_output(call, &writer, &reader, place);
	ai_output_token(&writer, WJB_END_OBJECT);
	Assert(writer.result->val.object.nPairs == 1);
	*value = writer.result->val.object.pairs[0].value;
	return true;
}

Jsonb *
ai_inference_postprocess(AiCall *call, Jsonb *answer)
{
	if (!ai_call_has_postprocess(call))
		return answer;
	return ai_hook_call(&call->postprocess, call->model.compiled->postprocess, &call->model,
						answer, call->context);
}

void
ai_inference_say_model(void *arg)
{
	const AiCall *call = arg;

	errcontext("inference with %s", call->what);
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

/* Makes sure that there is a frame to write into. */
static void
prepare_frame(AiCall *call)
{
	MemoryContext caller;

	if (likely(call->frame.data != NULL))
		return;
	caller = MemoryContextSwitchTo(call->context);
	initStringInfo(&call->frame);
	MemoryContextSwitchTo(caller);
}

/* Sends the request and waits for its reply; false if there is none (on_unavailable = null). */
static bool
call_server(AiCall *call, AiReply *reply, int flags)
{
	ErrorContextCallback context = {error_context_stack, ai_inference_say_model, call};
	uint64		started_us = ai_clock_us();
	bool		uploaded = false;
	bool		available;

	error_context_stack = &context;
	available = ai_model_call(&call->frame, &call->bytes, reply, call->options.timeout_ms,
							  AI_CLIENT_MAY_BE_UNAVAILABLE | flags, &uploaded);
	error_context_stack = context.previous;
	if (available && reply->type == AI_MODEL_INFER_RESPONSE &&
		reply->payload_bytes >= sizeof(AiInferResponseHeader))
	{
		AiInferResponseHeader header;

		memcpy(&header, reply->payload, sizeof(header));
		ai_model_cost_record(call->model.sha256, &header,
							 uploaded ? 0 : ai_clock_us() - started_us);
	}
	trim_frame(call);
	return available;
}

/* One row whose errors become its answer. */
typedef struct AiGuardedRow
{
	AiCall	   *call;
	AiInputKind kind;
	Datum		value;
	AiInput		input;
	AiReply		reply;
	bool		row_mode;
	Jsonb	   *answer;
} AiGuardedRow;

static void
read_input(void *arg)
{
	AiGuardedRow *row = arg;

	ai_inference_read_input(row->call, &row->input, row->kind, row->value);
}

static void
write_request(void *arg)
{
	AiGuardedRow *row = arg;

	row->row_mode = ai_inference_write(row->call, &row->input, &row->call->frame);
}

static void
read_answer(void *arg)
{
	AiGuardedRow *row = arg;

	row->answer = ai_inference_read(row->call, row->reply.payload, row->reply.payload_bytes,
									row->row_mode);
}

static void
raise_reply(void *arg)
{
	AiGuardedRow *row = arg;

	ai_raise_server_error(row->reply.payload, row->reply.payload_bytes, 0);
}

/* Predicts; what is wrong with this row becomes NULL, or the answer. */
static Jsonb *
run_guarded(AiCall *call, AiInputKind kind, Datum value)
{
	AiGuardedRow row = {.call = call,.kind = kind,.value = value};
	ErrorData  *error = ai_row_error_catch(read_input, &row);

	if (error == NULL)
	{
		ai_inference_preprocess(call, &row.input);
		error = ai_row_error_catch(write_request, &row);
	}
	if (error == NULL)
	{
		if (!call_server(call, &row.reply, AI_CLIENT_RETURN_ERRORS))
			return NULL;
		error = row.reply.type == AI_ERROR ? ai_row_error_catch_reply(raise_reply, &row) :
			ai_row_error_catch(read_answer, &row);
	}
	if (error == NULL)
		return ai_inference_postprocess(call, row.answer);
	return call->options.on_error == AI_ON_ERROR_NULL ? NULL : ai_row_error_report(error);
}

Jsonb *
ai_inference_run(AiCall *call, text *address, AiInputKind kind, Datum value, Jsonb *options)
{
	AiReply		reply;
	AiInput		input;
	bool		row_mode;

	ai_call_prepare(call, address, options);
	prepare_frame(call);
	if (unlikely(call->options.on_error != AI_ON_ERROR_RAISE))
		return run_guarded(call, kind, value);
	ai_inference_read_input(call, &input, kind, value);
	ai_inference_preprocess(call, &input);
	row_mode = ai_inference_write(call, &input, &call->frame);
	if (!call_server(call, &reply, 0))
		return NULL;
	return ai_inference_postprocess(call, ai_inference_read(call, reply.payload,
															 reply.payload_bytes, row_mode));
}

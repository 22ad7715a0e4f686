/*
 * batch_answer.c
 *	  The rows of a batch that was answered, one by one, when they are taken.
 *
 * A number of a row that went well is read where it stands in the reply, a
 * member without the rest of the answer.  What was wrong with a row is raised
 * here, and nowhere else.
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "batch.h"
#include "errors.h"
#include "row_error.h"

/* A row whose answer is being read. */
typedef struct AiRowReading
{
	AiBatch    *batch;
	AiBatchRequest *request;
	int			index;
	const AiProjection *projection;
	JsonbValue	member;
	Jsonb	   *answer;
} AiRowReading;

static void
raise_reply(void *arg)
{
	AiRowReading *row = arg;
	const AiReply *reply = &row->request->client.reply;

	ai_raise_server_error(reply->payload, reply->payload_bytes,
						  row->request->client.timeout_ms);
}

static void
read_reply(void *arg)
{
	AiRowReading *row = arg;

	if (row->projection->is_direct)
		ai_projection_read_member(row->projection, row->batch->call, row->request, row->index,
								  &row->member);
	else
		row->answer = ai_projection_read_answer(row->batch->call, row->request, row->index);
}

/* Returns what stands for a row that failed, or raises why, or tells it in *told. */
static Datum
answer_error(AiBatch *batch, const AiProjection *projection, ErrorData *error, bool *is_null,
			 ErrorData **told)
{
	const AiOptions *options = &batch->call->options;

	if (options->on_error == AI_ON_ERROR_REPORT)
		return ai_projection_of_answer(projection, ai_row_error_report(error), is_null);
	if (told != NULL && !options->has_on_error)
		*told = error;
	else if (options->on_error == AI_ON_ERROR_RAISE)
		ai_row_error_raise(error);
	*is_null = true;
	return (Datum) 0;
}

/* Reads a reply, or what the server refused; returns what is wrong, unless that is raised. */
static ErrorData *
try_reading(AiRowReading *row, bool raises)
{
	AiCall	   *call = row->batch->call;
	ErrorContextCallback context = {error_context_stack, ai_inference_say_model, call};
	bool		is_failed = row->request->client.reply.type == AI_ERROR;

	if (!raises)
		return is_failed ? ai_row_error_catch_reply(raise_reply, row) :
			ai_row_error_catch(read_reply, row);
	if (is_failed)
	{
		error_context_stack = &context;
		raise_reply(row);
	}
	read_reply(row);
	return NULL;
}

/* Returns a result of a row whose whole answer has been read. */
static Datum
take_from_answer(AiBatch *batch, const AiProjection *projection, Jsonb *answer, bool *is_null)
{
	Jsonb	   *copy;

	*is_null = answer == NULL;
	if (answer == NULL)
		return (Datum) 0;
	if (projection->kind != AI_RESULT_JSONB || batch->evaluator->spec.result_count == 1)
		return ai_projection_of_answer(projection, answer, is_null);
	copy = palloc(VARSIZE(answer));
	memcpy(copy, answer, VARSIZE(answer));
	return JsonbPGetDatum(copy);
}

/* Reads a row's answer the long way, or answers what the server said of it. */
static Datum
read_row(AiBatch *batch, int row, const AiProjection *projection, AiBatchRequest *request,
		 int index, bool *is_null, ErrorData **told)
{
	AiRowReading reading = {.batch = batch,.request = request,.index = index,
	.projection = projection};
	bool		keeps = !projection->is_direct && batch->evaluator->spec.result_count > 1;
	MemoryContext caller = CurrentMemoryContext;
	ErrorData  *error;

	if (keeps && batch->answered == row)
		return take_from_answer(batch, projection, batch->answer, is_null);
	if (keeps)
	{
		batch->answered = -1;
		MemoryContextReset(batch->answer_context);
		MemoryContextSwitchTo(batch->answer_context);
	}
	error = try_reading(&reading, told == NULL &&
						batch->call->options.on_error == AI_ON_ERROR_RAISE);
	if (error == NULL && !projection->is_direct)
		reading.answer = ai_inference_postprocess(batch->call, reading.answer);
	MemoryContextSwitchTo(caller);
	if (error != NULL)
		return answer_error(batch, projection, error, is_null, told);
	if (projection->is_direct)
		return ai_projection_of_member(projection, &reading.member, is_null);
	if (keeps)
	{
		batch->answer = reading.answer;
		batch->answered = row;
	}
	return take_from_answer(batch, projection, reading.answer, is_null);
}

/* Returns a result of a row, or raises what was wrong with it, unless it is told. */
static inline Datum
take_row(AiBatch *batch, int row, int result, bool *is_null, ErrorData **told)
{
	const AiProjection *projection = &batch->evaluator->projections[result];
	const AiBatchRow *place = &batch->rows[row];
	AiBatchRequest *request;
	int			index = place->index;
	Datum		value;

	Assert(row >= 0 && row < batch->row_count);
	Assert(result >= 0 && result < batch->evaluator->spec.result_count);
	*is_null = place->request == ROW_IS_NULL;
	if (unlikely(place->request < 0))
		return *is_null ? (Datum) 0 :
			answer_error(batch, projection, batch->errors[index], is_null, told);
	request = batch->requests[place->request];
	while (unlikely(request->part_count > 0))
	{
		AiBatchRequest *part = request->parts[index / request->part_rows];

		index %= request->part_rows;
		request = part;
	}
	if (likely(request->has_rows) &&
		ai_projection_take_element(projection, request, index, &value))
		return value;
	if (request->is_unavailable)
	{
		*is_null = true;
		return (Datum) 0;
	}
	return read_row(batch, row, projection, request, index, is_null, told);
}

Datum
ai_batch_take(AiBatch *batch, int row, int result, bool *is_null)
{
	return take_row(batch, row, result, is_null, NULL);
}

Datum
ai_batch_try(AiBatch *batch, int row, int result, bool *is_null, ErrorData **error)
{
	*error = NULL;
	return take_row(batch, row, result, is_null, error);
}

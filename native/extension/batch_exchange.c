/*
 * batch_exchange.c
 *	  The requests of batches on their way: sent, waited for, sent again in parts.
 *
 * A row must not suffer for another one's values.  So a request that the server
 * refuses is halved until the row that it refuses is alone: its answer is then
 * what it would be without a batch.  With one bad row among n that takes about
 * 2 log2(n) requests.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "utils/memutils.h"

#include "batch_exchange.h"
#include "errors.h"
#include "model_cost.h"

#define WINDOW 8				/* requests of one batch under way */
#define KEEP_BYTES (4 * 1024 * 1024)	/* a frame or a reply that is larger is given back */

/* Forgets all requests that are under way: their memory is about to go. */
static void
drop_requests(void *arg)
{
	AiRequestPool *pool = arg;

	for (AiBatchRequest *request = pool->all; request != NULL; request = request->next)
		ai_client_drop(&request->client);
}

void
ai_request_pool_init(AiRequestPool *pool, MemoryContext context, AiEvaluatorStats *stats)
{
	memset(pool, 0, sizeof(*pool));
	pool->context = context;
	pool->stats = stats;
	pool->release.func = drop_requests;
	pool->release.arg = pool;
	MemoryContextRegisterResetCallback(context, &pool->release);
}

AiBatchRequest *
ai_request_pool_take(AiRequestPool *pool)
{
	AiBatchRequest *request = pool->idle;

	if (request != NULL)
	{
		pool->idle = request->next_idle;
		return request;
	}
	request = ai_batch_request_create(pool->context);
	request->next = pool->all;
	pool->all = request;
	return request;
}

void
ai_request_pool_give(AiRequestPool *pool, AiBatchRequest *request)
{
	AiClientRequest *client = &request->client;

	for (int i = 0; i < request->part_count; i++)
		ai_request_pool_give(pool, request->parts[i]);
	request->part_count = 0;
	if (client->state == AI_REQUEST_SENT || client->state == AI_REQUEST_UNSENT)
	{
		ai_client_drop(client);
		pool->in_flight--;
	}
	ai_batch_request_trim(request, KEEP_BYTES);
	request->next_idle = pool->idle;
	pool->idle = request;
}

/* Sends a request without waiting. */
static void
post_request(AiRequestPool *pool, AiCall *call, AiBatchRequest *request)
{
	ai_client_post(&request->client, &request->frame, call->options.timeout_ms);
	request->is_posted = true;
	pool->in_flight++;
	pool->stats->requests++;
	pool->stats->max_in_flight = Max(pool->stats->max_in_flight, pool->in_flight);
}

void
ai_exchange_begin(AiRequestPool *pool, AiCall *call, AiBatchRequest **requests, int count)
{
	for (int i = 0; i < count && i < WINDOW; i++)
	{
		if (!requests[i]->is_posted)
			post_request(pool, call, requests[i]);
	}
}

/* Waits for one request; false if there is no server and that is no error. */
static bool
wait_for_request(AiRequestPool *pool, AiCall *call, AiBatchRequest *request)
{
	ErrorContextCallback context = {error_context_stack, ai_inference_say_model, call};
	bool		available;

	error_context_stack = &context;
	available = ai_model_wait(&request->client, &call->bytes, call->options.timeout_ms,
							  AI_CLIENT_MAY_BE_UNAVAILABLE | AI_CLIENT_RETURN_ERRORS);
	error_context_stack = context.previous;
	pool->in_flight--;
	return available;
}

/* Counts what the server tells of its work. */
static void
count_reply(AiRequestPool *pool, const AiCall *call, const AiBatchRequest *request)
{
	AiInferResponseHeader header;

	if (request->client.reply.payload_bytes < sizeof(header))
		ai_raise_invalid_frame("A value is longer than its frame.");
	memcpy(&header, request->client.reply.payload, sizeof(header));
	pool->stats->queue_us += (int64) header.queue_duration_us;
	pool->stats->compute_us += (int64) header.compute_infer_duration_us;
	ai_model_cost_record(call->model.sha256, &header, 0);
}

/* Sends a request again in parts of so many rows, and waits for them. */
static void
send_in_parts(AiRequestPool *pool, AiCall *call, AiBatchRequest *request, int part_rows,
			  MemoryContext context)
{
	int			count = (request->rows + part_rows - 1) / part_rows;

	request->part_rows = part_rows;
	request->parts = MemoryContextAlloc(context, count * sizeof(AiBatchRequest *));
	for (int i = 0; i < count; i++)
	{
		request->parts[i] = ai_request_pool_take(pool);
		ai_batch_request_begin_part(request->parts[i], request, i * part_rows,
									Min(part_rows, request->rows - i * part_rows));
		request->part_count = i + 1;
	}
	ai_exchange_finish(pool, call, request->parts, count, context);
}

/* Waits for a request and sees to it that each of its rows has an answer. */
static void
finish_request(AiRequestPool *pool, AiCall *call, AiBatchRequest *request, MemoryContext context)
{
	if (!wait_for_request(pool, call, request))
	{
		request->is_unavailable = true;
		return;
	}
	if (request->client.reply.type == AI_ERROR)
	{
		if (request->rows > 1)
			send_in_parts(pool, call, request, (request->rows + 1) / 2, context);
		return;
	}
	count_reply(pool, call, request);
	if (!request->row_mode || ai_batch_request_read_rows(request) || request->rows == 1)
		return;
	/* The answer is one for all rows: this model must be asked row by row. */
	pool->rows_were_missing = true;
	send_in_parts(pool, call, request, 1, context);
}

void
ai_exchange_finish(AiRequestPool *pool, AiCall *call, AiBatchRequest **requests, int count,
				   MemoryContext context)
{
	check_stack_depth();
	for (int i = 0; i < count; i++)
	{
		if (requests[i]->is_finished)
			continue;
		ai_exchange_begin(pool, call, requests + i, count - i);
		finish_request(pool, call, requests[i], context);
		requests[i]->is_finished = true;
	}
}

/*
 * batch_exchange.h
 *	  The requests of batches on their way: sent, waited for, sent again in parts.
 *
 * Called by batch_evaluator.c; calls the client.
 */
#ifndef AI_RUNTIME_BATCH_EXCHANGE_H
#define AI_RUNTIME_BATCH_EXCHANGE_H

#include "batch_request.h"

/* Requests to be used again and again, and what is counted over all of them. */
typedef struct AiRequestPool
{
	MemoryContext context;
	MemoryContextCallback release;
	AiBatchRequest *all;
	AiBatchRequest *idle;
	int			in_flight;
	bool		rows_were_missing;	/* a reply did not have a row for each: merge no more */
	AiEvaluatorStats *stats;
} AiRequestPool;

/* Makes an empty pool, whose requests are dropped when its memory context goes. */
extern void ai_request_pool_init(AiRequestPool *pool, MemoryContext context,
								 AiEvaluatorStats *stats);

/* Returns a request that is not in use. */
extern AiBatchRequest *ai_request_pool_take(AiRequestPool *pool);

/* Takes a request back, in any state, with its parts. */
extern void ai_request_pool_give(AiRequestPool *pool, AiBatchRequest *request);

/* Sends as many of the requests as may be under way. */
extern void ai_exchange_begin(AiRequestPool *pool, AiCall *call, AiBatchRequest **requests,
							  int count);

/*
 * Waits until all of the requests are answered.  One that fails as a whole is
 * sent again in parts, whose places are kept in the memory context.
 */
extern void ai_exchange_finish(AiRequestPool *pool, AiCall *call, AiBatchRequest **requests,
							   int count, MemoryContext context);

#endif							/* AI_RUNTIME_BATCH_EXCHANGE_H */

/*
 * model_cost.h
 *	  What an inference with a model costs, as measured: for the planner.
 *
 * A fixed table in shared memory, keyed by the SHA-256 of the model's bytes.
 * Whoever reads a reply of MODEL_INFER records it; who plans reads the figures
 * without asking the server.  They outlive the server and its sessions, and
 * start anew with PostgreSQL.
 */
#ifndef AI_RUNTIME_MODEL_COST_H
#define AI_RUNTIME_MODEL_COST_H

#include "protocol.h"

/*
 * A request of r rows that runs in e executions is expected to take
 *	  us_per_request + queue_us + e * us_per_execution + r * us_per_row.
 */
typedef struct AiModelCost
{
	double		us_per_row;		/* of compute, for one more row in an execution */
	double		us_per_execution;	/* of compute, besides its rows */
	double		us_per_request; /* of the way there and back; 0: never measured */
	double		queue_us;		/* that a request waits for its first execution */
	double		rows_per_execution; /* the mean, rows of all requests in it */
	double		rows_per_second;	/* of one thread, at that mean */
	int64		request_count;	/* replies that these figures are made of */
} AiModelCost;

/* Fills in the figures of a model; false if nothing was measured yet. */
extern bool ai_model_cost_get(const uint8 *sha256, AiModelCost *cost);

/*
 * Takes a reply into account.  elapsed_us is the time from the first byte of
 * the request to the last of the reply; 0 where it tells nothing, because
 * several requests were under way.
 */
extern void ai_model_cost_record(const uint8 *sha256, const AiInferResponseHeader *header,
								 uint64 elapsed_us);

/* The table's memory, for shared_state.c. */
extern Size ai_model_cost_shmem_size(void);
extern void ai_model_cost_shmem_attach(void);

#endif							/* AI_RUNTIME_MODEL_COST_H */

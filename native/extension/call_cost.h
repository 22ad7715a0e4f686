/*
 * call_cost.h
 *	  What a call of ai_inference() is expected to take, for planner and EXPLAIN.
 */
#ifndef AI_RUNTIME_CALL_COST_H
#define AI_RUNTIME_CALL_COST_H

#include "postgres.h"

#include "nodes/primnodes.h"

#include "model.h"

typedef struct AiCallCost
{
	char		version[AI_MODEL_NAME_BYTES + 16];	/* what the address stands for: "m:3" */
	double		row_us;			/* one of many rows, set at a time */
	bool		is_measured;	/* or guessed from the model's size */
} AiCallCost;

/*
 * Fills in the cost under the active snapshot, without asking the server; false
 * if the address stands for no version.
 */
extern bool ai_call_cost(const char *address, int address_bytes, AiCallCost *cost);

/* The same for the model argument of a call; false also if it is no constant. */
extern bool ai_call_cost_of(const Expr *model, AiCallCost *cost);

#endif							/* AI_RUNTIME_CALL_COST_H */

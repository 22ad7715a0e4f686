/*
 * plan_refuse.h
 *	  Where a plan node's calls must stay row at a time, whatever they are.
 */
#ifndef AI_RUNTIME_PLAN_REFUSE_H
#define AI_RUNTIME_PLAN_REFUSE_H

#include "postgres.h"

#include "nodes/plannodes.h"

/* What is to be evaluated where. */
typedef struct AiReadAhead
{
	const Plan *plan;			/* whose rows are to be read ahead */
	List	   *below;			/* what it evaluates itself; what is below it is seen by itself */
	Node	   *above;			/* what is evaluated after it */
	bool		stops_early;	/* what is above may leave rows unread */
} AiReadAhead;

/* Returns why rows may not be read ahead, or NULL. */
extern const char *ai_plan_refuse(const PlannedStmt *statement, const AiReadAhead *ahead);

#endif							/* AI_RUNTIME_PLAN_REFUSE_H */

/*
 * plan_rewrite.h
 *	  Puts BatchInference nodes into a finished plan.
 */
#ifndef AI_RUNTIME_PLAN_REWRITE_H
#define AI_RUNTIME_PLAN_REWRITE_H

#include "postgres.h"

#include "nodes/plannodes.h"

/*
 * Changes the plan in place.  What cannot be done set at a time stays as it is:
 * row at a time, which is always right.  DEBUG1 messages say why.
 */
extern void ai_plan_rewrite(PlannedStmt *statement, int cursor_options);

#endif							/* AI_RUNTIME_PLAN_REWRITE_H */

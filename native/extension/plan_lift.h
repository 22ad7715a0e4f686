/*
 * plan_lift.h
 *	  The two ways of putting BatchInference nodes at a plan node.
 */
#ifndef AI_RUNTIME_PLAN_LIFT_H
#define AI_RUNTIME_PLAN_LIFT_H

#include "postgres.h"

#include "batch_node.h"

/* Numbers for new nodes; they must be unique in the statement. */
typedef struct AiPlanIds
{
	int			last;
} AiPlanIds;

/*
 * Above: the node gives the columns that its target list and its last filters
 * need, and nodes on top of it compute them.  filters is the place of the list
 * of quals that may move, or NULL.  Returns the plan to put in its place: the
 * node itself where nothing could be done.
 */
extern Plan *ai_plan_lift(Plan *plan, List **filters, const AiRowBound *bound, AiPlanIds *ids);

/*
 * Below: nodes between the plan node and its outer child give it the answers to
 * calls in its expressions.  Returns the expressions (a list) with the calls as
 * columns of the new child, which keeps all columns of the old one in place.
 */
extern List *ai_plan_push(Plan *plan, List *expressions, AiPlanIds *ids);

#endif							/* AI_RUNTIME_PLAN_LIFT_H */

/*
 * plan_lift.h
 *	  The two ways of putting BatchInference nodes at a plan node.
 */
#ifndef AI_RUNTIME_PLAN_LIFT_H
#define AI_RUNTIME_PLAN_LIFT_H

#include "postgres.h"

#include "nodes/plannodes.h"

#include "batch_node.h"
#include "plan_stages.h"

/* The statement whose plan is rewritten. */
typedef struct AiRewrite
{
	PlannedStmt *statement;
	int			last_id;		/* plan_node_ids are unique in it */
	bool		in_workers;		/* below a Gather: nodes tell the leader their figures */
} AiRewrite;

/*
 * Above: the node gives the columns that its target list and its last filters
 * need, and nodes on top of it compute them.  filters is the place of the list
 * of quals that may move, or NULL.  Returns the plan to put in its place: the
 * node itself where nothing could be done.
 */
extern Plan *ai_plan_lift(AiRewrite *rewrite, Plan *plan, List **filters,
						  const AiRowBound *bound);

/*
 * Returns the quals that move: the first that calls, and those after it, which
 * must stay after it.  *before gets the others.
 */
extern List *ai_plan_split_filters(List *quals, List **before);

/*
 * Below: nodes between the plan node and its outer child give it the answers to
 * calls in its expressions.  First, the expressions (a list) get columns in
 * place of the calls; NULL if there is nothing to do.
 */
extern List *ai_plan_push_begin(const Plan *plan, List *expressions, AiStages *stages);

/*
 * Then the nodes are put there.  They give the columns that are needed, and the
 * results.  With keep_places each column stays at its place, and one that is not
 * needed is NULL; else they are packed: column n of the expressions is then at
 * [n] of what is returned.
 */
extern AttrNumber *ai_plan_push_end(AiRewrite *rewrite, Plan *plan, const AiStages *stages,
									Bitmapset *needed, bool keep_places);

/* Returns a node that can go back and return to a mark, on top of one that cannot. */
extern Plan *ai_plan_materialize(AiRewrite *rewrite, Plan *plan);

#endif							/* AI_RUNTIME_PLAN_LIFT_H */

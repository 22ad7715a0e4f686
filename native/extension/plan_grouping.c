/*
 * plan_grouping.c
 *	  Calls in the arguments of aggregates and window functions.
 *
 * They are made for each row that is aggregated, so they are answered below the
 * node.  What the node makes of its groups is another matter: plan_lift.c.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "plan_calls.h"
#include "plan_columns.h"
#include "plan_grouping.h"
#include "plan_refuse.h"
#include "plan_walk.h"

static bool
find_aggregates(Node *node, void *context)
{
	List	  **aggregates = context;

	if (node == NULL)
		return false;
	if (!IsA(node, Aggref) && !IsA(node, WindowFunc))
		return expression_tree_walker(node, find_aggregates, context);
	if (ai_calls_contain(node))
		*aggregates = list_append_unique(*aggregates, node);
	return false;
}

/* Aggregates, and what to put in their place. */
typedef struct Substitution
{
	List	   *from;
	List	   *to;
} Substitution;

static Node *
substitute(Node *node, void *context)
{
	const Substitution *substitution = context;
	ListCell   *cell;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Aggref) && !IsA(node, WindowFunc))
		return expression_tree_mutator(node, substitute, context);
	foreach(cell, substitution->from)
	{
		if (equal(lfirst(cell), node))
			return list_nth(substitution->to, foreach_current_index(cell));
	}
	return node;
}

/*
 * Lets the child of an Agg give only what the Agg needs, since otherwise every
 * column of a row would be kept while its batch is under way.
 */
static void
narrow(AiRewrite *rewrite, Agg *agg, const AiStages *stages)
{
	Plan	   *plan = &agg->plan;
	Bitmapset  *needed = ai_columns_of((Node *) list_make2(plan->targetlist, plan->qual));
	AttrNumber *map;

	for (int i = 0; i < agg->numCols; i++)
		needed = bms_add_member(needed, agg->grpColIdx[i]);
	map = ai_plan_push_end(rewrite, plan, stages, needed);
	plan->targetlist = (List *) ai_columns_renumber((Node *) plan->targetlist, OUTER_VAR, map);
	plan->qual = (List *) ai_columns_renumber((Node *) plan->qual, OUTER_VAR, map);
	for (int i = 0; i < agg->numCols; i++)
		agg->grpColIdx[i] = map[agg->grpColIdx[i]];
}

void
ai_plan_push_aggregates(AiRewrite *rewrite, Plan *plan, bool stops_early)
{
	Substitution aggregates = {NIL, NIL};
	AiReadAhead ahead = {.plan = plan->lefttree, .below = ai_plan_expressions(plan->lefttree)};
	AiStages	stages;
	const char *refusal;

	(void) find_aggregates((Node *) list_make2(plan->targetlist, plan->qual),
						   &aggregates.from);
	if (aggregates.from == NIL)
		return;
	ahead.above = (Node *) list_make2(plan->targetlist, plan->qual);
	ahead.stops_early = stops_early && !(IsA(plan, Agg) &&
										 ((Agg *) plan)->aggstrategy != AGG_SORTED);
	refusal = ai_plan_refuse(rewrite->statement, &ahead);
	if (refusal != NULL)
	{
		ai_calls_report((Node *) aggregates.from, refusal);
		return;
	}
	aggregates.to = ai_plan_push_begin(plan, aggregates.from, &stages);
	if (aggregates.to == NIL)
		return;
	plan->targetlist = (List *) substitute((Node *) plan->targetlist, &aggregates);
	plan->qual = (List *) substitute((Node *) plan->qual, &aggregates);
	/* Grouping sets have further nodes that know the columns by their places. */
	if (IsA(plan, Agg) && ((Agg *) plan)->groupingSets == NIL && ((Agg *) plan)->chain == NIL)
		narrow(rewrite, (Agg *) plan, &stages);
	else
		(void) ai_plan_push_end(rewrite, plan, &stages, NULL);
}

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

/* Adds the columns that a node knows by their places. */
static Bitmapset *
add_places(Bitmapset *columns, int count, const AttrNumber *places)
{
	for (int i = 0; i < count; i++)
		columns = bms_add_member(columns, places[i]);
	return columns;
}

/* Returns the columns of its child that a node needs. */
static Bitmapset *
needed_columns(const Plan *plan)
{
	Bitmapset  *needed = ai_columns_of((Node *) ai_plan_expressions(plan));
	const WindowAgg *window = (const WindowAgg *) plan;
	const Agg  *agg = (const Agg *) plan;
	ListCell   *cell;

	if (IsA(plan, WindowAgg))
	{
		needed = add_places(needed, window->partNumCols, window->partColIdx);
		return add_places(needed, window->ordNumCols, window->ordColIdx);
	}
	needed = add_places(needed, agg->numCols, agg->grpColIdx);
	/* Grouping sets have further nodes, which sort the same rows. */
	foreach(cell, agg->chain)
	{
		const Agg  *chained = lfirst_node(Agg, cell);
		const Sort *sort = (const Sort *) chained->plan.lefttree;

		needed = add_places(needed, chained->numCols, chained->grpColIdx);
		if (sort != NULL)
			needed = add_places(needed, sort->numCols, sort->sortColIdx);
	}
	return needed;
}

/* Puts nodes below an Agg that give it just what it needs, packed. */
static void
push_packed(AiRewrite *rewrite, Agg *agg, const AiStages *stages)
{
	Plan	   *plan = &agg->plan;
	AttrNumber *map = ai_plan_push_end(rewrite, plan, stages, needed_columns(plan), false);

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
	if (IsA(plan, Agg) && ((Agg *) plan)->chain == NIL)
		push_packed(rewrite, (Agg *) plan, &stages);
	else
		(void) ai_plan_push_end(rewrite, plan, &stages, needed_columns(plan), true);
}

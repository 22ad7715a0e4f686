/*
 * plan_rewrite.c
 *	  Walks a finished plan and puts BatchInference nodes where its nodes call.
 *
 * Each kind of node is listed with what may be done there.  What is not listed
 * stays as it is, and so does what is below a node of another extension.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"

#include "plan_calls.h"
#include "plan_columns.h"
#include "plan_grouping.h"
#include "plan_hash_join.h"
#include "plan_lift.h"
#include "plan_nest_loop.h"
#include "plan_refuse.h"
#include "plan_rewrite.h"
#include "plan_walk.h"

/* Where a plan stands. */
typedef struct Place
{
	AiRowBound	bound;			/* of rows, by a LIMIT */
	bool		stops_early;	/* what is above may leave rows unread */
} Place;

static Plan *rewrite_plan(AiRewrite *rewrite, Plan *plan, Place place);

/* True if the expression has a value before the plan starts. */
static bool
is_known_at_start(Node *node)
{
	return !contain_volatile_functions(node) && !contain_subplans(node) &&
		ai_columns_params(node) == NULL;
}

/* Returns what a LIMIT lets through, if that is known when it starts. */
static AiRowBound
bound_of_limit(const Limit *limit)
{
	/* Rows that tie with the last one come on top. */
	if (limit->limitOption == LIMIT_OPTION_WITH_TIES ||
		!is_known_at_start(limit->limitCount) || !is_known_at_start(limit->limitOffset))
		return (AiRowBound) {NULL, NULL};
	return (AiRowBound) {limit->limitCount, limit->limitOffset};
}

/* Returns where a plan's outer child stands, or those that it lists. */
static Place
place_below(const Plan *plan, Place place)
{
	Place		below = {.stops_early = place.stops_early};

	switch (nodeTag(plan))
	{
		case T_Limit:
			below.bound = bound_of_limit((const Limit *) plan);
			below.stops_early = true;
			break;
		case T_Result:
		case T_SubqueryScan:
			if (plan->qual == NIL)
				below.bound = place.bound;
			break;
		case T_MergeJoin:
			below.stops_early = true;
			break;
		case T_Sort:
		case T_Hash:
		case T_ModifyTable:
			below.stops_early = false;
			break;
		case T_Agg:
			if (((const Agg *) plan)->aggstrategy != AGG_SORTED)
				below.stops_early = false;
			break;
		default:
			break;
	}
	return below;
}

/* Returns where a join's inner side stands. */
static Place
place_inside(const Plan *plan, Place place)
{
	Place		inside = {.stops_early = place.stops_early};

	if (IsA(plan, MergeJoin) || (IsA(plan, NestLoop) && ((const Join *) plan)->inner_unique) ||
		(IsA(plan, NestLoop) && ((const Join *) plan)->jointype != JOIN_INNER))
		inside.stops_early = true;
	return inside;
}

static void
rewrite_list(AiRewrite *rewrite, List *plans, Place place)
{
	ListCell   *cell;

	foreach(cell, plans)
		lfirst(cell) = rewrite_plan(rewrite, lfirst(cell), place);
}

static void
rewrite_children(AiRewrite *rewrite, Plan *plan, Place place)
{
	Place		below = place_below(plan, place);
	MergeJoin  *join = (MergeJoin *) plan;
	bool		in_workers = rewrite->in_workers;

	if (IsA(plan, Append))
		rewrite_list(rewrite, ((Append *) plan)->appendplans, below);
	if (IsA(plan, MergeAppend))
		rewrite_list(rewrite, ((MergeAppend *) plan)->mergeplans, below);
	if (IsA(plan, SubqueryScan))
		((SubqueryScan *) plan)->subplan =
			rewrite_plan(rewrite, ((SubqueryScan *) plan)->subplan, below);
	rewrite->in_workers = in_workers || IsA(plan, Gather) || IsA(plan, GatherMerge);
	plan->lefttree = rewrite_plan(rewrite, plan->lefttree, below);
	rewrite->in_workers = in_workers;
	if (IsA(plan, NestLoop))
		ai_plan_push_parameters(rewrite, (NestLoop *) plan, below.stops_early);
	plan->righttree = rewrite_plan(rewrite, plan->righttree, place_inside(plan, place));

	/* An inner side that a merge join goes back in must be able to. */
	if (IsA(plan, MergeJoin) && !join->skip_mark_restore && ai_batch_node_is(plan->righttree))
		plan->righttree = ai_plan_materialize(rewrite, plan->righttree);
}

/* Returns the place of the quals that a node may leave to another one above it, or NULL. */
static List **
movable_filters(Plan *plan)
{
	Join	   *join = (Join *) plan;

	if (!IsA(plan, NestLoop) && !IsA(plan, MergeJoin) && !IsA(plan, HashJoin))
		return &plan->qual;
	/* What does not join is given with NULLs, or decides whether a row is given. */
	if (join->jointype != JOIN_INNER || plan->qual != NIL ||
		!ai_calls_contain((Node *) join->joinqual))
		return &plan->qual;
	return &join->joinqual;
}

/* Returns why the rows of a plan may not be read ahead of its target list and last filters. */
static const char *
refuse_lift(const AiRewrite *rewrite, Plan *plan, List **filters, Place place)
{
	AiReadAhead ahead = {.plan = plan, .stops_early = place.stops_early};
	List	   *staying;
	List	   *moving = ai_plan_split_filters(*filters, &staying);

	ahead.below = ai_plan_own_expressions(plan);
	/* The first of a join's own ones are those that may move. */
	if (filters != &plan->qual)
		ahead.below = lappend(list_delete_first(ahead.below), plan->qual);
	ahead.below = lappend(ahead.below, staying);
	/* A filter with a call that is volatile itself stays, too. */
	if (contain_volatile_functions((Node *) moving))
		ahead.below = lappend(ahead.below, moving);
	ahead.above = (Node *) list_make2(plan->targetlist, moving);
	return ai_plan_refuse(rewrite->statement, &ahead);
}

static Plan *
lift(AiRewrite *rewrite, Plan *plan, Place place)
{
	List	  **filters = movable_filters(plan);
	List	   *base = NIL;
	Node	   *expressions = ai_columns_lower((Node *) list_make2(plan->targetlist, *filters),
											   &base);
	const char *refusal;
	Plan	   *top;

	if (!ai_calls_contain(expressions))
		return plan;
	refusal = refuse_lift(rewrite, plan, filters, place);
	if (refusal != NULL)
	{
		ai_calls_report(expressions, refusal);
		return plan;
	}
	top = ai_plan_lift(rewrite, plan, filters, &place.bound);
	/* Without the qual that moved, an outer row may find more than one inner row. */
	if (filters != &plan->qual && top != plan)
		((Join *) plan)->inner_unique = false;
	return top;
}

/* RETURNING: the rows that were changed are given, and predictions are made of them above. */
static Plan *
lift_returning(AiRewrite *rewrite, ModifyTable *modify, Place place)
{
	Plan	   *plan = &modify->plan;
	Plan	   *top;

	if (!ai_calls_contain((Node *) modify->returningLists))
		return plan;
	/* Each table has a list of its own, over its own columns. */
	if (list_length(modify->returningLists) > 1)
	{
		ai_calls_report((Node *) modify->returningLists, "there is more than one target table");
		return plan;
	}
	/* The foreign server gives what RETURNING was planned to need. */
	if (!bms_is_empty(modify->fdwDirectModifyPlans))
	{
		ai_calls_report((Node *) modify->returningLists, "the foreign server changes the rows");
		return plan;
	}
	plan->targetlist = linitial(modify->returningLists);
	/* All rows are changed, whoever looks at them. */
	place.stops_early = false;
	top = lift(rewrite, plan, place);
	modify->returningLists = list_make1(plan->targetlist);
	return top;
}

/* ProjectSet: what goes into functions that return sets is computed below. */
static Plan *
push_project_set(AiRewrite *rewrite, Plan *plan, Place place)
{
	AiReadAhead ahead = {.plan = plan->lefttree, .stops_early = place.stops_early};
	AiStages	stages;
	List	   *targetlist;
	const char *refusal;

	if (!ai_calls_contain((Node *) plan->targetlist))
		return plan;
	ahead.below = ai_plan_expressions(plan->lefttree);
	ahead.above = (Node *) plan->targetlist;
	refusal = ai_plan_refuse(rewrite->statement, &ahead);
	if (refusal != NULL)
	{
		ai_calls_report((Node *) plan->targetlist, refusal);
		return plan;
	}
	targetlist = ai_plan_push_begin(plan, plan->targetlist, &stages);
	if (targetlist == NIL)
		return plan;
	plan->targetlist = targetlist;
	(void) ai_plan_push_end(rewrite, plan, &stages, ai_columns_of((Node *) targetlist), true);
	return plan;
}

/* Returns the expressions of a node that lift() does not look at, and why their calls stay. */
static List *
own_expressions(Plan *plan, const char **reason)
{
	ModifyTable *modify = (ModifyTable *) plan;
	List	   *expressions = ai_plan_own_expressions(plan);

	switch (nodeTag(plan))
	{
		case T_Result:
		case T_Limit:
			*reason = "it is evaluated once";
			return expressions;
		case T_ModifyTable:
			*reason = "it is part of a change of rows";
			return list_make4(modify->withCheckOptionLists, modify->onConflictSet,
							  modify->onConflictWhere, modify->mergeActionLists);
		case T_FunctionScan:
		case T_TableFuncScan:
			*reason = "it is an argument of a function in FROM";
			return expressions;
		case T_ValuesScan:
			*reason = "it is in a list of VALUES";
			return expressions;
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapIndexScan:
		case T_TidScan:
		case T_TidRangeScan:
			*reason = "rows are looked up by it";
			return expressions;
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			*reason = "rows are joined by it";
			if (IsA(plan, HashJoin))
				expressions = lappend(expressions, ((Hash *) plan->righttree)->hashkeys);
			/* The first are the join's quals. */
			return movable_filters(plan) != &plan->qual ? list_delete_first(expressions) :
				expressions;
		case T_Hash:
			*reason = NULL;
			/* Its join tells. */
			return NIL;
		default:
			*reason = "this kind of node does not batch";
			return expressions;
	}
}

static Plan *
rewrite_node(AiRewrite *rewrite, Plan *plan, Place place)
{
	switch (nodeTag(plan))
	{
		case T_SeqScan:
		case T_SampleScan:
		case T_IndexScan:
		case T_IndexOnlyScan:
		case T_BitmapHeapScan:
		case T_TidScan:
		case T_TidRangeScan:
		case T_SubqueryScan:
		case T_FunctionScan:
		case T_TableFuncScan:
		case T_ValuesScan:
		case T_CteScan:
		case T_NamedTuplestoreScan:
		case T_WorkTableScan:
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
		case T_Result:
		case T_Gather:
		case T_GatherMerge:
		case T_Group:
			return lift(rewrite, plan, place);
		case T_ForeignScan:
			/* UPDATE and DELETE on the foreign server have their own target list. */
			return ((ForeignScan *) plan)->operation == CMD_SELECT ?
				lift(rewrite, plan, place) : plan;
		case T_ProjectSet:
			return push_project_set(rewrite, plan, place);
		case T_Agg:
		case T_WindowAgg:
			ai_plan_push_aggregates(rewrite, plan, place.stops_early);
			/* A run condition refers to the target list by number. */
			if (IsA(plan, WindowAgg) && ((WindowAgg *) plan)->runCondition != NIL)
			{
				ai_calls_report((Node *) plan->targetlist, "the window has a run condition");
				return plan;
			}
			return lift(rewrite, plan, place);
		case T_ModifyTable:
			return lift_returning(rewrite, (ModifyTable *) plan, place);
		default:
			/* Nothing is known of it. */
			ai_calls_report((Node *) list_make2(plan->targetlist, plan->qual),
							"this kind of node does not batch");
			return plan;
	}
}

static Plan *
rewrite_plan(AiRewrite *rewrite, Plan *plan, Place place)
{
	const char *reason;
	List	   *own;

	if (plan == NULL)
		return NULL;
	check_stack_depth();
	/* Children of another extension's node are its own affair. */
	if (!IsA(plan, CustomScan) && !IsA(plan, ForeignScan))
		rewrite_children(rewrite, plan, place);
	if (IsA(plan, HashJoin))
		ai_plan_push_hash_keys(rewrite, (HashJoin *) plan, place.stops_early);
	own = own_expressions(plan, &reason);
	ai_calls_report((Node *) own, reason);
	return rewrite_node(rewrite, plan, place);
}

static bool
find_last_id(Plan *plan, void *context)
{
	AiRewrite  *rewrite = context;

	if (plan == NULL)
		return false;
	check_stack_depth();
	rewrite->last_id = Max(rewrite->last_id, plan->plan_node_id);
	return ai_plan_children(plan, find_last_id, context);
}

void
ai_plan_rewrite(PlannedStmt *statement, int cursor_options)
{
	AiRewrite	rewrite = {.statement = statement};
	Place		top = {.stops_early = false};
	Place		subquery = {.stops_early = true};
	bool		went_back = ExecSupportsBackwardScan(statement->planTree);
	ListCell   *cell;

	(void) find_last_id(statement->planTree, &rewrite);
	foreach(cell, statement->subplans)
		(void) find_last_id(lfirst(cell), &rewrite);

	statement->planTree = rewrite_plan(&rewrite, statement->planTree, top);
	/* EXISTS and scalar subqueries read what they need. */
	rewrite_list(&rewrite, statement->subplans, subquery);
	if ((cursor_options & CURSOR_OPT_SCROLL) != 0 && went_back &&
		!ExecSupportsBackwardScan(statement->planTree))
		statement->planTree = ai_plan_materialize(&rewrite, statement->planTree);
}

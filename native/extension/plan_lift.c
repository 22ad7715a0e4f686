/*
 * plan_lift.c
 *	  Puts BatchInference nodes above or below a plan node.
 */
#include "postgres.h"

#include <math.h>

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"

#include "plan_calls.h"
#include "plan_columns.h"
#include "plan_lift.h"
#include "plan_stack.h"

static bool
params_walker(Node *node, void *context)
{
	Bitmapset **params = context;

	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		*params = bms_add_member(*params, ((Param *) node)->paramid);
	return expression_tree_walker(node, params_walker, context);
}

/* Gives new nodes what the planner would have given them: ids, costs, parameters. */
static void
finish(const AiStack *stack, const Plan *child, const Plan *like, AiPlanIds *ids)
{
	for (Plan *plan = stack->top;; plan = plan->lefttree)
	{
		CustomScan *node = (CustomScan *) plan;
		Bitmapset  *params = NULL;

		plan->plan_node_id = ++ids->last;
		plan->startup_cost = like->startup_cost;
		plan->total_cost = like->total_cost;
		plan->plan_rows = like->plan_rows;
		plan->plan_width = like->plan_width;
		plan->parallel_safe = child->parallel_safe;
		(void) params_walker((Node *) node->custom_exprs, &params);
		(void) params_walker((Node *) plan->qual, &params);
		(void) params_walker((Node *) plan->targetlist, &params);
		plan->extParam = bms_union(child->extParam, params);
		plan->allParam = bms_union(child->allParam, params);
		if (plan == stack->bottom)
			break;
	}
}

/* Returns the expressions as a target list without names. */
static List *
make_targetlist(List *expressions)
{
	List	   *targetlist = NIL;
	ListCell   *cell;

	foreach(cell, expressions)
		targetlist = lappend(targetlist,
							 makeTargetEntry(lfirst(cell), foreach_current_index(cell) + 1,
											 NULL, false));
	return targetlist;
}

/* Splits quals before the first that calls: what comes after it must stay after it. */
static List *
split_filters(List *quals, List **before)
{
	int			first = 0;

	while (first < list_length(quals) && !ai_calls_contain(list_nth(quals, first)))
		first++;
	*before = list_truncate(list_copy(quals), first);
	return list_copy_tail(quals, first);
}

Plan *
ai_plan_lift(Plan *plan, List **filters, const AiRowBound *bound, AiPlanIds *ids)
{
	AiStages	stages;
	AiStack		stack;
	List	   *base = NIL;
	List	   *before = NIL;
	List	   *moving = filters == NULL ? NIL : split_filters(*filters, &before);
	List	   *outputs;
	List	   *narrowed = NIL;
	ListCell   *cell;

	outputs = (List *) ai_columns_lower((Node *) plan->targetlist, &base);
	moving = (List *) ai_columns_lower((Node *) moving, &base);
	ai_stages_init(&stages, base);
	ai_stages_run(&stages, &moving, &outputs);
	if (stages.stages == NIL)
		return plan;

	/* Those that no stage could take are the first ones, and stay. */
	if (filters != NULL)
		*filters = list_concat(before,
							   list_truncate(list_copy_tail(*filters, list_length(before)),
											 list_length(moving)));
	ai_stack_build(&stages, outputs, true, bound, &stack);
	foreach(cell, stack.base)
		narrowed = lappend(narrowed, list_nth(base, lfirst_int(cell) - 1));
	plan->targetlist = make_targetlist(narrowed);
	finish(&stack, plan, plan, ids);
	stack.top->initPlan = plan->initPlan;
	plan->initPlan = NIL;
	stack.bottom->lefttree = plan;
	return stack.top;
}

/* Returns the child's columns as expressions that give their types. */
static List *
columns_of_child(const Plan *child)
{
	List	   *columns = NIL;
	ListCell   *cell;

	foreach(cell, child->targetlist)
		columns = lappend(columns, lfirst_node(TargetEntry, cell)->expr);
	return columns;
}

List *
ai_plan_push(Plan *plan, List *expressions, AiPlanIds *ids)
{
	static const AiRowBound no_bound = {NULL, NULL};
	AiStages	stages;
	AiStack		stack;
	Plan	   *child = plan->lefttree;
	List	   *none = NIL;
	List	   *columns = NIL;
	ListCell   *cell;

	ai_stages_init(&stages, columns_of_child(child));
	ai_stages_run(&stages, &none, &expressions);
	if (stages.stages == NIL)
		return expressions;
	foreach(cell, stages.columns)
	{
		AttrNumber	number = foreach_current_index(cell) + 1;

		columns = lappend(columns, ai_column_make(OUTER_VAR, number, lfirst(cell)));
	}
	ai_stack_build(&stages, make_targetlist(columns), false, &no_bound, &stack);
	finish(&stack, child, child, ids);
	stack.bottom->lefttree = child;
	plan->lefttree = stack.top;
	return expressions;
}

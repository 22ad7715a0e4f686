/*
 * plan_lift.c
 *	  Puts BatchInference nodes above or below a plan node.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "plan_calls.h"
#include "plan_columns.h"
#include "plan_lift.h"
#include "plan_stack.h"

/* Why a call is left when all stages are made. */
#define LEFT_OVER "it depends on a prediction that stays row at a time"

/* Gives a new node what the planner would have given it besides its expressions. */
static void
finish_node(AiRewrite *rewrite, Plan *plan, const Plan *like)
{
	plan->plan_node_id = ++rewrite->last_id;
	/* The calls are in the costs of the node that they were planned in. */
	plan->startup_cost = like->startup_cost;
	plan->total_cost = like->total_cost;
	plan->plan_rows = like->plan_rows;
	plan->plan_width = like->plan_width;
	plan->parallel_safe = like->parallel_safe;
	plan->extParam = bms_copy(like->extParam);
	plan->allParam = bms_copy(like->allParam);
}

static void
finish_stack(AiRewrite *rewrite, const AiStack *stack, const Plan *like)
{
	for (Plan *plan = stack->top;; plan = plan->lefttree)
	{
		List	   *expressions = list_make3(((CustomScan *) plan)->custom_exprs, plan->qual,
											 plan->targetlist);
		Bitmapset  *params = ai_columns_params((Node *) expressions);

		finish_node(rewrite, plan, like);
		if (rewrite->in_workers)
			((CustomScan *) plan)->flags |= AI_BATCH_NODE_IN_WORKERS;
		plan->extParam = bms_add_members(plan->extParam, params);
		plan->allParam = bms_add_members(plan->allParam, params);
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

List *
ai_plan_split_filters(List *quals, List **before)
{
	int			first = 0;

	while (first < list_length(quals) && !ai_calls_contain(list_nth(quals, first)))
		first++;
	*before = list_truncate(list_copy(quals), first);
	return list_copy_tail(quals, first);
}

Plan *
ai_plan_lift(AiRewrite *rewrite, Plan *plan, List **filters, const AiRowBound *bound)
{
	AiStages	stages;
	AiStack		stack;
	List	   *base = NIL;
	List	   *staying = NIL;
	List	   *moving = filters == NULL ? NIL : ai_plan_split_filters(*filters, &staying);
	List	   *outputs = (List *) ai_columns_lower((Node *) plan->targetlist, &base);
	List	   *left = (List *) ai_columns_lower((Node *) moving, &base);
	List	   *given = NIL;
	ListCell   *cell;

	ai_stages_init(&stages, base);
	ai_stages_run(&stages, &left, &outputs);
	ai_calls_report((Node *) outputs, LEFT_OVER);
	ai_calls_report((Node *) left, LEFT_OVER);
	if (stages.stages == NIL)
		return plan;

	/* Filters that no stage could take are the first of those that were to move. */
	if (filters != NULL)
		*filters = list_concat(staying, list_truncate(moving, list_length(left)));
	ai_stack_build(&stages, outputs, true, bound, &stack);
	foreach(cell, stack.base)
		given = lappend(given, list_nth(base, lfirst_int(cell) - 1));
	plan->targetlist = make_targetlist(given);
	finish_stack(rewrite, &stack, plan);
	stack.top->initPlan = plan->initPlan;
	plan->initPlan = NIL;
	/* An Append that runs its children asynchronously no longer has it as a child. */
	plan->async_capable = false;
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
ai_plan_push_begin(const Plan *plan, List *expressions, AiStages *stages)
{
	List	   *none = NIL;

	ai_stages_init(stages, columns_of_child(plan->lefttree));
	ai_stages_run(stages, &none, &expressions);
	ai_calls_report((Node *) expressions, LEFT_OVER);
	return stages->stages == NIL ? NIL : expressions;
}

/* Returns NULL of the type that the expression has. */
static Expr *
null_like(Node *expression)
{
	return (Expr *) makeNullConst(exprType(expression), exprTypmod(expression),
								  exprCollation(expression));
}

AttrNumber *
ai_plan_push_end(AiRewrite *rewrite, Plan *plan, const AiStages *stages, Bitmapset *needed,
				 bool keep_places)
{
	static const AiRowBound no_bound = {NULL, NULL};
	AiStack		stack;
	List	   *columns = NIL;
	AttrNumber *map = palloc0((list_length(stages->columns) + 1) * sizeof(AttrNumber));
	ListCell   *cell;

	foreach(cell, stages->columns)
	{
		AttrNumber	number = foreach_current_index(cell) + 1;

		if (number > stages->base_columns || bms_is_member(number, needed))
			columns = lappend(columns, ai_column_make(OUTER_VAR, number, lfirst(cell)));
		else if (keep_places)
			columns = lappend(columns, null_like(lfirst(cell)));
		else
			continue;
		map[number] = list_length(columns);
	}
	ai_stack_build(stages, make_targetlist(columns), false, &no_bound, &stack);
	finish_stack(rewrite, &stack, plan->lefttree);
	plan->lefttree->async_capable = false;
	stack.bottom->lefttree = plan->lefttree;
	plan->lefttree = stack.top;
	return map;
}

Plan *
ai_plan_materialize(AiRewrite *rewrite, Plan *plan)
{
	Plan	   *material = &makeNode(Material)->plan;
	ListCell   *cell;

	foreach(cell, plan->targetlist)
	{
		TargetEntry *column = flatCopyTargetEntry(lfirst_node(TargetEntry, cell));

		column->expr = (Expr *) ai_column_make(OUTER_VAR, column->resno, (Node *) column->expr);
		material->targetlist = lappend(material->targetlist, column);
	}
	finish_node(rewrite, material, plan);
	material->lefttree = plan;
	material->initPlan = plan->initPlan;
	plan->initPlan = NIL;
	return material;
}

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
#include "nodes/nodeFuncs.h"
#include "optimizer/planmain.h"

#include "plan_calls.h"
#include "plan_columns.h"
#include "plan_lift.h"
#include "plan_rewrite.h"

static Plan *rewrite(Plan *plan, const AiRowBound *bound, AiPlanIds *ids);

static const AiRowBound no_bound = {NULL, NULL};

static void
rewrite_list(List *plans, AiPlanIds *ids)
{
	ListCell   *cell;

	foreach(cell, plans)
		lfirst(cell) = rewrite(lfirst(cell), &no_bound, ids);
}

/* Returns what a LIMIT lets through, if that is known when it starts. */
static AiRowBound
bound_of_limit(const Limit *limit)
{
	AiRowBound	bound = {limit->limitCount, limit->limitOffset};

	/* Rows that tie with the last one come on top. */
	if (limit->limitOption == LIMIT_OPTION_WITH_TIES)
		return no_bound;
	for (int i = 0; i < 2; i++)
	{
		const Node *expression = i == 0 ? bound.count : bound.offset;
		bool		is_known = expression == NULL || IsA(expression, Const) ||
			(IsA(expression, Param) && ((const Param *) expression)->paramkind == PARAM_EXTERN);

		if (!is_known)
			return no_bound;
	}
	return bound;
}

/* Lets a node that neither goes back nor returns to a mark do both. */
static Plan *
materialize(Plan *plan, AiPlanIds *ids)
{
	Material   *material = makeNode(Material);
	Plan	   *result = &material->plan;
	ListCell   *cell;

	foreach(cell, plan->targetlist)
	{
		TargetEntry *column = copyObject(lfirst_node(TargetEntry, cell));

		column->expr = (Expr *) ai_column_make(OUTER_VAR, column->resno, (Node *) column->expr);
		result->targetlist = lappend(result->targetlist, column);
	}
	result->plan_node_id = ++ids->last;
	result->lefttree = plan;
	result->initPlan = plan->initPlan;
	plan->initPlan = NIL;
	result->startup_cost = plan->startup_cost;
	result->total_cost = plan->total_cost;
	result->plan_rows = plan->plan_rows;
	result->plan_width = plan->plan_width;
	result->parallel_safe = plan->parallel_safe;
	result->extParam = bms_copy(plan->extParam);
	result->allParam = bms_copy(plan->allParam);
	return result;
}

/* Rewrites what is below a node. */
static void
rewrite_children(Plan *plan, const AiRowBound *bound, AiPlanIds *ids)
{
	AiRowBound	below = no_bound;

	switch (nodeTag(plan))
	{
		case T_Append:
			rewrite_list(((Append *) plan)->appendplans, ids);
			return;
		case T_MergeAppend:
			rewrite_list(((MergeAppend *) plan)->mergeplans, ids);
			return;
		case T_SubqueryScan:
			((SubqueryScan *) plan)->subplan =
				rewrite(((SubqueryScan *) plan)->subplan, plan->qual == NIL ? bound : &no_bound,
						ids);
			return;
		case T_BitmapHeapScan:
		case T_ForeignScan:
		case T_CustomScan:
			return;
		case T_Limit:
			below = bound_of_limit((Limit *) plan);
			break;
		case T_Result:
			if (plan->qual == NIL)
				below = *bound;
			break;
		default:
			break;
	}
	plan->lefttree = rewrite(plan->lefttree, &below, ids);
	plan->righttree = rewrite(plan->righttree, &no_bound, ids);
}

/* An inner side that a merge join goes back in must be able to. */
static void
restore_marks(MergeJoin *join, AiPlanIds *ids)
{
	if (!join->skip_mark_restore && ai_batch_node_is(join->join.plan.righttree))
		join->join.plan.righttree = materialize(join->join.plan.righttree, ids);
}

static bool
aggregates_walker(Node *node, void *context)
{
	List	  **aggregates = context;

	if (node == NULL)
		return false;
	if (IsA(node, Aggref) || IsA(node, WindowFunc))
	{
		if (ai_calls_contain(node))
			*aggregates = list_append_unique(*aggregates, node);
		return false;
	}
	return expression_tree_walker(node, aggregates_walker, context);
}

/* Aggregates and what to put in their place. */
typedef struct Substitution
{
	List	   *from;
	List	   *to;
} Substitution;

static Node *
substitute(Node *node, void *context)
{
	const Substitution *substitution = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Aggref) || IsA(node, WindowFunc))
	{
		ListCell   *cell;

		foreach(cell, substitution->from)
		{
			if (equal(lfirst(cell), node))
				return list_nth(substitution->to, foreach_current_index(cell));
		}
		return node;
	}
	return expression_tree_mutator(node, substitute, context);
}

/*
 * Calls in the arguments of aggregates and window functions are answered below
 * the node, those in what it makes of its groups above it.
 */
static Plan *
rewrite_grouping(Plan *plan, const AiRowBound *bound, AiPlanIds *ids)
{
	Substitution substitution = {NIL, NIL};

	(void) aggregates_walker((Node *) plan->targetlist, &substitution.from);
	(void) aggregates_walker((Node *) plan->qual, &substitution.from);
	if (substitution.from != NIL)
	{
		substitution.to = ai_plan_push(plan, substitution.from, ids);
		plan->targetlist = (List *) substitute((Node *) plan->targetlist, &substitution);
		plan->qual = (List *) substitute((Node *) plan->qual, &substitution);
	}
	/* Its run condition refers to the target list by number. */
	if (IsA(plan, WindowAgg) && ((WindowAgg *) plan)->runCondition != NIL)
		return plan;
	return ai_plan_lift(plan, &plan->qual, bound, ids);
}

static Plan *
rewrite_node(Plan *plan, const AiRowBound *bound, AiPlanIds *ids)
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
		case T_ForeignScan:
			return ai_plan_lift(plan, &plan->qual, bound, ids);
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			return ai_plan_lift(plan, &plan->qual, bound, ids);
		case T_Result:
			if (plan->lefttree == NULL)
				return plan;
			return ai_plan_lift(plan, &plan->qual, bound, ids);
		case T_Gather:
		case T_GatherMerge:
			return ai_plan_lift(plan, &plan->qual, bound, ids);
		case T_Agg:
		case T_WindowAgg:
			return rewrite_grouping(plan, bound, ids);
		case T_ProjectSet:
			plan->targetlist = ai_plan_push(plan, plan->targetlist, ids);
			return plan;
		default:
			return plan;
	}
}

static Plan *
rewrite(Plan *plan, const AiRowBound *bound, AiPlanIds *ids)
{
	if (plan == NULL)
		return NULL;
	check_stack_depth();
	rewrite_children(plan, bound, ids);
	if (IsA(plan, MergeJoin))
		restore_marks((MergeJoin *) plan, ids);
	return rewrite_node(plan, bound, ids);
}

static void
find_last_id(Plan *plan, AiPlanIds *ids)
{
	ListCell   *cell;
	List	   *children = NIL;

	if (plan == NULL)
		return;
	check_stack_depth();
	ids->last = Max(ids->last, plan->plan_node_id);
	find_last_id(plan->lefttree, ids);
	find_last_id(plan->righttree, ids);
	switch (nodeTag(plan))
	{
		case T_Append:
			children = ((Append *) plan)->appendplans;
			break;
		case T_MergeAppend:
			children = ((MergeAppend *) plan)->mergeplans;
			break;
		case T_BitmapAnd:
			children = ((BitmapAnd *) plan)->bitmapplans;
			break;
		case T_BitmapOr:
			children = ((BitmapOr *) plan)->bitmapplans;
			break;
		case T_CustomScan:
			children = ((CustomScan *) plan)->custom_plans;
			break;
		case T_SubqueryScan:
			find_last_id(((SubqueryScan *) plan)->subplan, ids);
			break;
		default:
			break;
	}
	foreach(cell, children)
		find_last_id(lfirst(cell), ids);
}

void
ai_plan_rewrite(PlannedStmt *statement, int cursor_options)
{
	AiPlanIds	ids = {0};
	bool		went_back = ExecSupportsBackwardScan(statement->planTree);
	ListCell   *cell;

	find_last_id(statement->planTree, &ids);
	foreach(cell, statement->subplans)
		find_last_id(lfirst(cell), &ids);

	statement->planTree = rewrite(statement->planTree, &no_bound, &ids);
	rewrite_list(statement->subplans, &ids);
	if ((cursor_options & CURSOR_OPT_SCROLL) != 0 && went_back &&
		!ExecSupportsBackwardScan(statement->planTree))
		statement->planTree = materialize(statement->planTree, &ids);
}

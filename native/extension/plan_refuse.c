/*
 * plan_refuse.c
 *	  Where a plan node's calls must stay row at a time, whatever they are.
 *
 * A batch is read before its first row is given.  That may not be seen from
 * outside: no row may be locked or changed for it, no side effect may happen
 * that would not have, and functions that depend on each other's order keep it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "catalog/pg_index.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "plan_refuse.h"
#include "plan_walk.h"

/* True if the operator is the equality of an ordering. */
static bool
is_equality(Oid operator)
{
	ListCell   *cell;

	foreach(cell, get_op_btree_interpretation(operator))
	{
		if (((OpBtreeInterpretation *) lfirst(cell))->strategy == BTEqualStrategyNumber)
			return true;
	}
	return false;
}

/* True if the conditions of an index scan give every key column of a unique index a value. */
static bool
finds_one_row(Oid index, List *conditions)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
	Form_pg_index form;
	Bitmapset  *given = NULL;
	ListCell   *cell;
	bool		one;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_index) GETSTRUCT(tuple);
	foreach(cell, conditions)
	{
		OpExpr	   *condition = lfirst(cell);
		Var		   *column;

		if (!IsA(condition, OpExpr) || !is_equality(condition->opno))
			continue;
		column = linitial(condition->args);
		if (IsA(column, RelabelType))
			column = (Var *) ((RelabelType *) column)->arg;
		if (IsA(column, Var))
			given = bms_add_member(given, column->varattno);
	}
	one = form->indisunique && bms_num_members(given) == form->indnkeyatts;
	ReleaseSysCache(tuple);
	return one;
}

/* True if the plan gives one row at most, each time that it is run. */
static bool
is_one_row(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Result:
			return plan->lefttree == NULL;
		case T_Agg:
			return ((const Agg *) plan)->aggstrategy == AGG_PLAIN;
		case T_IndexScan:
			return finds_one_row(((const IndexScan *) plan)->indexid,
								 ((const IndexScan *) plan)->indexqual);
		case T_IndexOnlyScan:
			return finds_one_row(((const IndexOnlyScan *) plan)->indexid,
								 ((const IndexOnlyScan *) plan)->indexqual);
		default:
			return false;
	}
}

/* What a plan is searched for. */
typedef struct Search
{
	const PlannedStmt *statement;
	const AiReadAhead *ahead;
	bool		locks;			/* LockRows, or a volatile function? */
} Search;

static bool plan_walker(Plan *plan, void *context);

static Plan *
subplan(const Search *search, int plan_id)
{
	return list_nth(search->statement->subplans, plan_id - 1);
}

/* True if a subquery in the expression has what is searched. */
static bool
subqueries_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, SubPlan) &&
		plan_walker(subplan(context, ((SubPlan *) node)->plan_id), context))
		return true;
	return expression_tree_walker(node, subqueries_walker, context);
}

/* True if the plan has what is searched, or a plan below it. */
static bool
plan_walker(Plan *plan, void *context)
{
	const Search *search = context;
	List	   *expressions;

	if (plan == NULL)
		return false;
	check_stack_depth();
	if (IsA(plan, LockRows) && search->locks)
		return true;
	if (IsA(plan, ModifyTable) && !search->locks)
		return true;
	/* What others do is not known. */
	if (IsA(plan, CustomScan) && !ai_batch_node_is(plan) && !search->locks)
		return true;
	if (IsA(plan, CteScan) &&
		plan_walker(subplan(search, ((CteScan *) plan)->ctePlanId), context))
		return true;
	expressions = plan == search->ahead->plan ? search->ahead->below : ai_plan_expressions(plan);
	if (!search->locks && contain_volatile_functions((Node *) expressions))
		return true;
	return subqueries_walker((Node *) expressions, context) ||
		ai_plan_children(plan, plan_walker, context);
}

const char *
ai_plan_refuse(const PlannedStmt *statement, const AiReadAhead *ahead)
{
	Plan	   *plan = unconstify(Plan *, ahead->plan);
	Search		locks = {statement, ahead, true};
	Search		volatiles = {statement, ahead, false};
	bool		is_volatile;

	/* A batch of one costs more than a call. */
	if (is_one_row(plan))
		return "there is one row";
	/* FOR UPDATE … LIMIT locks as many rows as it gives. */
	if (plan_walker(plan, &locks))
		return "the rows below are locked as they are read";
	is_volatile = plan_walker(plan, &volatiles);
	/* nextval() of a row that nobody asks for would be seen. */
	if (ahead->stops_early && is_volatile)
		return "reading the rows below is volatile, and not all may be asked for";
	/* random() below and random() above take turns. */
	if (is_volatile && (contain_volatile_functions(ahead->above) ||
						subqueries_walker(ahead->above, &volatiles)))
		return "functions below and above it are volatile";
	return NULL;
}

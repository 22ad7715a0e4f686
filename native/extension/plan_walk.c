/*
 * plan_walk.c
 *	  The parts of a finished plan's nodes: what they evaluate, what they read.
 */
#include "postgres.h"

#include "plan_walk.h"

static List *
join_expressions(const Join *join)
{
	List	   *expressions = list_make1(join->joinqual);

	if (IsA(join, MergeJoin))
		return lappend(expressions, ((const MergeJoin *) join)->mergeclauses);
	if (IsA(join, HashJoin))
	{
		expressions = lappend(expressions, ((const HashJoin *) join)->hashclauses);
		return lappend(expressions, ((const HashJoin *) join)->hashkeys);
	}
	return expressions;
}

static List *
modify_expressions(const ModifyTable *modify)
{
	List	   *expressions = list_make4(modify->withCheckOptionLists, modify->returningLists,
										 modify->onConflictSet, modify->onConflictWhere);

	return lappend(expressions, modify->mergeActionLists);
}

List *
ai_plan_own_expressions(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Result:
			return list_make1(((const Result *) plan)->resconstantqual);
		case T_ModifyTable:
			return modify_expressions((const ModifyTable *) plan);
		case T_SampleScan:
			return list_make1(((const SampleScan *) plan)->tablesample);
		case T_IndexScan:
			return list_make2(((const IndexScan *) plan)->indexqual,
							  ((const IndexScan *) plan)->indexorderby);
		case T_IndexOnlyScan:
			return list_make2(((const IndexOnlyScan *) plan)->indexqual,
							  ((const IndexOnlyScan *) plan)->indexorderby);
		case T_BitmapIndexScan:
			return list_make1(((const BitmapIndexScan *) plan)->indexqual);
		case T_TidScan:
			return list_make1(((const TidScan *) plan)->tidquals);
		case T_TidRangeScan:
			return list_make1(((const TidRangeScan *) plan)->tidrangequals);
		case T_FunctionScan:
			return list_make1(((const FunctionScan *) plan)->functions);
		case T_TableFuncScan:
			return list_make1(((const TableFuncScan *) plan)->tablefunc);
		case T_ValuesScan:
			return list_make1(((const ValuesScan *) plan)->values_lists);
		case T_ForeignScan:
			return list_make2(((const ForeignScan *) plan)->fdw_exprs,
							  ((const ForeignScan *) plan)->fdw_recheck_quals);
		case T_CustomScan:
			return list_make1(((const CustomScan *) plan)->custom_exprs);
		case T_NestLoop:
		case T_MergeJoin:
		case T_HashJoin:
			return join_expressions((const Join *) plan);
		case T_Hash:
			return list_make1(((const Hash *) plan)->hashkeys);
		case T_Memoize:
			return list_make1(((const Memoize *) plan)->param_exprs);
		case T_WindowAgg:
			return list_make2(((const WindowAgg *) plan)->startOffset,
							  ((const WindowAgg *) plan)->endOffset);
		case T_Limit:
			return list_make2(((const Limit *) plan)->limitOffset,
							  ((const Limit *) plan)->limitCount);
		default:
			return NIL;
	}
}

List *
ai_plan_expressions(const Plan *plan)
{
	return lcons(plan->targetlist, lcons(plan->qual, ai_plan_own_expressions(plan)));
}

static List *
listed_children(const Plan *plan)
{
	switch (nodeTag(plan))
	{
		case T_Append:
			return ((const Append *) plan)->appendplans;
		case T_MergeAppend:
			return ((const MergeAppend *) plan)->mergeplans;
		case T_BitmapAnd:
			return ((const BitmapAnd *) plan)->bitmapplans;
		case T_BitmapOr:
			return ((const BitmapOr *) plan)->bitmapplans;
		case T_CustomScan:
			return ((const CustomScan *) plan)->custom_plans;
		case T_SubqueryScan:
			return list_make1(((const SubqueryScan *) plan)->subplan);
		default:
			return NIL;
	}
}

bool
ai_plan_children(const Plan *plan, bool (*walker) (Plan *plan, void *context), void *context)
{
	ListCell   *cell;

	if (walker(plan->lefttree, context) || walker(plan->righttree, context))
		return true;
	foreach(cell, listed_children(plan))
	{
		if (walker(lfirst(cell), context))
			return true;
	}
	return false;
}

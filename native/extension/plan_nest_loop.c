/*
 * plan_nest_loop.c
 *	  Calls in what a nested loop looks up for each row:
 *
 *	FROM t, jsonb_to_record(ai_inference('m', t.x)) AS r (label text)
 *	FROM t JOIN label ON label.name = ai_inference('m', t.x) ->> 'label'
 *
 * The inner side is given columns of the outer row as parameters.  A call that
 * is made of them once for each outer row is answered on the outer side, and its
 * result is one more parameter.
 */
#include "postgres.h"

#include "nodes/nodeFuncs.h"

#include "plan_calls.h"
#include "plan_columns.h"
#include "plan_nest_loop.h"
#include "plan_refuse.h"
#include "plan_walk.h"

/* Between the inner side's parameters and the outer side's columns. */
typedef struct Handover
{
	AiRewrite  *rewrite;
	NestLoop   *join;
	Bitmapset  *added;			/* parameters that were added */
} Handover;

/* Puts columns of the outer side in place of parameters that stand for them. */
static Node *
use_columns(Node *node, void *context)
{
	const Handover *handover = context;
	ListCell   *cell;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Param))
		return expression_tree_mutator(node, use_columns, context);
	foreach(cell, handover->join->nestParams)
	{
		const NestLoopParam *handed = lfirst(cell);

		if (((Param *) node)->paramkind == PARAM_EXEC &&
			((Param *) node)->paramid == handed->paramno)
			return copyObject((Node *) handed->paramval);
	}
	return node;
}

/* Adds a parameter for a column of the outer side. */
static NestLoopParam *
add_parameter(Handover *handover, const Var *column)
{
	PlannedStmt *statement = handover->rewrite->statement;
	NestLoopParam *handed = makeNode(NestLoopParam);

	handed->paramno = list_length(statement->paramExecTypes);
	handed->paramval = copyObject(unconstify(Var *, column));
	statement->paramExecTypes = lappend_oid(statement->paramExecTypes, column->vartype);
	handover->join->nestParams = lappend(handover->join->nestParams, handed);
	handover->added = bms_add_member(handover->added, handed->paramno);
	return handed;
}

/* Puts parameters in place of columns of the outer side. */
static Node *
use_parameters(Node *node, void *context)
{
	Handover   *handover = context;
	NestLoopParam *handed = NULL;
	Var		   *column = (Var *) node;
	Param	   *parameter;
	ListCell   *cell;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Var) || column->varno != OUTER_VAR)
		return expression_tree_mutator(node, use_parameters, context);
	foreach(cell, handover->join->nestParams)
	{
		NestLoopParam *known = lfirst(cell);

		if (known->paramval->varno == OUTER_VAR &&
			known->paramval->varattno == column->varattno)
			handed = known;
	}
	if (handed == NULL)
		handed = add_parameter(handover, column);
	parameter = makeNode(Param);
	parameter->paramkind = PARAM_EXEC;
	parameter->paramid = handed->paramno;
	parameter->paramtype = column->vartype;
	parameter->paramtypmod = column->vartypmod;
	parameter->paramcollid = column->varcollid;
	parameter->location = -1;
	return (Node *) parameter;
}

/* The expressions that an inner side evaluates once for each outer row. */
typedef struct Lookup
{
	Plan	   *plan;			/* that has them */
	List	  **evaluated;
	List	  **original;		/* the same, for rows that are checked again; or NULL */
} Lookup;

/* Finds them; false where there are none, or they are not evaluated for each row. */
static bool
find_lookup(Plan *inner, Lookup *lookup)
{
	Plan	   *plan = inner;

	/* Its heap pages are looked up by an index below it. */
	if (IsA(plan, BitmapHeapScan))
		plan = plan->lefttree;
	*lookup = (Lookup) {.plan = plan};
	switch (nodeTag(plan))
	{
		case T_FunctionScan:
			lookup->evaluated = &((FunctionScan *) plan)->functions;
			return true;
		case T_IndexScan:
			lookup->evaluated = &((IndexScan *) plan)->indexqual;
			lookup->original = &((IndexScan *) plan)->indexqualorig;
			return true;
		case T_IndexOnlyScan:
			lookup->evaluated = &((IndexOnlyScan *) plan)->indexqual;
			lookup->original = &((IndexOnlyScan *) plan)->recheckqual;
			return true;
		case T_BitmapIndexScan:
			lookup->evaluated = &((BitmapIndexScan *) plan)->indexqual;
			lookup->original = &((BitmapHeapScan *) inner)->bitmapqualorig;
			return true;
		default:
			return false;
	}
}

/* Lets a plan notice that the parameters change. */
static void
depend_on(Plan *plan, const Bitmapset *parameters)
{
	plan->extParam = bms_add_members(plan->extParam, parameters);
	plan->allParam = bms_add_members(plan->allParam, parameters);
}

static void
depend_on_all(Plan *inner, const Lookup *lookup, const Bitmapset *parameters)
{
	ListCell   *cell;

	depend_on(inner, parameters);
	if (lookup->plan != inner)
		depend_on(lookup->plan, parameters);
	if (!IsA(lookup->plan, FunctionScan))
		return;
	foreach(cell, *lookup->evaluated)
	{
		RangeTblFunction *function = lfirst_node(RangeTblFunction, cell);
		Bitmapset  *used = ai_columns_params(function->funcexpr);

		function->funcparams =
			bms_add_members(function->funcparams, bms_intersect(used, parameters));
	}
}

/* Returns the columns of the outer side that the join needs. */
static Bitmapset *
needed_columns(const NestLoop *join)
{
	Bitmapset  *needed = ai_columns_of((Node *) ai_plan_expressions(&join->join.plan));
	ListCell   *cell;

	foreach(cell, join->nestParams)
	{
		const NestLoopParam *handed = lfirst(cell);

		needed = bms_add_member(needed, handed->paramval->varattno);
	}
	return needed;
}

void
ai_plan_push_parameters(AiRewrite *rewrite, NestLoop *join, bool stops_early)
{
	Plan	   *plan = &join->join.plan;
	AiReadAhead ahead = {.plan = plan->lefttree, .below = ai_plan_expressions(plan->lefttree),
	.stops_early = stops_early};
	Handover	handover = {.rewrite = rewrite, .join = join};
	Lookup		lookup;
	List	   *pushed;
	AiStages	stages;

	if (!find_lookup(plan->righttree, &lookup) ||
		!ai_calls_contain((Node *) *lookup.evaluated))
		return;
	ahead.above = (Node *) list_make2(ai_plan_expressions(plan), *lookup.evaluated);
	if (ai_plan_refuse(rewrite->statement, &ahead) != NULL)
		return;
	pushed = ai_plan_push_begin(plan, (List *) use_columns((Node *) *lookup.evaluated,
														   &handover), &stages);
	if (pushed == NIL)
		return;
	(void) ai_plan_push_end(rewrite, plan, &stages, needed_columns(join), true);
	*lookup.evaluated = (List *) use_parameters((Node *) pushed, &handover);
	if (lookup.original != NULL)
	{
		Node	   *original = use_columns((Node *) *lookup.original, &handover);

		*lookup.original = (List *) use_parameters(ai_stages_use(&stages, original),
												   &handover);
	}
	depend_on_all(plan->righttree, &lookup, handover.added);
}

/*
 * batch_node.c
 *	  The plan node BatchInference: made by the planner's side, read by the
 *	  executor's.
 */
#include "postgres.h"

#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/value.h"

#include "batch_node.h"
#include "batch_scan.h"

/* Places in the lists of a call. */
enum
{
	EXPRESSION_MODEL,
	EXPRESSION_OPTIONS,
	EXPRESSION_ARGUMENT,
	EXPRESSION_REACH
};
enum
{
	PRIVATE_FUNCTION,			/* a list of one oid */
	PRIVATE_KINDS,				/* input kind, then a kind for each result */
	PRIVATE_MEMBERS,			/* a name for each result, or NULL */
	PRIVATE_COST				/* a Float with a point, or a worker would read an Integer */
};

static const CustomScanMethods plan_methods = {
	.CustomName = AI_BATCH_NODE_NAME,
	.CreateCustomScanState = ai_batch_scan_create,
};

CustomScan *
ai_batch_node_make(List *calls, List *columns, const AiRowBound *bound)
{
	CustomScan *node = makeNode(CustomScan);
	ListCell   *cell;

	foreach(cell, calls)
	{
		const AiNodeCall *call = lfirst(cell);
		List	   *kinds = list_make1_int(call->input);
		List	   *members = NIL;

		for (int i = 0; i < call->result_count; i++)
		{
			const char *member = call->results[i].member;

			kinds = lappend_int(kinds, call->results[i].kind);
			members = lappend(members, member == NULL ? NULL : makeString(pstrdup(member)));
		}
		node->custom_exprs = lappend(node->custom_exprs,
									 list_make4(call->model, call->options, call->argument,
												call->reach));
		node->custom_private = lappend(node->custom_private,
									   list_make4(list_make1_oid(call->function), kinds, members,
												  makeFloat(psprintf("%.3f", call->row_us))));
	}
	node->custom_exprs = lappend(node->custom_exprs, list_make2(bound->count, bound->offset));
	node->custom_scan_tlist = columns;
	node->methods = &plan_methods;
	/* It projects; it can neither go back nor return to a mark. */
	node->flags = CUSTOMPATH_SUPPORT_PROJECTION;
	return node;
}

List *
ai_batch_node_read(const CustomScan *node, AiRowBound *bound)
{
	List	   *calls = NIL;
	ListCell   *expressions;
	ListCell   *private;
	List	   *limit = llast(node->custom_exprs);

	forboth(expressions, node->custom_exprs, private, node->custom_private)
	{
		AiNodeCall *call = palloc0(sizeof(AiNodeCall));
		List	   *of_call = lfirst(expressions);
		List	   *kinds = list_nth(lfirst(private), PRIVATE_KINDS);
		List	   *members = list_nth(lfirst(private), PRIVATE_MEMBERS);

		call->function = linitial_oid(list_nth(lfirst(private), PRIVATE_FUNCTION));
		call->input = linitial_int(kinds);
		call->row_us = floatVal(list_nth(lfirst(private), PRIVATE_COST));
		call->model = list_nth(of_call, EXPRESSION_MODEL);
		call->options = list_nth(of_call, EXPRESSION_OPTIONS);
		call->argument = list_nth(of_call, EXPRESSION_ARGUMENT);
		call->reach = list_nth(of_call, EXPRESSION_REACH);
		call->result_count = list_length(members);
		call->results = palloc(call->result_count * sizeof(AiResult));
		for (int i = 0; i < call->result_count; i++)
		{
			Node	   *member = list_nth(members, i);

			call->results[i].kind = list_nth_int(kinds, i + 1);
			call->results[i].member = member == NULL ? NULL : strVal(member);
		}
		calls = lappend(calls, call);
	}
	bound->count = linitial(limit);
	bound->offset = lsecond(limit);
	return calls;
}

bool
ai_batch_node_is(const Plan *plan)
{
	return plan != NULL && IsA(plan, CustomScan) &&
		((const CustomScan *) plan)->methods == &plan_methods;
}

void
ai_batch_node_init(void)
{
	RegisterCustomScanMethods(&plan_methods);
}

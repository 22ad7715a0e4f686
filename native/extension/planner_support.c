/*
 * planner_support.c
 *	  What the planner asks of ai_inference(): its support function.
 *
 * Asked to simplify a call it only notes that there is one.  Asked for its cost
 * it answers from what the model was measured to take, so that PostgreSQL
 * applies predictions after cheaper conditions, and chooses plans by them.
 *
 * Only a superuser can attach a support function, so a function that has this
 * one is ours.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/supportnodes.h"
#include "optimizer/optimizer.h"

#include "call_cost.h"
#include "plan_noted.h"

/*
 * The planner's operators in a microsecond: at its default settings it takes
 * 40 ns for a row of a scan, and 4 operators for the same.
 */
#define OPERATORS_PER_US 100

PG_FUNCTION_INFO_V1(ai_inference_support);

/* Fills in the cost of a call; false where its model is not known while planning. */
static bool
answer_cost(SupportRequestCost *request)
{
	FuncExpr   *call = (FuncExpr *) request->node;
	AiCallCost	cost;

	if (call == NULL || !IsA(call, FuncExpr) || call->args == NIL ||
		!ai_call_cost_of(linitial(call->args), &cost))
		return false;
	request->startup = 0;
	/* Whatever the settings are: with other plans, rows would come in another order. */
	request->per_tuple = cost.row_us * OPERATORS_PER_US * cpu_operator_cost;
	return true;
}

/* _inference_support(internal) */
Datum
ai_inference_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify))
		ai_noted_add(((SupportRequestSimplify *) request)->fcall->funcid);
	if (IsA(request, SupportRequestCost) && answer_cost((SupportRequestCost *) request))
		PG_RETURN_POINTER(request);
	PG_RETURN_POINTER(NULL);
}

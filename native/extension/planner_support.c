/*
 * planner_support.c
 *	  What the planner asks of ai_inference(): its support function.
 *
 * Asked to simplify a call it only notes that there is one.  Only a superuser
 * can attach a support function, so a function that has this one is ours.
 */
#include "postgres.h"

#include "fmgr.h"
#include "nodes/supportnodes.h"

#include "planner.h"

PG_FUNCTION_INFO_V1(ai_inference_support);

/* _inference_support(internal) */
Datum
ai_inference_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);

	if (IsA(request, SupportRequestSimplify))
		ai_planner_note(((SupportRequestSimplify *) request)->fcall->funcid);
	PG_RETURN_POINTER(NULL);
}

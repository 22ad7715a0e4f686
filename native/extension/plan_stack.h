/*
 * plan_stack.h
 *	  From stages to a stack of BatchInference nodes.
 */
#ifndef AI_RUNTIME_PLAN_STACK_H
#define AI_RUNTIME_PLAN_STACK_H

#include "postgres.h"

#include "nodes/plannodes.h"

#include "batch_node.h"
#include "plan_stages.h"

/* What stands on top of a plan. */
typedef struct AiStack
{
	Plan	   *top;			/* NULL if there is no stage */
	Plan	   *bottom;			/* the lowest BatchInference node */
	List	   *base;			/* numbers of the base's columns that it reads, in order */
} AiStack;

/*
 * Builds the nodes; the highest computes the target list (over the stages'
 * columns).  With narrow, the base gives only the columns in stack->base, in
 * that order; else all of them.  The nodes still miss a child, costs and
 * parameters.
 */
extern void ai_stack_build(const AiStages *stages, List *targetlist, bool narrow,
						   const AiRowBound *bound, AiStack *stack);

#endif							/* AI_RUNTIME_PLAN_STACK_H */

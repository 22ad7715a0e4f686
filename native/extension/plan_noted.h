/*
 * plan_noted.h
 *	  Which functions of ours the statement being planned calls.
 *
 * The planner calls the support function (planner_support.c) for every call of
 * ai_inference() that it meets; what it told is known here until the statement
 * is planned.  A statement without such a call costs one comparison.
 */
#ifndef AI_RUNTIME_PLAN_NOTED_H
#define AI_RUNTIME_PLAN_NOTED_H

#include "postgres.h"

/* More than there are overloads of ai_inference(). */
#define AI_MAX_NOTED 16

typedef struct AiNoted
{
	int			count;
	Oid			functions[AI_MAX_NOTED];
} AiNoted;

/* Notes that the statement being planned calls this function of ours. */
extern void ai_noted_add(Oid function);

/* True if the statement being planned calls the function, and it is one of ours. */
extern bool ai_noted_contains(Oid function);

/* True if the statement being planned calls one of them. */
extern bool ai_noted_any(void);

/* Starts a statement with nothing noted; returns what to hand to ai_noted_end(). */
extern AiNoted ai_noted_begin(void);

/* Ends a statement; what was noted of the one around it is known again. */
extern void ai_noted_end(const AiNoted *outer);

#endif							/* AI_RUNTIME_PLAN_NOTED_H */

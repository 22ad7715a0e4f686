/*
 * plan_nest_loop.h
 *	  Calls in what a nested loop looks up for each row.
 */
#ifndef AI_RUNTIME_PLAN_NEST_LOOP_H
#define AI_RUNTIME_PLAN_NEST_LOOP_H

#include "postgres.h"

#include "plan_lift.h"

/*
 * Lets nodes on the outer side answer calls that the inner side makes of the
 * outer side's row, and hands the answers over as parameters.
 */
extern void ai_plan_push_parameters(AiRewrite *rewrite, NestLoop *join, bool stops_early);

#endif							/* AI_RUNTIME_PLAN_NEST_LOOP_H */

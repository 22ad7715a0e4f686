/*
 * plan_grouping.h
 *	  Calls in the arguments of aggregates and window functions.
 */
#ifndef AI_RUNTIME_PLAN_GROUPING_H
#define AI_RUNTIME_PLAN_GROUPING_H

#include "postgres.h"

#include "plan_lift.h"

/* Lets nodes below an Agg or WindowAgg answer calls in what it aggregates. */
extern void ai_plan_push_aggregates(AiRewrite *rewrite, Plan *plan, bool stops_early);

#endif							/* AI_RUNTIME_PLAN_GROUPING_H */

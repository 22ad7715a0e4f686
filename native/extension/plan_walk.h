/*
 * plan_walk.h
 *	  The parts of a finished plan's nodes: what they evaluate, what they read.
 */
#ifndef AI_RUNTIME_PLAN_WALK_H
#define AI_RUNTIME_PLAN_WALK_H

#include "postgres.h"

#include "nodes/plannodes.h"

#include "batch_node.h"

/* Returns the expressions that a node evaluates: target list, quals and its own ones. */
extern List *ai_plan_expressions(const Plan *plan);

/* Returns those of ai_plan_expressions() but the target list and quals. */
extern List *ai_plan_own_expressions(const Plan *plan);

/* Calls walker for each child until it returns true; returns whether it did. */
extern bool ai_plan_children(const Plan *plan, bool (*walker) (Plan *plan, void *context),
							 void *context);

#endif							/* AI_RUNTIME_PLAN_WALK_H */

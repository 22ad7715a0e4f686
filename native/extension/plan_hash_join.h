/*
 * plan_hash_join.h
 *	  Calls in what a hash join hashes.
 */
#ifndef AI_RUNTIME_PLAN_HASH_JOIN_H
#define AI_RUNTIME_PLAN_HASH_JOIN_H

#include "postgres.h"

#include "plan_lift.h"

/* Lets nodes below a hash join answer calls in its hash keys, on either side. */
extern void ai_plan_push_hash_keys(AiRewrite *rewrite, HashJoin *join, bool stops_early);

#endif							/* AI_RUNTIME_PLAN_HASH_JOIN_H */

/*
 * feature_plan.h
 *	  Declared features of a row of JSON, straight into the elements of a tensor:
 *	  the short way for the rows of a batch.
 *
 * A plan has the keys that features are read from in jsonb's own order, so that
 * one walk over an object meets them all.  What it does not know (nested paths,
 * aggregates, strings, whatever is wrong) it leaves to features.c.
 */
#ifndef AI_RUNTIME_FEATURE_PLAN_H
#define AI_RUNTIME_FEATURE_PLAN_H

#include "feature_spec.h"

typedef struct AiFeaturePlan AiFeaturePlan;

/* Makes a plan in the current memory context, or returns NULL if none would do. */
extern AiFeaturePlan *ai_feature_plan_compile(const AiSignature *signature,
											  const AiInputSpec *spec);

/* Returns the bytes of a row's elements. */
extern int	ai_feature_plan_row_bytes(const AiFeaturePlan *plan);

/* Writes the elements of a row; false if it takes the long way. */
extern bool ai_feature_plan_write(const AiFeaturePlan *plan, const Jsonb *row, char *elements);

#endif							/* AI_RUNTIME_FEATURE_PLAN_H */

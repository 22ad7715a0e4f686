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

/* A feature, and where its elements stand. */
typedef struct AiPlanFeature
{
	const AiFeature *feature;
	const char *key;
	int			key_bytes;
	int			offset;			/* of its first element in the row, in bytes */
	bool		must_be_given;	/* the row has nothing to put in its place */
} AiPlanFeature;

typedef struct AiFeaturePlan
{
	uint8		datatype;
	int			element_bytes;
	int			row_bytes;
	int			feature_count;
	AiPlanFeature *features;	/* by key, in jsonb's order */
	int			must_be_given;	/* so many of them */
	char	   *missing;		/* a row of which nothing was given */
} AiFeaturePlan;

/* Makes a plan in the current memory context, or returns NULL if none would do. */
extern AiFeaturePlan *ai_feature_plan_compile(const AiSignature *signature,
											  const AiInputSpec *spec);

/* Writes the elements of a row; false if it takes the long way. */
extern bool ai_feature_plan_write(const AiFeaturePlan *plan, const Jsonb *row, char *elements);

/* Writes one value that is not null; false if it takes the long way. */
extern bool ai_feature_plan_write_value(const AiFeaturePlan *plan, const AiPlanFeature *planned,
										const JsonbValue *value, char *elements);

#endif							/* AI_RUNTIME_FEATURE_PLAN_H */

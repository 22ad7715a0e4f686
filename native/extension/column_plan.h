/*
 * column_plan.h
 *	  Columns of a row straight into the elements of declared features: no JSON on
 *	  the way, and bit for bit what would have come of it.
 */
#ifndef AI_RUNTIME_COLUMN_PLAN_H
#define AI_RUNTIME_COLUMN_PLAN_H

#include "feature_plan.h"
#include "row_columns.h"

typedef struct AiColumnPlan
{
	const AiFeaturePlan *features;
	Oid		   *types;			/* of the column of each feature */
	int		   *columns;		/* by feature; -1: there is none of that name */
	bool	   *needed;			/* by column */
} AiColumnPlan;

/* Makes a plan in the current memory context. */
extern AiColumnPlan *ai_column_plan_compile(const AiFeaturePlan *features,
											const AiRowColumns *columns);

/* Writes the elements of a row; false if it takes the long way. */
extern bool ai_column_plan_write(const AiColumnPlan *plan, const Datum *values,
								 const bool *nulls, char *elements);

#endif							/* AI_RUNTIME_COLUMN_PLAN_H */

/*
 * row_columns.h
 *	  A row as columns with names, and the jsonb object that they stand for.
 */
#ifndef AI_RUNTIME_ROW_COLUMNS_H
#define AI_RUNTIME_ROW_COLUMNS_H

#include "fmgr.h"
#include "utils/jsonb.h"

#include "batch_evaluator.h"

typedef struct AiRowColumns
{
	int			count;
	char	  **names;
	Oid		   *types;			/* without domains over them */
	FmgrInfo   *to_jsonb;
} AiRowColumns;

/* Makes a copy of the columns of a spec, in the current memory context. */
extern AiRowColumns *ai_row_columns_create(const AiRowColumn *columns, int count);

/*
 * Returns the object as to_jsonb() of the row gives it, in the current memory
 * context.  Columns that are not needed (NULL: all are) are left out.  May call
 * functions of users, for their types.
 */
extern Jsonb *ai_row_columns_to_jsonb(AiRowColumns *columns, const Datum *values,
									  const bool *nulls, const bool *needed);

#endif							/* AI_RUNTIME_ROW_COLUMNS_H */

/*
 * batch.h
 *	  What evaluators and batches are made of: for batch_evaluator.c, which fills
 *	  batches, and batch_answer.c, which reads what came back.
 */
#ifndef AI_RUNTIME_BATCH_H
#define AI_RUNTIME_BATCH_H

#include "batch_exchange.h"
#include "projection.h"

/* Where a row went. */
typedef struct AiBatchRow
{
	int32		request;		/* or one of the two below */
	int32		index;			/* within the request; of the error */
} AiBatchRow;

#define ROW_IS_NULL (-1)
#define ROW_IS_ERROR (-2)

/* How rows go into a frame without being encoded alone first. */
typedef enum AiQuickWay
{
	AI_QUICK_NOT,
	AI_QUICK_ARRAY,
	AI_QUICK_FEATURES			/* of jsonb, or of columns */
} AiQuickWay;

struct AiEvaluator
{
	MemoryContext context;
	AiEvaluatorSpec spec;
	AiCall	   *call;
	AiRequestPool pool;
	AiBatch    *idle;			/* batches to be used again */
	AiProjection *projections;	/* one for each result of the spec */
	uint64		prepared_for;	/* selection that projections and may_merge are for */
	bool		may_merge;
	AiInputKind datum_kind;		/* of what is encoded: jsonb for columns, too */
	AiRowColumns *columns;		/* of AI_INPUT_ROW */
	AiColumnPlan *column_plan;	/* for the call, or NULL */
	MemoryContext row_context;	/* of what encoding a row leaves behind */
	StringInfoData row_frame;
	union
	{
		char		bytes[VARATT_SHORT_MAX + VARHDRSZ];
		double		aligned;
	}			unpacked;		/* a short value, aligned */
	AiEvaluatorStats stats;
};

struct AiBatch
{
	AiBatch    *next_idle;
	AiEvaluator *evaluator;
	MemoryContext context;		/* of its errors and parts */
	AiCall	   *call;
	AiQuickWay	quick_way;
	const AiColumnPlan *column_plan;
	int			row_count;
	int			rows_allocated;
	AiBatchRow *rows;
	int			request_count;
	int			requests_allocated;
	AiBatchRequest **requests;
	int			last;			/* request that the last row went to */
	int			error_count;
	int			errors_allocated;
	ErrorData **errors;
	int64		bytes;

	/* The whole answer of the row that was taken last, for its other results. */
	MemoryContext answer_context;
	int			answered;		/* that row; -1: none */
	Jsonb	   *answer;			/* or NULL */
};

#endif							/* AI_RUNTIME_BATCH_H */

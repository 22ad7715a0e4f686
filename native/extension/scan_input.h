/*
 * scan_input.h
 *	  The input of a call in a running BatchInference node.
 *
 * to_jsonb(record) and jsonb_build_object() are not evaluated: the evaluator is
 * given their columns, and makes JSON of them only where the model takes it.
 */
#ifndef AI_RUNTIME_SCAN_INPUT_H
#define AI_RUNTIME_SCAN_INPUT_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "nodes/execnodes.h"

#include "batch_evaluator.h"

typedef struct AiScanInput
{
	AiInputKind kind;
	ExprState  *whole;			/* the input or, with AI_INPUT_ROW, a record; or NULL */
	TupleDesc	record;			/* of whole, with AI_INPUT_ROW */
	int		   *places;			/* of the columns in it: it may have dropped ones */
	ExprState **parts;			/* of the columns, where there is no whole */
	int			column_count;
	AiRowColumn *columns;

	/* Of the row that was evaluated last. */
	Datum		value;
	Datum	   *values;
	bool	   *nulls;
	Datum	   *record_values;
	bool	   *record_nulls;
} AiScanInput;

/* Prepares the argument of a call of that kind. */
extern void ai_scan_input_begin(AiScanInput *input, AiInputKind kind, Expr *argument,
								PlanState *planstate);

/* Evaluates the input for the row that the context is at; false if it is NULL. */
extern bool ai_scan_input_evaluate(AiScanInput *input, ExprContext *context);

/* Adds what was evaluated. */
extern void ai_scan_input_add(const AiScanInput *input, AiBatch *batch);

#endif							/* AI_RUNTIME_SCAN_INPUT_H */

/*
 * batch_scan.h
 *	  The executor's side of the node BatchInference.
 */
#ifndef AI_RUNTIME_BATCH_SCAN_H
#define AI_RUNTIME_BATCH_SCAN_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "nodes/extensible.h"

#include "batch_node.h"
#include "scan_input.h"

/* A call of a running node. */
typedef struct AiScanCall
{
	AiNodeCall *plan;
	ExprState  *model;
	ExprState  *options;
	AiScanInput input;
	ExprState  *reach;			/* NULL: every row */
	int			first_column;	/* of its results, among the results of the node */
	bool	   *filtered_on;	/* for each result: the node's filters need it */

	bool		is_ready;		/* the following hold for this scan */
	bool		is_null;		/* the model is NULL, and so is every answer */
	Datum		model_value;
	Datum		options_value;
	bool		options_null;
	MemoryContext context;		/* of the evaluator and what it was made from */
	AiEvaluator *evaluator;
	AiEvaluatorStats before;	/* of evaluators that were replaced, and of workers */
} AiScanCall;

/* A column of the child that rows are kept with. */
typedef struct AiKeptColumn
{
	AttrNumber	number;			/* in the child's rows */
	int16		length;
	bool		by_value;
} AiKeptColumn;

/* Rows that were read and sent, and not given yet. */
typedef struct AiScanBatch
{
	MemoryContext context;
	int			rows;
	int			next;			/* the row to give next */
	int64		first;			/* its first row's number in the scan, from 1 */
	Size		empty_bytes;	/* of the context, without rows */
	Datum	   *values;			/* kept columns, row by row */
	bool	   *nulls;
	AiBatch   **batches;		/* of each call; NULL where the model is */
} AiScanBatch;

typedef struct AiSharedStats AiSharedStats;

typedef struct AiBatchScanState
{
	CustomScanState css;
	int			call_count;
	AiScanCall *calls;
	int			kept_count;
	AiKeptColumn *kept;
	AttrNumber	last_kept;		/* the highest of their numbers */
	ExprState  *bound_count;
	ExprState  *bound_offset;
	ExprContext *reading;		/* in which a row of the child is looked at */

	bool		started;
	bool		child_done;
	int64		rows_wanted;	/* by the LIMIT above; -1: not known */
	int64		rows_read;
	int			batch_rows;		/* of the next batch, if a full one is not smaller */
	AiScanBatch *current;
	AiScanBatch *ahead;
	Plan	   *plan;			/* the node's own, while another one stands for it */
	AiSharedStats *shared;		/* NULL: not below a Gather, or it has ended */
} AiBatchScanState;

/* Makes the state of a node that ai_batch_node_make() made. */
extern Node *ai_batch_scan_create(CustomScan *plan);

/* Evaluates a call's model and options, and sees to it that its evaluator is theirs. */
extern void ai_scan_call_start(AiBatchScanState *scan, AiScanCall *call);

/* Adds up what a call's evaluators did. */
extern void ai_scan_call_stats(const AiScanCall *call, AiEvaluatorStats *stats);

/* Adds the figures of one evaluator to a sum. */
extern void ai_scan_stats_add(AiEvaluatorStats *sum, const AiEvaluatorStats *stats);

/* Prepares a node that may run in workers. */
extern void ai_scan_parallel_begin(AiBatchScanState *scan, int eflags);

/* The node's callbacks below a Gather. */
extern Size ai_scan_parallel_estimate(CustomScanState *node, ParallelContext *pcxt);
extern void ai_scan_parallel_initialize(CustomScanState *node, ParallelContext *pcxt,
										void *coordinate);
extern void ai_scan_parallel_reinitialize(CustomScanState *node, ParallelContext *pcxt,
										  void *coordinate);
extern void ai_scan_parallel_initialize_worker(CustomScanState *node, shm_toc *toc,
											   void *coordinate);
extern void ai_scan_parallel_shutdown(CustomScanState *node);

/* Tells the leader what this worker did so far. */
extern void ai_scan_parallel_publish(AiBatchScanState *scan);

/* Adds to EXPLAIN's output. */
extern void ai_batch_scan_explain(CustomScanState *node, List *ancestors, ExplainState *es);

#endif							/* AI_RUNTIME_BATCH_SCAN_H */

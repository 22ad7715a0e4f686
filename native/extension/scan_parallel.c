/*
 * scan_parallel.c
 *	  What the workers of a parallel query tell of their batches.
 *
 * Each worker runs a BatchInference node of its own, with a connection of its
 * own; they share nothing but the figures that EXPLAIN ANALYZE adds up.
 */
#include "postgres.h"

#include "access/parallel.h"
#include "executor/executor.h"

#include "batch_scan.h"

/* Figures of each call, of one worker after the other. */
struct AiSharedStats
{
	int			workers;
	AiEvaluatorStats stats[FLEXIBLE_ARRAY_MEMBER];
};

/*
 * PostgreSQL gives shared memory to nodes that are parallel aware.  This one
 * shares no work, and EXPLAIN should not say so: while the plan runs, a copy of
 * the plan node that has the mark stands for it.
 */
void
ai_scan_parallel_begin(AiBatchScanState *scan, int eflags)
{
	PlanState  *planstate = &scan->css.ss.ps;
	CustomScan *marked;

	if ((eflags & EXEC_FLAG_EXPLAIN_ONLY) != 0 ||
		(((CustomScan *) planstate->plan)->flags & AI_BATCH_NODE_IN_WORKERS) == 0)
		return;
	marked = palloc(sizeof(CustomScan));
	memcpy(marked, planstate->plan, sizeof(CustomScan));
	marked->scan.plan.parallel_aware = true;
	scan->plan = planstate->plan;
	planstate->plan = &marked->scan.plan;
}

static Size
shared_size(const AiBatchScanState *scan, int workers)
{
	return add_size(offsetof(AiSharedStats, stats),
					mul_size(mul_size(workers, scan->call_count), sizeof(AiEvaluatorStats)));
}

Size
ai_scan_parallel_estimate(CustomScanState *node, ParallelContext *pcxt)
{
	return shared_size((AiBatchScanState *) node, pcxt->nworkers);
}

void
ai_scan_parallel_initialize(CustomScanState *node, ParallelContext *pcxt, void *coordinate)
{
	AiBatchScanState *scan = (AiBatchScanState *) node;

	scan->shared = coordinate;
	memset(scan->shared, 0, shared_size(scan, pcxt->nworkers));
	scan->shared->workers = pcxt->nworkers;
}

void
ai_scan_parallel_initialize_worker(CustomScanState *node, shm_toc *toc, void *coordinate)
{
	(void) toc;
	((AiBatchScanState *) node)->shared = coordinate;
}

void
ai_scan_parallel_publish(AiBatchScanState *scan)
{
	if (scan->shared == NULL || !IsParallelWorker())
		return;
	for (int i = 0; i < scan->call_count; i++)
		ai_scan_call_stats(&scan->calls[i],
						   &scan->shared->stats[ParallelWorkerNumber * scan->call_count + i]);
}

/* Keeps what the workers did before their memory goes, or is used again. */
static void
collect(AiBatchScanState *scan)
{
	if (scan->shared == NULL || IsParallelWorker())
		return;
	for (int worker = 0; worker < scan->shared->workers; worker++)
	{
		for (int i = 0; i < scan->call_count; i++)
			ai_scan_stats_add(&scan->calls[i].before,
							  &scan->shared->stats[worker * scan->call_count + i]);
	}
	scan->shared = NULL;
}

void
ai_scan_parallel_shutdown(CustomScanState *node)
{
	AiBatchScanState *scan = (AiBatchScanState *) node;

	ai_scan_parallel_publish(scan);
	collect(scan);
	if (scan->plan != NULL)
		node->ss.ps.plan = scan->plan;
}

void
ai_scan_parallel_reinitialize(CustomScanState *node, ParallelContext *pcxt, void *coordinate)
{
	collect((AiBatchScanState *) node);
	ai_scan_parallel_initialize(node, pcxt, coordinate);
}

/*
 * scan_call.c
 *	  A call of a running BatchInference node: its model, options and evaluator.
 *
 * The model and the options are evaluated once for a scan.  A rescan, with
 * other parameters perhaps, evaluates them again and keeps the evaluator where
 * they did not change.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "batch_scan.h"

void
ai_scan_stats_add(AiEvaluatorStats *sum, const AiEvaluatorStats *stats)
{
	sum->rows += stats->rows;
	sum->batches += stats->batches;
	sum->requests += stats->requests;
	sum->max_in_flight = Max(sum->max_in_flight, stats->max_in_flight);
	sum->queue_us += stats->queue_us;
	sum->compute_us += stats->compute_us;
	sum->cache_hits += stats->cache_hits;
}

void
ai_scan_call_stats(const AiScanCall *call, AiEvaluatorStats *stats)
{
	*stats = call->before;
	if (call->evaluator != NULL)
		ai_scan_stats_add(stats, ai_evaluator_stats(call->evaluator));
}

static void
drop_evaluator(AiScanCall *call)
{
	if (call->evaluator != NULL)
		ai_scan_stats_add(&call->before, ai_evaluator_stats(call->evaluator));
	call->evaluator = NULL;
	if (call->context != NULL)
		MemoryContextDelete(call->context);
	call->context = NULL;
}

static void
make_evaluator(AiBatchScanState *scan, AiScanCall *call, Datum model, Datum options,
			   bool options_null)
{
	AiEvaluatorSpec spec = {0};
	MemoryContext caller;

	drop_evaluator(call);
	call->context = AllocSetContextCreate(scan->css.ss.ps.state->es_query_cxt,
										  "ai_runtime scan call", ALLOCSET_SMALL_SIZES);
	caller = MemoryContextSwitchTo(call->context);
	call->model_value = datumCopy(model, false, -1);
	call->options_null = options_null;
	call->options_value = options_null ? (Datum) 0 : datumCopy(options, false, -1);
	spec.input = call->input.kind;
	spec.column_count = call->input.column_count;
	spec.columns = call->input.columns;
	spec.address = DatumGetTextPP(call->model_value);
	spec.options = options_null ? NULL : DatumGetJsonbP(call->options_value);
	spec.result_count = call->plan->result_count;
	spec.results = call->plan->results;
	call->evaluator = ai_evaluator_create(&spec, call->context);
	MemoryContextSwitchTo(caller);
}

void
ai_scan_call_start(AiBatchScanState *scan, AiScanCall *call)
{
	ExprContext *context = scan->css.ss.ps.ps_ExprContext;
	Datum		model;
	Datum		options;
	bool		options_null;

	if (call->is_ready)
		return;
	model = ExecEvalExprSwitchContext(call->model, context, &call->is_null);
	options = ExecEvalExprSwitchContext(call->options, context, &options_null);
	if (!call->is_null &&
		(call->evaluator == NULL || options_null != call->options_null ||
		 !datum_image_eq(model, call->model_value, false, -1) ||
		 (!options_null && !datum_image_eq(options, call->options_value, false, -1))))
		make_evaluator(scan, call, model, options, options_null);
	call->is_ready = true;
}

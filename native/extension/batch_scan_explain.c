/*
 * batch_scan_explain.c
 *	  What EXPLAIN tells of a BatchInference node.
 *
 * Without ANALYZE nothing is asked of the server: the version is looked up in
 * the registry, and what a row takes was measured before.
 */
#include "postgres.h"

#include "commands/explain.h"
#include "executor/executor.h"
#include "utils/builtins.h"
#include "utils/ruleutils.h"

#include "batch_scan.h"
#include "call_cost.h"

/* True if the model can be told before the plan runs. */
static bool
is_model_known(const AiBatchScanState *scan, const Expr *model)
{
	const Param *parameter = (const Param *) model;
	const ParamListInfo given = scan->css.ss.ps.state->es_param_list_info;

	if (IsA(model, Const))
		return true;
	return IsA(model, Param) && parameter->paramkind == PARAM_EXTERN && given != NULL &&
		parameter->paramid <= given->numParams;
}

/* Returns the model that a call names: its address, or the expression for it. */
static char *
model_of(AiBatchScanState *scan, const AiScanCall *call, List *ancestors, ExplainState *es)
{
	bool		is_null;
	Datum		address;
	List	   *context;

	if (is_model_known(scan, call->plan->model))
	{
		address = ExecEvalExprSwitchContext(call->model, scan->reading, &is_null);
		return is_null ? pstrdup("NULL") : TextDatumGetCString(address);
	}
	if (call->evaluator != NULL)
		return TextDatumGetCString(call->model_value);
	context = set_deparse_context_plan(es->deparse_cxt, scan->css.ss.ps.plan, ancestors);
	return deparse_expression((Node *) call->plan->model, context, false, false);
}

/* Shows the model, and what the planner expected of it. */
static void
explain_plan(AiBatchScanState *scan, const AiScanCall *call, List *ancestors, ExplainState *es)
{
	char	   *model = model_of(scan, call, ancestors, es);
	double		rows = scan->css.ss.ps.plan->lefttree->plan_rows;
	double		row_us = call->plan->row_us;
	AiCallCost	cost;
	bool		is_known = ai_call_cost(model, (int) strlen(model), &cost);

	if (es->format == EXPLAIN_FORMAT_TEXT)
	{
		appendStringInfoSpaces(es->str, es->indent * 2);
		appendStringInfo(es->str, "Model: %s", is_known ? cost.version : model);
		if (es->costs && row_us > 0)
			appendStringInfo(es->str, "  (%.0f rows x %.4f ms)", rows, row_us / 1000);
		appendStringInfoChar(es->str, '\n');
		return;
	}
	ExplainPropertyText("Model", is_known ? cost.version : model, es);
	if (!es->costs || row_us <= 0)
		return;
	ExplainPropertyFloat("Estimated Rows", NULL, rows, 0, es);
	ExplainPropertyFloat("Estimated Row Time", "ms", row_us / 1000, 4, es);
}

static void
explain_analyze_text(const AiEvaluatorStats *stats, ExplainState *es)
{
	appendStringInfoSpaces(es->str, es->indent * 2);
	appendStringInfo(es->str, "Requests: " INT64_FORMAT "  Batches: " INT64_FORMAT
					 "  Mean Batch: %.1f  In Flight: %d  Cache Hits: " INT64_FORMAT "\n",
					 stats->requests, stats->batches,
					 (double) stats->rows / Max(stats->batches, 1), stats->max_in_flight,
					 stats->cache_hits);
	if (!es->timing)
		return;
	appendStringInfoSpaces(es->str, es->indent * 2);
	appendStringInfo(es->str, "Queue Time: %.3f ms  Compute Time: %.3f ms\n",
					 (double) stats->queue_us / 1000, (double) stats->compute_us / 1000);
}

static void
explain_analyze(const AiEvaluatorStats *stats, ExplainState *es)
{
	if (es->format == EXPLAIN_FORMAT_TEXT)
	{
		es->indent++;
		explain_analyze_text(stats, es);
		es->indent--;
		return;
	}
	ExplainPropertyInteger("Inferred Rows", NULL, stats->rows, es);
	ExplainPropertyInteger("Requests", NULL, stats->requests, es);
	ExplainPropertyInteger("Batches", NULL, stats->batches, es);
	ExplainPropertyFloat("Mean Batch", NULL, (double) stats->rows / Max(stats->batches, 1), 1,
						 es);
	ExplainPropertyInteger("In Flight", NULL, stats->max_in_flight, es);
	ExplainPropertyInteger("Cache Hits", NULL, stats->cache_hits, es);
	if (!es->timing)
		return;
	ExplainPropertyFloat("Queue Time", "ms", (double) stats->queue_us / 1000, 3, es);
	ExplainPropertyFloat("Compute Time", "ms", (double) stats->compute_us / 1000, 3, es);
}

void
ai_batch_scan_explain(CustomScanState *node, List *ancestors, ExplainState *es)
{
	AiBatchScanState *scan = (AiBatchScanState *) node;

	ExplainOpenGroup("Inferences", "Inferences", false, es);
	for (int i = 0; i < scan->call_count; i++)
	{
		AiEvaluatorStats stats;

		ExplainOpenGroup("Inference", NULL, true, es);
		explain_plan(scan, &scan->calls[i], ancestors, es);
		ai_scan_call_stats(&scan->calls[i], &stats);
		if (es->analyze)
			explain_analyze(&stats, es);
		ExplainCloseGroup("Inference", NULL, true, es);
	}
	ExplainCloseGroup("Inferences", "Inferences", false, es);
}

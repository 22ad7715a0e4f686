/*
 * batch_scan.c
 *	  Runs a BatchInference node: rows of its child in, the same rows with
 *	  predictions out, in the same order.
 *
 * The first batch is small and alone, so that a query that wants few rows reads
 * few.  Then batches double, and while one is given away the next is under way.
 * Of a row only the columns that are used above are kept.
 */
#include "postgres.h"

#include "catalog/objectaccess.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "utils/acl.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "batch_scan.h"
#include "compat.h"

/* Rows of the first batch, and of a full one until a model tells. */
#define FIRST_ROWS 16
#define USUAL_ROWS 256

static void begin(CustomScanState *node, EState *estate, int eflags);
static TupleTableSlot *next(CustomScanState *node);
static void end(CustomScanState *node);
static void rescan(CustomScanState *node);

static const CustomExecMethods exec_methods = {
	.CustomName = AI_BATCH_NODE_NAME,
	.BeginCustomScan = begin,
	.ExecCustomScan = next,
	.EndCustomScan = end,
	.ReScanCustomScan = rescan,
	.EstimateDSMCustomScan = ai_scan_parallel_estimate,
	.InitializeDSMCustomScan = ai_scan_parallel_initialize,
	.ReInitializeDSMCustomScan = ai_scan_parallel_reinitialize,
	.InitializeWorkerCustomScan = ai_scan_parallel_initialize_worker,
	.ShutdownCustomScan = ai_scan_parallel_shutdown,
	.ExplainCustomScan = ai_batch_scan_explain,
};

Node *
ai_batch_scan_create(CustomScan *plan)
{
	AiBatchScanState *scan = palloc0(sizeof(AiBatchScanState));

	(void) plan;
	NodeSetTag(scan, T_CustomScanState);
	scan->css.methods = &exec_methods;
	return (Node *) scan;
}

/* Raises unless the user may call the function, as PostgreSQL would for the call itself. */
static void
check_right(Oid function)
{
	if (!ai_function_may_execute(function, GetUserId()))
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FUNCTION, get_func_name(function));
	InvokeFunctionExecuteHook(function);
}

static void
begin_calls(AiBatchScanState *scan, List *calls)
{
	PlanState  *planstate = &scan->css.ss.ps;
	Bitmapset  *filtered_on = NULL;
	ListCell   *cell;
	int			column = scan->kept_count;

	pull_varattnos((Node *) planstate->plan->qual, INDEX_VAR, &filtered_on);
	scan->call_count = list_length(calls);
	scan->calls = palloc0(scan->call_count * sizeof(AiScanCall));
	foreach(cell, calls)
	{
		AiScanCall *call = &scan->calls[foreach_current_index(cell)];

		call->plan = lfirst(cell);
		check_right(call->plan->function);
		call->model = ExecInitExpr(call->plan->model, planstate);
		call->options = ExecInitExpr(call->plan->options, planstate);
		ai_scan_input_begin(&call->input, call->plan->input, call->plan->argument, planstate);
		call->reach = ExecInitQual(call->plan->reach, planstate);
		call->first_column = column;
		call->filtered_on = palloc(call->plan->result_count * sizeof(bool));
		for (int i = 0; i < call->plan->result_count; i++)
		{
			column++;
			call->filtered_on[i] = bms_is_member(column - FirstLowInvalidHeapAttributeNumber,
												 filtered_on);
		}
	}
}

/* Notes which columns of the child rows are kept with: those that are plain columns. */
static void
begin_kept(AiBatchScanState *scan, const CustomScan *plan)
{
	ListCell   *cell;

	scan->kept = palloc0(list_length(plan->custom_scan_tlist) * sizeof(AiKeptColumn));
	foreach(cell, plan->custom_scan_tlist)
	{
		Var		   *column = (Var *) lfirst_node(TargetEntry, cell)->expr;
		AiKeptColumn *kept = &scan->kept[scan->kept_count];

		if (!IsA(column, Var))
			break;
		kept->number = column->varattno;
		get_typlenbyval(column->vartype, &kept->length, &kept->by_value);
		scan->last_kept = Max(scan->last_kept, column->varattno);
		scan->kept_count++;
	}
}

static void
begin(CustomScanState *node, EState *estate, int eflags)
{
	AiBatchScanState *scan = (AiBatchScanState *) node;
	CustomScan *plan = (CustomScan *) node->ss.ps.plan;
	AiRowBound	bound;
	List	   *calls = ai_batch_node_read(plan, &bound);

	/* What goes back or returns to a mark has a Material node on top. */
	eflags &= ~(EXEC_FLAG_BACKWARD | EXEC_FLAG_MARK);
	outerPlanState(node) = ExecInitNode(outerPlan(plan), estate, eflags);
	begin_kept(scan, plan);
	begin_calls(scan, calls);
	scan->bound_count = ExecInitExpr((Expr *) bound.count, &node->ss.ps);
	scan->bound_offset = ExecInitExpr((Expr *) bound.offset, &node->ss.ps);
	scan->reading = CreateExprContext(estate);
	ai_scan_parallel_begin(scan, eflags);
}

/* Returns a LIMIT's count or offset; -1 if it is NULL or not given. */
static int64
bound_value(AiBatchScanState *scan, ExprState *expression)
{
	bool		is_null;
	Datum		value;

	if (expression == NULL)
		return -1;
	value = ExecEvalExprSwitchContext(expression, scan->reading, &is_null);
	return is_null ? -1 : DatumGetInt64(value);
}

/* Evaluates what holds for a whole scan, but for the models: a row may need none. */
static void
start(AiBatchScanState *scan)
{
	int64		count = bound_value(scan, scan->bound_count);
	int64		offset = Max(bound_value(scan, scan->bound_offset), 0);

	scan->batch_rows = FIRST_ROWS;
	scan->rows_wanted = -1;
	if (count >= 0 && count <= PG_INT64_MAX - offset)
	{
		scan->rows_wanted = count + offset;
		ExecSetTupleBound(scan->rows_wanted, outerPlanState(scan));
	}
	scan->started = true;
}

/* Returns the rows of a full batch: of the model that wants the fewest. */
static int
full_rows(const AiBatchScanState *scan)
{
	int			rows = 0;

	for (int i = 0; i < scan->call_count; i++)
	{
		int			wanted;

		if (!scan->calls[i].is_ready || scan->calls[i].is_null)
			continue;
		wanted = Max(ai_evaluator_batch_rows(scan->calls[i].evaluator), 1);
		rows = rows == 0 ? wanted : Min(rows, wanted);
	}
	return rows == 0 ? USUAL_ROWS : rows;
}

static void
drop_batch(AiBatchScanState *scan, AiScanBatch **batch)
{
	if (*batch == NULL)
		return;
	for (int i = 0; i < scan->call_count; i++)
	{
		if ((*batch)->batches[i] != NULL)
			ai_batch_free((*batch)->batches[i]);
	}
	MemoryContextDelete((*batch)->context);
	*batch = NULL;
}

static AiScanBatch *
make_batch(AiBatchScanState *scan, int rows)
{
	MemoryContext context = GenerationContextCreate(scan->css.ss.ps.state->es_query_cxt,
													"ai_runtime batch rows",
													ALLOCSET_DEFAULT_SIZES);
	AiScanBatch *batch = MemoryContextAllocZero(context, sizeof(AiScanBatch));

	batch->context = context;
	batch->first = scan->rows_read + 1;
	batch->values = MemoryContextAllocHuge(context,
										   Max((Size) rows * scan->kept_count, 1) *
										   sizeof(Datum));
	batch->nulls = MemoryContextAllocHuge(context, Max((Size) rows * scan->kept_count, 1));
	batch->batches = MemoryContextAllocZero(context, scan->call_count * sizeof(AiBatch *));
	batch->empty_bytes = MemoryContextMemAllocated(context, false);
	return batch;
}

/* Copies what is needed later of a row of the child. */
static void
keep_row(const AiBatchScanState *scan, AiScanBatch *batch, TupleTableSlot *slot)
{
	Datum	   *values = batch->values + (Size) batch->rows * scan->kept_count;
	bool	   *nulls = batch->nulls + (Size) batch->rows * scan->kept_count;
	MemoryContext caller;

	if (scan->kept_count == 0)
		return;
	slot_getsomeattrs(slot, scan->last_kept);
	caller = MemoryContextSwitchTo(batch->context);
	for (int i = 0; i < scan->kept_count; i++)
	{
		const AiKeptColumn *kept = &scan->kept[i];

		values[i] = slot->tts_values[kept->number - 1];
		nulls[i] = slot->tts_isnull[kept->number - 1];
		if (!kept->by_value && !nulls[i])
			values[i] = datumCopy(values[i], false, kept->length);
	}
	MemoryContextSwitchTo(caller);
}

/* Which row an error belongs to. */
typedef struct ErrorPlace
{
	const AiScanBatch *batch;
	int			row;
} ErrorPlace;

static void
say_row(void *arg)
{
	const ErrorPlace *place = arg;

	errcontext("row " INT64_FORMAT " of batch inference", place->batch->first + place->row);
}

/*
 * Adds a row to the batch of a call.  That is begun, and the model looked up, by
 * the first row that has something to ask: no row, no error.
 */
static void
add_input(AiBatchScanState *scan, AiScanBatch *batch, int i)
{
	AiScanCall *call = &scan->calls[i];
	ExprContext *context = scan->reading;
	bool		is_asked;

	if (call->is_ready && call->is_null)
		return;
	is_asked = (call->reach == NULL || ExecQual(call->reach, context)) &&
		ai_scan_input_evaluate(&call->input, context);
	if (batch->batches[i] == NULL)
	{
		if (!is_asked)
			return;
		ai_scan_call_start(scan, call);
		if (call->is_null)
			return;
		batch->batches[i] = ai_batch_begin(call->evaluator);
		for (int row = 0; row < batch->rows; row++)
			ai_batch_add(batch->batches[i], (Datum) 0, true);
	}
	if (is_asked)
		ai_scan_input_add(&call->input, batch->batches[i]);
	else
		ai_batch_add(batch->batches[i], (Datum) 0, true);
}

/* Adds a row of the child to a batch. */
static void
add_row(AiBatchScanState *scan, AiScanBatch *batch, TupleTableSlot *slot)
{
	ErrorPlace	place = {batch, batch->rows};
	ErrorContextCallback callback = {error_context_stack, say_row, &place};

	error_context_stack = &callback;
	scan->reading->ecxt_outertuple = slot;
	for (int i = 0; i < scan->call_count; i++)
		add_input(scan, batch, i);
	keep_row(scan, batch, slot);
	batch->rows++;
	scan->rows_read++;
	ResetExprContext(scan->reading);
	error_context_stack = callback.previous;
}

/*
 * True if a batch should take no more rows, whatever it was meant to take.  One
 * without rows is never full: it would look like the end of the scan.
 */
static bool
is_full(const AiBatchScanState *scan, const AiScanBatch *batch)
{
	for (int i = 0; i < scan->call_count; i++)
	{
		if (batch->batches[i] != NULL && ai_batch_is_full(batch->batches[i]))
			return true;
	}
	return MemoryContextMemAllocated(batch->context, false) - batch->empty_bytes >
		(Size) work_mem * 1024;
}

/* Reads rows of the child and sends them; NULL if there are no more. */
static AiScanBatch *
read_batch(AiBatchScanState *scan)
{
	AiScanBatch *batch;
	int			full = full_rows(scan);
	int64		rows = Min(scan->batch_rows, full);

	if (scan->rows_wanted >= 0)
		rows = Min(full, scan->rows_wanted - scan->rows_read);
	if (scan->child_done || rows <= 0)
		return NULL;
	batch = make_batch(scan, (int) rows);
	while (batch->rows < rows && !is_full(scan, batch))
	{
		TupleTableSlot *slot = ExecProcNode(outerPlanState(scan));

		if (TupIsNull(slot))
		{
			scan->child_done = true;
			break;
		}
		add_row(scan, batch, slot);
	}
	if (batch->rows == 0)
		drop_batch(scan, &batch);
	else
	{
		scan->batch_rows = Min(scan->batch_rows * 2, Max(full, FIRST_ROWS));
		for (int i = 0; i < scan->call_count; i++)
		{
			if (batch->batches[i] != NULL)
				ai_batch_send(batch->batches[i]);
		}
	}
	return batch;
}

/* Makes the next batch the current one, with the one after it under way. */
static bool
advance(AiBatchScanState *scan)
{
	bool		is_first = !scan->started;

	if (is_first)
		start(scan);
	ai_scan_parallel_publish(scan);
	drop_batch(scan, &scan->current);
	scan->current = scan->ahead;
	scan->ahead = NULL;
	if (scan->current == NULL)
		scan->current = read_batch(scan);
	if (scan->current == NULL)
		return false;
	if (!is_first)
		scan->ahead = read_batch(scan);
	for (int i = 0; i < scan->call_count; i++)
	{
		if (scan->current->batches[i] != NULL)
			ai_batch_wait(scan->current->batches[i]);
	}
	return true;
}

/* Puts the results of the current row into the slot: those that the filters need, or the rest. */
static void
take_results(AiBatchScanState *scan, int row, TupleTableSlot *slot, bool for_filters)
{
	ErrorPlace	place = {scan->current, row};
	ErrorContextCallback callback = {error_context_stack, say_row, &place};

	error_context_stack = &callback;
	for (int i = 0; i < scan->call_count; i++)
	{
		const AiScanCall *call = &scan->calls[i];
		AiBatch    *batch = scan->current->batches[i];

		for (int k = 0; k < call->plan->result_count; k++)
		{
			int			column = call->first_column + k;

			if (call->filtered_on[k] != for_filters)
				continue;
			slot->tts_isnull[column] = true;
			slot->tts_values[column] = batch == NULL ? (Datum) 0 :
				ai_batch_take(batch, row, k, &slot->tts_isnull[column]);
		}
	}
	error_context_stack = callback.previous;
}

/* Fills the scan slot with the row that is next; false if the filters drop it. */
static bool
give_row(AiBatchScanState *scan)
{
	ExprContext *context = scan->css.ss.ps.ps_ExprContext;
	TupleTableSlot *slot = scan->css.ss.ss_ScanTupleSlot;
	MemoryContext caller = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
	int			row = scan->current->next++;
	Size		kept = (Size) row * scan->kept_count;
	bool		passes = true;

	ExecClearTuple(slot);
	for (int i = 0; i < scan->kept_count; i++)
	{
		slot->tts_values[i] = scan->current->values[kept + i];
		slot->tts_isnull[i] = scan->current->nulls[kept + i];
	}
	ExecStoreVirtualTuple(slot);
	context->ecxt_scantuple = slot;
	if (scan->css.ss.ps.qual != NULL)
	{
		take_results(scan, row, slot, true);
		passes = ExecQual(scan->css.ss.ps.qual, context);
	}
	if (passes)
		take_results(scan, row, slot, false);
	MemoryContextSwitchTo(caller);
	return passes;
}

static TupleTableSlot *
next(CustomScanState *node)
{
	AiBatchScanState *scan = (AiBatchScanState *) node;
	ProjectionInfo *projection = node->ss.ps.ps_ProjInfo;

	for (;;)
	{
		CHECK_FOR_INTERRUPTS();
		ResetExprContext(node->ss.ps.ps_ExprContext);
		if ((scan->current == NULL || scan->current->next >= scan->current->rows) &&
			!advance(scan))
			return ExecClearTuple(projection != NULL ? node->ss.ps.ps_ResultTupleSlot :
								  node->ss.ss_ScanTupleSlot);
		if (give_row(scan))
			return projection != NULL ? ExecProject(projection) : node->ss.ss_ScanTupleSlot;
		InstrCountFiltered1(node, 1);
	}
}

static void
end(CustomScanState *node)
{
	AiBatchScanState *scan = (AiBatchScanState *) node;

	drop_batch(scan, &scan->current);
	drop_batch(scan, &scan->ahead);
	ExecEndNode(outerPlanState(node));
}

static void
rescan(CustomScanState *node)
{
	AiBatchScanState *scan = (AiBatchScanState *) node;

	drop_batch(scan, &scan->current);
	drop_batch(scan, &scan->ahead);
	scan->started = false;
	scan->child_done = false;
	scan->rows_read = 0;
	for (int i = 0; i < scan->call_count; i++)
		scan->calls[i].is_ready = false;
	/* With changed parameters the child is rescanned by its first ExecProcNode(). */
	if (outerPlanState(node)->chgParam == NULL)
		ExecReScan(outerPlanState(node));
}

/*
 * batch_evaluator.c
 *	  Many rows of one ai_inference() call, asked for in few requests.
 *
 * A row is encoded when it is added: into the request that the row before it
 * went to, into another one of the batch with the same layout, or into a new
 * one.  A batch is sent without waiting, so that the next one can be filled
 * while the server works; its answers are read when their rows are taken.
 *
 * What is wrong with a row is kept until that row is taken.  A request that the
 * server refuses is sent again in halves, until the rows that are to blame are
 * alone.  Requests and their frames are used again for later batches.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include "batch.h"
#include "merge_rule.h"
#include "model_cost.h"
#include "row_error.h"
#include "stored_value.h"

#define BATCH_ROWS 1024
#define BATCH_BYTES (1024 * 1024)	/* of frames: a batch that has more is full */
#define BATCH_COMPUTE_US 50000	/* that a batch may take, as far as is known */
#define OPEN_REQUESTS 8			/* layouts that a row is compared with */

AiEvaluator *
ai_evaluator_create(const AiEvaluatorSpec *spec, MemoryContext parent)
{
	MemoryContext context = AllocSetContextCreate(parent, "ai_runtime evaluator",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	AiEvaluator *evaluator = palloc0(sizeof(AiEvaluator));

	evaluator->context = context;
	evaluator->spec = *spec;
	evaluator->spec.address = DatumGetTextPCopy(PointerGetDatum(spec->address));
	if (spec->options != NULL)
		evaluator->spec.options = DatumGetJsonbPCopy(PointerGetDatum(spec->options));
	evaluator->spec.results = NULL;
	evaluator->projections = palloc0(spec->result_count * sizeof(AiProjection));
	for (int i = 0; i < spec->result_count; i++)
	{
		evaluator->projections[i].kind = spec->results[i].kind;
		if (spec->results[i].member != NULL)
			evaluator->projections[i].member = pstrdup(spec->results[i].member);
	}
	evaluator->datum_kind = spec->input == AI_INPUT_ROW ? AI_INPUT_JSONB : spec->input;
	if (spec->input == AI_INPUT_ROW)
		evaluator->columns = ai_row_columns_create(spec->columns, spec->column_count);
	evaluator->spec.columns = NULL;
	evaluator->row_context = AllocSetContextCreate(context, "ai_runtime row",
												   ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&evaluator->row_frame);
	ai_request_pool_init(&evaluator->pool, context, &evaluator->stats);
	MemoryContextSwitchTo(caller);
	return evaluator;
}

/* Makes a call state for the batches that are begun from now on. */
static void
renew_call(AiEvaluator *evaluator)
{
	AiCall	   *call = ai_call_create(evaluator->context);
	int			count = evaluator->spec.result_count;

	call->members = MemoryContextAlloc(call->context, Max(count, 1) * sizeof(char *));
	call->member_count = count;
	for (int i = 0; i < count; i++)
	{
		call->members[i] = evaluator->projections[i].member;
		/* Somebody wants all of them. */
		if (evaluator->projections[i].kind == AI_RESULT_JSONB)
			call->member_count = 0;
	}
	evaluator->call = call;
	evaluator->prepared_for = 0;
}

/* Decides how columns become features of what the call resolved to. */
static void
plan_columns(AiEvaluator *evaluator, AiCall *call)
{
	MemoryContext caller;

	evaluator->column_plan = NULL;
	if (evaluator->columns == NULL || call->model.compiled->plan == NULL ||
		ai_inference_has_preprocess(call))
		return;
	caller = MemoryContextSwitchTo(call->context);
	evaluator->column_plan = ai_column_plan_compile(call->model.compiled->plan,
													evaluator->columns);
	MemoryContextSwitchTo(caller);
}

/* Resolves the model for the next batch; others under way keep what they began with. */
static AiCall *
prepare_call(AiEvaluator *evaluator)
{
	AiCall	   *call = evaluator->call;

	if (call == NULL || (call->users > 0 && !ai_call_is_current(call)))
		renew_call(evaluator);
	call = evaluator->call;
	ai_call_prepare(call, evaluator->spec.address, evaluator->spec.options);
	if (evaluator->prepared_for != call->selection_id)
	{
		for (int i = 0; i < evaluator->spec.result_count; i++)
			ai_projection_prepare(&evaluator->projections[i], call);
		evaluator->may_merge = ai_merge_is_allowed(call);
		plan_columns(evaluator, call);
		evaluator->prepared_for = call->selection_id;
	}
	return call;
}

const char *
ai_evaluator_version(AiEvaluator *evaluator)
{
	AiCall	   *call = prepare_call(evaluator);

	return psprintf("%s:%d", call->model.name, call->model.version);
}

int
ai_evaluator_batch_rows(AiEvaluator *evaluator)
{
	const AiCall *call = evaluator->call;
	AiModelCost cost;
	double		rows;

	if (call == NULL || call->model.compiled == NULL ||
		!ai_model_cost_get(call->model.sha256, &cost) || cost.us_per_row <= 0)
		return BATCH_ROWS;
	rows = BATCH_COMPUTE_US / cost.us_per_row;
	return (int) Max(Min(rows, BATCH_ROWS), 1);
}

const AiEvaluatorStats *
ai_evaluator_stats(const AiEvaluator *evaluator)
{
	return &evaluator->stats;
}

/* Returns whether rows can go into a frame without one of their own. */
static AiQuickWay
quick_way(const AiEvaluator *evaluator, const AiCall *call)
{
	/* A function of the user may make anything of them. */
	if (ai_inference_has_preprocess(call))
		return AI_QUICK_NOT;
	if (evaluator->spec.input == AI_INPUT_ARRAY)
		return AI_QUICK_ARRAY;
	if (evaluator->spec.input == AI_INPUT_JSONB && call->model.compiled->plan != NULL)
		return AI_QUICK_FEATURES;
	return AI_QUICK_NOT;
}

/* Returns an empty batch, an old one if there is any. */
static AiBatch *
take_idle_batch(AiEvaluator *evaluator)
{
	AiBatch    *batch = evaluator->idle;

	if (batch != NULL)
	{
		evaluator->idle = batch->next_idle;
		return batch;
	}
	batch = MemoryContextAllocZero(evaluator->context, sizeof(AiBatch));
	batch->evaluator = evaluator;
	batch->context = AllocSetContextCreate(evaluator->context, "ai_runtime batch",
										   ALLOCSET_SMALL_SIZES);
	batch->answer_context = AllocSetContextCreate(evaluator->context, "ai_runtime answer",
												  ALLOCSET_SMALL_SIZES);
	batch->rows_allocated = BATCH_ROWS;
	batch->rows = MemoryContextAlloc(evaluator->context, BATCH_ROWS * sizeof(AiBatchRow));
	batch->requests_allocated = 16;
	batch->requests = MemoryContextAlloc(evaluator->context, 16 * sizeof(AiBatchRequest *));
	return batch;
}

AiBatch *
ai_batch_begin(AiEvaluator *evaluator)
{
	MemoryContext caller = MemoryContextSwitchTo(evaluator->row_context);
	AiCall	   *call = prepare_call(evaluator);
	AiBatch    *batch = take_idle_batch(evaluator);

	MemoryContextSwitchTo(caller);
	MemoryContextReset(evaluator->row_context);
	batch->call = call;
	batch->quick_way = quick_way(evaluator, call);
	batch->column_plan = evaluator->column_plan;
	call->users++;
	batch->row_count = batch->request_count = batch->error_count = batch->errors_allocated = 0;
	batch->last = 0;
	batch->bytes = 0;
	batch->answered = -1;
	return batch;
}

/* Notes where the next row is. */
static inline void
place_row(AiBatch *batch, int request, int index)
{
	if (unlikely(batch->row_count == batch->rows_allocated))
	{
		batch->rows_allocated *= 2;
		batch->rows = repalloc(batch->rows, batch->rows_allocated * sizeof(AiBatchRow));
	}
	batch->rows[batch->row_count].request = request;
	batch->rows[batch->row_count++].index = index;
}

/* Keeps what is wrong with the next row; the error is of the batch's memory. */
static void
place_error(AiBatch *batch, ErrorData *error)
{
	if (batch->error_count == batch->errors_allocated)
	{
		int			larger = Max(batch->errors_allocated * 2, 16);
		ErrorData **errors = MemoryContextAlloc(batch->context, larger * sizeof(ErrorData *));

		if (batch->error_count > 0)
			memcpy(errors, batch->errors, batch->error_count * sizeof(ErrorData *));
		batch->errors = errors;
		batch->errors_allocated = larger;
	}
	batch->errors[batch->error_count] = error;
	place_row(batch, ROW_IS_ERROR, batch->error_count++);
}

/* Puts the frame of a row into a request of the batch with the same layout, or a new one. */
static void
place_frame(AiBatch *batch, bool row_mode, ArrayType *array)
{
	AiEvaluator *evaluator = batch->evaluator;
	StringInfo	frame = &evaluator->row_frame;
	int			first = Max(batch->request_count - OPEN_REQUESTS, 0);
	AiBatchRequest *request;

	batch->bytes += frame->len;
	for (int i = batch->request_count - 1; row_mode && i >= first; i--)
	{
		if (ai_batch_request_add(batch->requests[i], frame))
		{
			batch->last = i;
			place_row(batch, i, batch->requests[i]->rows - 1);
			return;
		}
	}
	if (batch->request_count == batch->requests_allocated)
	{
		batch->requests_allocated *= 2;
		batch->requests = repalloc(batch->requests,
								   batch->requests_allocated * sizeof(AiBatchRequest *));
	}
	request = ai_request_pool_take(&evaluator->pool);
	ai_batch_request_begin(request, frame, row_mode,
						   evaluator->may_merge && !evaluator->pool.rows_were_missing, array);
	batch->last = batch->request_count;
	batch->requests[batch->request_count++] = request;
	place_row(batch, batch->last, 0);
}

/* A row that is being encoded. */
typedef struct AiRowEncoding
{
	AiBatch    *batch;
	Datum		value;
	AiInput		input;
	bool		row_mode;
} AiRowEncoding;

static void
read_input(void *arg)
{
	AiRowEncoding *row = arg;
	AiEvaluator *evaluator = row->batch->evaluator;
	MemoryContext caller = MemoryContextSwitchTo(evaluator->row_context);

	ai_inference_read_input(row->batch->call, &row->input, evaluator->datum_kind, row->value);
	MemoryContextSwitchTo(caller);
}

static void
write_row(void *arg)
{
	AiRowEncoding *row = arg;
	AiEvaluator *evaluator = row->batch->evaluator;
	MemoryContext caller = MemoryContextSwitchTo(evaluator->row_context);

	row->row_mode = ai_inference_write(row->batch->call, &row->input, &evaluator->row_frame);
	MemoryContextSwitchTo(caller);
}

/* Gives the memory of a large row back. */
static void
renew_row_frame(AiEvaluator *evaluator)
{
	MemoryContext caller = MemoryContextSwitchTo(evaluator->context);

	pfree(evaluator->row_frame.data);
	initStringInfo(&evaluator->row_frame);
	MemoryContextSwitchTo(caller);
}

/* Adds a row the long way: as it would be encoded alone. */
static void
add_row(AiBatch *batch, Datum value)
{
	AiEvaluator *evaluator = batch->evaluator;
	AiRowEncoding row = {.batch = batch,.value = value};
	MemoryContext caller = MemoryContextSwitchTo(batch->context);
	ErrorData  *error = ai_row_error_catch(read_input, &row);

	if (error == NULL)
	{
		/* A function of the user: what it raises goes on. */
		MemoryContextSwitchTo(evaluator->row_context);
		ai_inference_preprocess(batch->call, &row.input);
		MemoryContextSwitchTo(batch->context);
		error = ai_row_error_catch(write_row, &row);
	}
	if (error != NULL)
		place_error(batch, error);
	else
		place_frame(batch, row.row_mode, row.input.array);
	MemoryContextSwitchTo(caller);
	MemoryContextReset(evaluator->row_context);
	if (evaluator->row_frame.maxlen > BATCH_BYTES)
		renew_row_frame(evaluator);
}

/* Returns a value as it is in memory when it is neither compressed nor elsewhere. */
static const struct varlena *
plain_value(AiEvaluator *evaluator, Datum value)
{
	struct varlena *datum = (struct varlena *) DatumGetPointer(value);
	MemoryContext caller;

	if (ai_value_is_short(value))
	{
		SET_VARSIZE(evaluator->unpacked.bytes, VARSIZE_SHORT(datum) - VARHDRSZ_SHORT + VARHDRSZ);
		memcpy(evaluator->unpacked.bytes + VARHDRSZ, VARDATA_SHORT(datum),
			   VARSIZE_SHORT(datum) - VARHDRSZ_SHORT);
		return (const struct varlena *) evaluator->unpacked.bytes;
	}
	MemoryContextReset(evaluator->row_context);
	caller = MemoryContextSwitchTo(evaluator->row_context);
	datum = pg_detoast_datum(datum);
	MemoryContextSwitchTo(caller);
	return datum;
}

/* Adds a row to the request that the last one went to, without a frame of its own. */
static inline bool
add_quickly(AiBatch *batch, AiBatchRequest *request, Datum input)
{
	const struct varlena *value = (const struct varlena *) DatumGetPointer(input);

	if (unlikely(!VARATT_IS_4B_U(value)))
		value = plain_value(batch->evaluator, input);
	if (batch->quick_way == AI_QUICK_ARRAY)
		return ai_batch_request_add_array(request, (const ArrayType *) value);
	return ai_batch_request_add_features(request, batch->call->model.compiled->plan,
										 (const Jsonb *) value);
}

void
ai_batch_add(AiBatch *batch, Datum input, bool is_null)
{
	AiEvaluator *evaluator = batch->evaluator;

	if (is_null)
	{
		place_row(batch, ROW_IS_NULL, 0);
		return;
	}
	evaluator->stats.rows++;
	if (batch->quick_way != AI_QUICK_NOT && batch->request_count > 0)
	{
		AiBatchRequest *request = batch->requests[batch->last];
		int			length = request->frame.len;

		if (likely(add_quickly(batch, request, input)))
		{
			batch->bytes += request->frame.len - length;
			place_row(batch, batch->last, request->rows - 1);
			return;
		}
	}
	add_row(batch, input);
}

bool
ai_batch_needs_column(const AiBatch *batch, int column)
{
	return batch->column_plan == NULL || batch->column_plan->needed[column];
}

void
ai_batch_add_row(AiBatch *batch, const Datum *values, const bool *nulls)
{
	AiEvaluator *evaluator = batch->evaluator;
	const AiColumnPlan *plan = batch->column_plan;
	MemoryContext caller;
	Jsonb	   *row;

	Assert(evaluator->spec.input == AI_INPUT_ROW);
	evaluator->stats.rows++;
	if (plan != NULL && batch->request_count > 0)
	{
		AiBatchRequest *request = batch->requests[batch->last];

		if (likely(ai_batch_request_add_columns(request, plan, values, nulls)))
		{
			batch->bytes += plan->features->row_bytes;
			place_row(batch, batch->last, request->rows - 1);
			return;
		}
	}
	caller = MemoryContextSwitchTo(evaluator->row_context);
	row = ai_row_columns_to_jsonb(evaluator->columns, values, nulls,
								  plan != NULL ? plan->needed : NULL);
	MemoryContextSwitchTo(caller);
	add_row(batch, JsonbPGetDatum(row));
}

bool
ai_batch_is_full(const AiBatch *batch)
{
	return batch->bytes >= BATCH_BYTES;
}

void
ai_batch_send(AiBatch *batch)
{
	for (int i = 0; i < batch->request_count; i++)
		ai_batch_request_finish(batch->requests[i]);
	batch->evaluator->stats.batches++;
	ai_exchange_begin(&batch->evaluator->pool, batch->call, batch->requests,
					  batch->request_count);
}

void
ai_batch_wait(AiBatch *batch)
{
	ai_exchange_finish(&batch->evaluator->pool, batch->call, batch->requests,
					   batch->request_count, batch->context);
}

void
ai_batch_free(AiBatch *batch)
{
	AiEvaluator *evaluator = batch->evaluator;
	AiCall	   *call = batch->call;

	for (int i = 0; i < batch->request_count; i++)
		ai_request_pool_give(&evaluator->pool, batch->requests[i]);
	ai_client_settle();
	MemoryContextReset(batch->context);
	MemoryContextReset(batch->answer_context);
	batch->next_idle = evaluator->idle;
	evaluator->idle = batch;
	if (--call->users == 0 && call != evaluator->call)
		MemoryContextDelete(call->context);
}

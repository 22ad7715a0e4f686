/*
 * batch_evaluator.c
 *	  Many rows of one ai_inference() call.
 *
 * The plain way: a batch keeps its inputs, and each row is asked for on its
 * own when it is taken.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"

#include "batch_evaluator.h"
#include "functions.h"
#include "inference.h"

#define BATCH_ROWS 1024

struct AiEvaluator
{
	MemoryContext context;
	AiEvaluatorSpec spec;
	AiResult   *results;		/* of the spec */
	AiCall	   *call;
	AiEvaluatorStats stats;
};

struct AiBatch
{
	MemoryContext context;
	AiEvaluator *evaluator;
	int			rows;
	int			allocated;
	Datum	   *inputs;
	bool	   *nulls;
	int			answered;		/* the row that was asked for last; -1: none */
	Jsonb	   *answer;			/* its answer, or NULL */
};

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
	evaluator->results = palloc(spec->result_count * sizeof(AiResult));
	for (int i = 0; i < spec->result_count; i++)
	{
		evaluator->results[i] = spec->results[i];
		if (spec->results[i].member != NULL)
			evaluator->results[i].member = pstrdup(spec->results[i].member);
	}
	evaluator->spec.results = evaluator->results;
	evaluator->call = ai_call_create(context);
	MemoryContextSwitchTo(caller);
	return evaluator;
}

const char *
ai_evaluator_version(AiEvaluator *evaluator)
{
	return ai_call_resolve(evaluator->call, evaluator->spec.address);
}

int
ai_evaluator_batch_rows(AiEvaluator *evaluator)
{
	(void) evaluator;
	return BATCH_ROWS;
}

const AiEvaluatorStats *
ai_evaluator_stats(const AiEvaluator *evaluator)
{
	return &evaluator->stats;
}

AiBatch *
ai_batch_begin(AiEvaluator *evaluator)
{
	MemoryContext context = AllocSetContextCreate(evaluator->context, "ai_runtime batch",
												  ALLOCSET_DEFAULT_SIZES);
	AiBatch    *batch = MemoryContextAllocZero(context, sizeof(AiBatch));

	batch->context = context;
	batch->evaluator = evaluator;
	batch->answered = -1;
	batch->allocated = 64;
	batch->inputs = MemoryContextAlloc(context, batch->allocated * sizeof(Datum));
	batch->nulls = MemoryContextAlloc(context, batch->allocated * sizeof(bool));
	return batch;
}

void
ai_batch_add(AiBatch *batch, Datum input, bool is_null)
{
	MemoryContext caller = MemoryContextSwitchTo(batch->context);

	if (batch->rows == batch->allocated)
	{
		batch->allocated *= 2;
		batch->inputs = repalloc(batch->inputs, batch->allocated * sizeof(Datum));
		batch->nulls = repalloc(batch->nulls, batch->allocated * sizeof(bool));
	}
	batch->inputs[batch->rows] = is_null ? (Datum) 0 :
		PointerGetDatum(PG_DETOAST_DATUM_COPY(input));
	batch->nulls[batch->rows++] = is_null;
	MemoryContextSwitchTo(caller);
}

bool
ai_batch_is_full(const AiBatch *batch)
{
	(void) batch;
	return false;
}

void
ai_batch_send(AiBatch *batch)
{
	batch->evaluator->stats.batches++;
}

void
ai_batch_wait(AiBatch *batch)
{
	(void) batch;
}

/* Returns the wanted part of an answer. */
static Datum
project(const AiResult *wanted, Jsonb *answer, bool *is_null)
{
	LOCAL_FCINFO(fcinfo, 2);
	Datum		value;
	bool		as_text = wanted->kind != AI_RESULT_MEMBER;

	if (wanted->kind == AI_RESULT_JSONB)
		return datumCopy(JsonbPGetDatum(answer), false, -1);
	InitFunctionCallInfoData(*fcinfo, NULL, 2, InvalidOid, NULL, NULL);
	fcinfo->args[0].value = JsonbPGetDatum(answer);
	fcinfo->args[0].isnull = false;
	fcinfo->args[1].value = CStringGetTextDatum(wanted->member);
	fcinfo->args[1].isnull = false;
	value = as_text ? jsonb_object_field_text(fcinfo) : jsonb_object_field(fcinfo);
	*is_null = fcinfo->isnull;
	if (*is_null || wanted->kind == AI_RESULT_MEMBER || wanted->kind == AI_RESULT_MEMBER_TEXT)
		return value;
	value = CStringGetDatum(text_to_cstring(DatumGetTextPP(value)));
	return DirectFunctionCall1(wanted->kind == AI_RESULT_MEMBER_FLOAT8 ? float8in : float4in,
							   value);
}

/* Asks for a row; what came is kept until the next one. */
static void
ask(AiBatch *batch, int row)
{
	AiEvaluator *evaluator = batch->evaluator;
	const AiEvaluatorSpec *spec = &evaluator->spec;
	Jsonb	   *answer;
	MemoryContext caller;

	evaluator->stats.rows++;
	evaluator->stats.requests++;
	evaluator->stats.max_in_flight = 1;
	answer = ai_inference_run(evaluator->call, spec->address,
							  ai_input_to_jsonb(spec->input, batch->inputs[row]),
							  spec->input == AI_INPUT_ARRAY ?
							  DatumGetArrayTypeP(batch->inputs[row]) : NULL,
							  spec->options);
	if (batch->answer != NULL)
		pfree(batch->answer);
	batch->answer = NULL;
	caller = MemoryContextSwitchTo(batch->context);
	if (answer != NULL)
		batch->answer = DatumGetJsonbPCopy(JsonbPGetDatum(answer));
	MemoryContextSwitchTo(caller);
	batch->answered = row;
}

Datum
ai_batch_take(AiBatch *batch, int row, int result, bool *is_null)
{
	Assert(row >= 0 && row < batch->rows);
	*is_null = batch->nulls[row];
	if (*is_null)
		return (Datum) 0;
	if (batch->answered != row)
		ask(batch, row);
	*is_null = batch->answer == NULL;
	return *is_null ? (Datum) 0 :
		project(&batch->evaluator->results[result], batch->answer, is_null);
}

void
ai_batch_free(AiBatch *batch)
{
	MemoryContextDelete(batch->context);
}

/*
 * inference_batch.c
 *	  ai_inference_batch(): many inputs of one call, a row each; and
 *	  _inference_query(), the same for the rows of a query.
 *
 * Two batches are under way at a time: one is filled while the server works on
 * the one before.  What is wrong with an input is told in its row.
 */
#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#include "batch_evaluator.h"
#include "json_access.h"

PG_FUNCTION_INFO_V1(ai_inference_batch_array);
PG_FUNCTION_INFO_V1(ai_inference_batch_jsonb);
PG_FUNCTION_INFO_V1(ai_inference_query);

#define RESULT_COLUMNS 3		/* idx, output, error */
#define FETCH_ROWS 256			/* of a query at a time */

/* The inputs, one after another: from an array, from a jsonb array or from a query. */
typedef struct AiInputSource
{
	ArrayIterator array;
	JsonbIterator *json;
	Portal		portal;
	uint64		next_row;		/* of those that were fetched */
	Datum	   *values;			/* of the columns of the current row */
	bool	   *nulls;

	Datum		input;			/* otherwise */
	bool		is_null;
} AiInputSource;

typedef struct AiBatchRun
{
	ReturnSetInfo *result;
	AiEvaluator *evaluator;
	AiInputSource source;
	MemoryContext row_context;
	int64		index;			/* of the last row that was answered */
} AiBatchRun;

/* Reads the next row of the query; false at the end. */
static bool
next_row(AiInputSource *source)
{
	if (SPI_tuptable == NULL || source->next_row == SPI_processed)
	{
		if (SPI_tuptable != NULL)
			SPI_freetuptable(SPI_tuptable);
		SPI_cursor_fetch(source->portal, true, FETCH_ROWS);
		source->next_row = 0;
		if (SPI_processed == 0)
			return false;
	}
	heap_deform_tuple(SPI_tuptable->vals[source->next_row++], SPI_tuptable->tupdesc,
					  source->values, source->nulls);
	return true;
}

/* Fetches the next input; false at the end. */
static bool
next_input(AiInputSource *source)
{
	JsonbValue	value;

	if (source->portal != NULL)
		return next_row(source);
	if (source->array != NULL)
		return array_iterate(source->array, &source->input, &source->is_null);
	if (JsonbIteratorNext(&source->json, &value, true) != WJB_ELEM)
		return false;
	source->is_null = false;
	source->input = JsonbPGetDatum(JsonbValueToJsonb(&value));
	return true;
}

/* Returns the next batch, sent, or NULL if there are no inputs left; *rows tells its rows. */
static AiBatch *
send_batch(AiBatchRun *run, int *rows)
{
	AiBatch    *batch = NULL;
	int			limit = ai_evaluator_batch_rows(run->evaluator);
	MemoryContext caller = MemoryContextSwitchTo(run->row_context);

	*rows = 0;
	while (*rows < limit && (batch == NULL || !ai_batch_is_full(batch)) &&
		   next_input(&run->source))
	{
		CHECK_FOR_INTERRUPTS();
		if (batch == NULL)
			batch = ai_batch_begin(run->evaluator);
		if (run->source.portal != NULL)
			ai_batch_add_row(batch, run->source.values, run->source.nulls);
		else
			ai_batch_add(batch, run->source.input, run->source.is_null);
		(*rows)++;
		MemoryContextReset(run->row_context);
	}
	MemoryContextSwitchTo(caller);
	if (batch != NULL)
		ai_batch_send(batch);
	return batch;
}

/* Puts the answers of a batch into the result. */
static void
answer_batch(AiBatchRun *run, AiBatch *batch, int rows)
{
	MemoryContext caller = MemoryContextSwitchTo(run->row_context);

	ai_batch_wait(batch);
	for (int i = 0; i < rows; i++)
	{
		Datum		values[RESULT_COLUMNS];
		bool		nulls[RESULT_COLUMNS] = {false, false, true};
		ErrorData  *error;

		CHECK_FOR_INTERRUPTS();
		values[0] = Int64GetDatum(++run->index);
		values[1] = ai_batch_try(batch, i, 0, &nulls[1], &error);
		if (error != NULL)
		{
			values[2] = CStringGetTextDatum(error->message);
			nulls[2] = false;
		}
		tuplestore_putvalues(run->result->setResult, run->result->setDesc, values, nulls);
		MemoryContextReset(run->row_context);
	}
	MemoryContextSwitchTo(caller);
	ai_batch_free(batch);
}

/* Asks for all inputs; NULL as model or inputs gives no row. */
static void
run_batches(FunctionCallInfo fcinfo, AiBatchRun *run, AiInputKind kind, int column_count,
			const AiRowColumn *columns)
{
	const AiResult result = {AI_RESULT_JSONB, NULL};
	AiEvaluatorSpec spec = {.input = kind,.result_count = 1,.results = &result,
	.column_count = column_count,.columns = columns};
	AiBatch    *before;
	int			rows_before;

	spec.address = PG_GETARG_TEXT_PP(0);
	spec.options = PG_ARGISNULL(2) ? NULL : PG_GETARG_JSONB_P(2);
	run->evaluator = ai_evaluator_create(&spec, CurrentMemoryContext);
	run->row_context = AllocSetContextCreate(CurrentMemoryContext, "ai_runtime row",
											 ALLOCSET_DEFAULT_SIZES);
	before = send_batch(run, &rows_before);
	while (before != NULL)
	{
		int			rows;
		AiBatch    *batch = send_batch(run, &rows);

		answer_batch(run, before, rows_before);
		before = batch;
		rows_before = rows;
	}
}

/* ai_inference_batch(model text, inputs jsonb[], options jsonb) */
Datum
ai_inference_batch_array(PG_FUNCTION_ARGS)
{
	AiBatchRun	run = {.result = (ReturnSetInfo *) fcinfo->resultinfo};

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	run.source.array = array_create_iterator(PG_GETARG_ARRAYTYPE_P(1), 0, NULL);
	run_batches(fcinfo, &run, AI_INPUT_JSONB, 0, NULL);
	return (Datum) 0;
}

/* ai_inference_batch(model text, inputs jsonb, options jsonb): an array of inputs */
Datum
ai_inference_batch_jsonb(PG_FUNCTION_ARGS)
{
	AiBatchRun	run = {.result = (ReturnSetInfo *) fcinfo->resultinfo};
	JsonbValue	root;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	ai_json_root(PG_GETARG_JSONB_P(1), &root);
	if (!ai_json_is_array(&root))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("inputs must be a JSON array, not %s", ai_json_kind(&root)),
				 errhint("Use ai_inference() for one input.")));
	run.source.json = JsonbIteratorInit(root.val.binary.data);
	(void) JsonbIteratorNext(&run.source.json, &root, true);
	run_batches(fcinfo, &run, AI_INPUT_JSONB, 0, NULL);
	return (Datum) 0;
}

/* ai_runtime._inference_query(model text, query text, options jsonb): its columns are the input */
Datum
ai_inference_query(PG_FUNCTION_ARGS)
{
	AiBatchRun	run = {.result = (ReturnSetInfo *) fcinfo->resultinfo};
	TupleDesc	desc;
	AiRowColumn *columns;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	SPI_connect();
	run.source.portal = SPI_cursor_parse_open(NULL, text_to_cstring(PG_GETARG_TEXT_PP(1)),
											  &(SPIParseOpenOptions) {.read_only = true});
	desc = run.source.portal->tupDesc;
	columns = palloc(desc->natts * sizeof(AiRowColumn));
	run.source.values = palloc(desc->natts * sizeof(Datum));
	run.source.nulls = palloc(desc->natts * sizeof(bool));
	for (int i = 0; i < desc->natts; i++)
	{
		columns[i].name = NameStr(TupleDescAttr(desc, i)->attname);
		columns[i].type = TupleDescAttr(desc, i)->atttypid;
	}
	run_batches(fcinfo, &run, AI_INPUT_ROW, desc->natts, columns);
	SPI_finish();
	return (Datum) 0;
}

/*
 * scan_input.c
 *	  The input of a call in a running BatchInference node.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "scan_input.h"

/* Returns the only argument of to_jsonb(), or NULL. */
static Expr *
argument_of_to_jsonb(Expr *expression)
{
	FuncExpr   *call = (FuncExpr *) expression;

	return IsA(call, FuncExpr) && call->funcid == F_TO_JSONB ? linitial(call->args) : NULL;
}

static bool
has_column(const AiScanInput *input, const char *name)
{
	for (int i = 0; i < input->column_count; i++)
	{
		if (strcmp(input->columns[i].name, name) == 0)
			return true;
	}
	return false;
}

/* Makes room for so many columns. */
static void
allocate(AiScanInput *input, int columns)
{
	input->column_count = 0;
	input->columns = palloc(Max(columns, 1) * sizeof(AiRowColumn));
	input->parts = palloc(Max(columns, 1) * sizeof(ExprState *));
	input->places = palloc(Max(columns, 1) * sizeof(int));
	input->values = palloc(Max(columns, 1) * sizeof(Datum));
	input->nulls = palloc(Max(columns, 1) * sizeof(bool));
}

/* Adds a column; false if there is one of that name, which JSON would have once. */
static bool
add_column(AiScanInput *input, const char *name, Oid type)
{
	if (name == NULL || *name == '\0' || has_column(input, name))
		return false;
	input->columns[input->column_count].name = name;
	input->columns[input->column_count++].type = type;
	return true;
}

/* A record that is not of a table's type: to_jsonb(s) of a subquery s, to_jsonb(ROW(…)). */
static bool
begin_row(AiScanInput *input, RowExpr *row, PlanState *planstate)
{
	ListCell   *name;
	ListCell   *part;

	if (row == NULL || !IsA(row, RowExpr) || row->row_typeid != RECORDOID ||
		list_length(row->colnames) != list_length(row->args))
		return false;
	allocate(input, list_length(row->args));
	forboth(name, row->colnames, part, row->args)
	{
		if (!add_column(input, strVal(lfirst(name)), exprType(lfirst(part))))
			return false;
	}
	foreach(part, row->args)
		input->parts[foreach_current_index(part)] = ExecInitExpr(lfirst(part), planstate);
	return true;
}

/* Returns a constant key of jsonb_build_object(), or NULL. */
static char *
constant_key(const Const *key)
{
	if (!IsA(key, Const) || key->constisnull || key->consttype != TEXTOID)
		return NULL;
	return TextDatumGetCString(key->constvalue);
}

/* jsonb_build_object('key', value, …) */
static bool
begin_object(AiScanInput *input, FuncExpr *call, PlanState *planstate)
{
	if (!IsA(call, FuncExpr) || call->funcid != F_JSONB_BUILD_OBJECT_ANY ||
		call->funcvariadic || list_length(call->args) % 2 != 0)
		return false;
	allocate(input, list_length(call->args) / 2);
	for (int i = 0; i < list_length(call->args); i += 2)
	{
		Node	   *value = list_nth(call->args, i + 1);

		/* What has no type is text there. */
		if (exprType(value) == UNKNOWNOID ||
			!add_column(input, constant_key(list_nth(call->args, i)), exprType(value)))
			return false;
	}
	for (int i = 0; i < input->column_count; i++)
		input->parts[i] = ExecInitExpr(list_nth(call->args, 2 * i + 1), planstate);
	return true;
}

/* A record of a table's or composite type. */
static bool
begin_record(AiScanInput *input, Expr *record, PlanState *planstate)
{
	Oid			type = record == NULL ? InvalidOid : exprType((Node *) record);
	TupleDesc	desc;

	if (record == NULL || get_typtype(type) != TYPTYPE_COMPOSITE)
		return false;
	desc = lookup_rowtype_tupdesc_copy(type, -1);
	allocate(input, desc->natts);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (column->attisdropped)
			continue;
		input->places[input->column_count] = i;
		if (!add_column(input, NameStr(column->attname), column->atttypid))
			return false;
	}
	input->record = desc;
	input->record_values = palloc(Max(desc->natts, 1) * sizeof(Datum));
	input->record_nulls = palloc(Max(desc->natts, 1) * sizeof(bool));
	input->whole = ExecInitExpr(record, planstate);
	return true;
}

void
ai_scan_input_begin(AiScanInput *input, AiInputKind kind, Expr *argument, PlanState *planstate)
{
	Expr	   *record = argument_of_to_jsonb(argument);

	memset(input, 0, sizeof(*input));
	input->kind = AI_INPUT_ROW;
	if (kind == AI_INPUT_JSONB &&
		(begin_row(input, (RowExpr *) record, planstate) ||
		 begin_object(input, (FuncExpr *) argument, planstate) ||
		 begin_record(input, record, planstate)))
		return;
	memset(input, 0, sizeof(*input));
	input->kind = kind;
	input->whole = ExecInitExpr(argument, planstate);
}

/* Takes a record apart; false if it is NULL. */
static bool
evaluate_record(AiScanInput *input, ExprContext *context)
{
	bool		is_null;
	Datum		value = ExecEvalExprSwitchContext(input->whole, context, &is_null);
	HeapTupleData tuple = {0};
	MemoryContext caller;

	if (is_null)
		return false;
	caller = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
	tuple.t_data = DatumGetHeapTupleHeader(value);
	MemoryContextSwitchTo(caller);
	tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
	heap_deform_tuple(&tuple, input->record, input->record_values, input->record_nulls);
	for (int i = 0; i < input->column_count; i++)
	{
		input->values[i] = input->record_values[input->places[i]];
		input->nulls[i] = input->record_nulls[input->places[i]];
	}
	return true;
}

bool
ai_scan_input_evaluate(AiScanInput *input, ExprContext *context)
{
	bool		is_null;

	if (input->record != NULL)
		return evaluate_record(input, context);
	if (input->whole != NULL)
	{
		input->value = ExecEvalExprSwitchContext(input->whole, context, &is_null);
		return !is_null;
	}
	for (int i = 0; i < input->column_count; i++)
		input->values[i] = ExecEvalExprSwitchContext(input->parts[i], context,
													 &input->nulls[i]);
	return true;
}

void
ai_scan_input_add(const AiScanInput *input, AiBatch *batch)
{
	if (input->kind == AI_INPUT_ROW)
		ai_batch_add_row(batch, input->values, input->nulls);
	else
		ai_batch_add(batch, input->value, false);
}

/*
 * plan_stack.c
 *	  From stages to a stack of BatchInference nodes.
 *
 * Each node keeps only the columns that it or a node above it needs, so they
 * are numbered anew from node to node.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"

#include "call_cost.h"
#include "plan_calls.h"
#include "plan_columns.h"
#include "plan_stack.h"

/* The columns that a stage needs, by their numbers. */
typedef struct Columns
{
	Bitmapset  *given;			/* to the stage above */
	Bitmapset  *kept;			/* of the stages below, for itself and above */
	Bitmapset  *read;			/* kept, or read by its calls */
} Columns;

static void
find_columns(const AiStages *stages, List *targetlist, Columns *columns)
{
	Bitmapset  *given = ai_columns_of((Node *) targetlist);

	for (int i = list_length(stages->stages) - 1; i >= 0; i--)
	{
		const AiStage *stage = list_nth(stages->stages, i);
		ListCell   *cell;

		columns[i].given = given;
		columns[i].kept = bms_union(given, ai_columns_of((Node *) stage->filters));
		for (int n = list_length(stages->columns); n > stage->inputs; n--)
			columns[i].kept = bms_del_member(columns[i].kept, n);
		columns[i].read = bms_copy(columns[i].kept);
		foreach(cell, stage->calls)
		{
			const AiStageCall *call = lfirst(cell);

			columns[i].read = bms_add_members(columns[i].read,
											  ai_columns_of((Node *) call->call));
			columns[i].read = bms_add_members(columns[i].read,
											  ai_columns_of((Node *) call->reach));
		}
		given = columns[i].read;
	}
}

static AiNodeCall *
make_call(const AiStageCall *call, const AttrNumber *map)
{
	AiNodeCall *made = palloc0(sizeof(AiNodeCall));
	AiCallCost	cost;
	List	   *arguments = (List *) ai_columns_renumber((Node *) call->call->args, OUTER_VAR,
														 map);

	made->function = call->call->funcid;
	made->input = ai_calls_input_kind(call->call);
	made->model = linitial(arguments);
	made->row_us = ai_call_cost_of(made->model, &cost) ? cost.row_us : 0;
	made->argument = lsecond(arguments);
	made->options = lthird(arguments);
	made->reach = (List *) ai_columns_renumber((Node *) call->reach, OUTER_VAR, map);
	made->result_count = list_length(call->results);
	made->results = palloc(made->result_count * sizeof(AiResult));
	for (int i = 0; i < made->result_count; i++)
	{
		const AiStageResult *result = list_nth(call->results, i);

		made->results[i].kind = result->kind;
		made->results[i].member = result->member;
	}
	return made;
}

static List *
add_column(List *columns, Expr *expression)
{
	return lappend(columns, makeTargetEntry(expression, list_length(columns) + 1, NULL, false));
}

/*
 * Makes a stage's node over a child that has column n at map[n]; map becomes
 * that of the columns within the node.
 */
static CustomScan *
make_node(const AiStages *stages, const AiStage *stage, const Columns *needs, AttrNumber *map,
		  const AiRowBound *bound)
{
	CustomScan *node;
	List	   *calls = NIL;
	List	   *columns = NIL;
	AttrNumber *inside = palloc0((list_length(stages->columns) + 1) * sizeof(AttrNumber));
	ListCell   *cell;
	ListCell   *inner;

	foreach(cell, ai_columns_list(needs->kept))
	{
		Node	   *like = list_nth(stages->columns, lfirst_int(cell) - 1);

		columns = add_column(columns, (Expr *) ai_column_make(OUTER_VAR, map[lfirst_int(cell)],
															  like));
		inside[lfirst_int(cell)] = list_length(columns);
	}
	foreach(cell, stage->calls)
	{
		calls = lappend(calls, make_call(lfirst(cell), map));
		foreach(inner, ((AiStageCall *) lfirst(cell))->results)
		{
			const AiStageResult *result = lfirst(inner);

			columns = add_column(columns, (Expr *) ai_columns_renumber((Node *) result->form,
																	   OUTER_VAR, map));
			inside[result->column] = list_length(columns);
		}
	}
	node = ai_batch_node_make(calls, columns, bound);
	node->scan.plan.qual = (List *) ai_columns_renumber((Node *) stage->filters, INDEX_VAR,
														inside);
	memcpy(map, inside, (list_length(stages->columns) + 1) * sizeof(AttrNumber));
	return node;
}

/* Returns the target list of a node below another one; map becomes that of its output. */
static List *
give_columns(const AiStages *stages, Bitmapset *given, AttrNumber *map)
{
	List	   *targetlist = NIL;
	ListCell   *cell;

	foreach(cell, ai_columns_list(given))
	{
		Node	   *like = list_nth(stages->columns, lfirst_int(cell) - 1);

		targetlist = add_column(targetlist,
								(Expr *) ai_column_make(INDEX_VAR, map[lfirst_int(cell)],
														like));
		map[lfirst_int(cell)] = list_length(targetlist);
	}
	return targetlist;
}

/* True if no stage from this one on drops rows. */
static bool
keeps_rows(const AiStages *stages, int from)
{
	for (int i = from; i < list_length(stages->stages); i++)
	{
		if (((const AiStage *) list_nth(stages->stages, i))->filters != NIL)
			return false;
	}
	return true;
}

void
ai_stack_build(const AiStages *stages, List *targetlist, bool narrow, const AiRowBound *bound,
			   AiStack *stack)
{
	static const AiRowBound no_bound = {NULL, NULL};
	int			count = list_length(stages->stages);
	Columns    *needs = palloc0(count * sizeof(Columns));
	AttrNumber *map = palloc0((list_length(stages->columns) + 1) * sizeof(AttrNumber));
	ListCell   *cell;

	Assert(count > 0);
	find_columns(stages, targetlist, needs);
	stack->top = NULL;
	stack->base = ai_columns_list(needs[0].read);
	for (int n = 1; n <= stages->base_columns; n++)
		map[n] = n;
	foreach(cell, narrow ? stack->base : NIL)
		map[lfirst_int(cell)] = foreach_current_index(cell) + 1;
	for (int i = 0; i < count; i++)
	{
		CustomScan *node = make_node(stages, list_nth(stages->stages, i), &needs[i], map,
									 keeps_rows(stages, i) ? bound : &no_bound);

		node->scan.plan.targetlist = i == count - 1 ?
			(List *) ai_columns_renumber((Node *) targetlist, INDEX_VAR, map) :
			give_columns(stages, needs[i].given, map);
		node->scan.plan.lefttree = stack->top;
		if (i == 0)
			stack->bottom = &node->scan.plan;
		stack->top = &node->scan.plan;
	}
}

/*
 * plan_stages.c
 *	  Sorts the calls of a plan node into stages.
 *
 * A stage is filled from one place: the first filter that calls, or, when no
 * filter does any more, the outputs.  Later places then take what it has: the
 * same call in WHERE and in the target list is one column.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "plan_calls.h"
#include "plan_columns.h"
#include "plan_stages.h"

void
ai_stages_init(AiStages *stages, List *base)
{
	stages->columns = list_copy(base);
	stages->base_columns = list_length(base);
	stages->stages = NIL;
}

/* Returns a condition that is true where either of two is; NIL stands for true. */
static List *
either(List *one, List *other)
{
	if (one == NIL || other == NIL)
		return NIL;
	if (equal(one, other))
		return one;
	return list_make1(makeBoolExpr(OR_EXPR, list_make2(make_ands_explicit(one),
													   make_ands_explicit(other)), -1));
}

static AiStageCall *
find_call(const AiStage *stage, const FuncExpr *call)
{
	ListCell   *cell;

	foreach(cell, stage->calls)
	{
		AiStageCall  *known = lfirst(cell);

		if (equal(known->call, call))
			return known;
	}
	return NULL;
}

static AiStageResult *
find_result(const AiStageCall *call, AiResultKind kind, const char *member)
{
	ListCell   *cell;

	foreach(cell, call->results)
	{
		AiStageResult *result = lfirst(cell);

		if (result->kind == kind &&
			(member == NULL || strcmp(member, result->member) == 0))
			return result;
	}
	return NULL;
}

static Node *
without_call(Node *node, void *call)
{
	if (node == NULL)
		return NULL;
	if (equal(node, call))
		return (Node *) makeNullConst(JSONBOID, -1, InvalidOid);
	return expression_tree_mutator(node, without_call, call);
}

/*
 * Returns the condition for a site, without the site's own call in it: in
 * "(a AND call) OR (b AND call)" the second is reached if the first is not true.
 * Where the first call is not reached its value plays no part, and where it is,
 * the row is sent for it.
 */
static List *
reach_of(const AiCallSite *site)
{
	return (List *) without_call((Node *) site->reach, site->call);
}

/*
 * True if a call can be answered now, for all of its sites at once: nothing that
 * it needs is still to come, and no site keeps it back.  A call that is made for
 * every row is a column for each of its sites, whatever stands before them.
 */
static bool
is_ready(List *sites, const FuncExpr *call)
{
	bool		ready = true;
	ListCell   *cell;

	if (ai_calls_contain((Node *) call->args))
		return false;
	foreach(cell, sites)
	{
		const AiCallSite *site = lfirst(cell);

		if (!equal(site->call, call))
			continue;
		if (site->refusal == NULL && site->reach == NIL)
			return true;
		ready = ready && site->refusal == NULL && !ai_calls_contain((Node *) reach_of(site));
	}
	return ready;
}

/* Returns the site without its cast: what the cast is applied to. */
static void
drop_cast(AiCallSite *site)
{
	if (site->kind != AI_RESULT_MEMBER_FLOAT8 && site->kind != AI_RESULT_MEMBER_FLOAT4)
		return;
	site->kind = AI_RESULT_MEMBER_TEXT;
	site->form = ((CoerceViaIO *) site->form)->arg;
}

static void
add_result(AiStageCall *call, const AiCallSite *site)
{
	AiStageResult *result = find_result(call, site->kind, site->member);

	if (result != NULL)
	{
		result->reach = either(result->reach, site->reach);
		return;
	}
	result = palloc0(sizeof(AiStageResult));
	result->kind = site->kind;
	result->member = site->member;
	result->form = site->form;
	result->reach = site->reach;
	call->results = lappend(call->results, result);
}

/*
 * A cast raises errors, so as a column it may be asked for only in rows that
 * come to the cast: those of the call.  Elsewhere the column is what is cast.
 */
static void
drop_risky_casts(AiStageCall *call)
{
	List	   *results = call->results;
	ListCell   *cell;

	call->results = NIL;
	foreach(cell, results)
	{
		AiStageResult *result = lfirst(cell);
		AiCallSite	site = {.kind = result->kind, .member = result->member,
		.form = result->form, .reach = result->reach};

		if (!equal(result->reach, call->reach))
			drop_cast(&site);
		add_result(call, &site);
	}
}

/* Adds the calls of a place that are ready. */
static void
take_calls(AiStage *stage, Node *place)
{
	List	   *sites = ai_calls_find(place);
	ListCell   *cell;

	foreach(cell, sites)
	{
		AiCallSite *site = lfirst(cell);
		AiStageCall  *call;

		if (!is_ready(sites, site->call))
			continue;
		site->reach = reach_of(site);
		call = find_call(stage, site->call);
		if (call == NULL)
		{
			call = palloc0(sizeof(AiStageCall));
			call->call = site->call;
			call->reach = site->reach;
			stage->calls = lappend(stage->calls, call);
		}
		else
			call->reach = either(call->reach, site->reach);
		add_result(call, site);
	}
	foreach(cell, stage->calls)
		drop_risky_casts(lfirst(cell));
}

/*
 * Adds what a later place wants of the calls that the stage makes for every row.
 * With casts, rows that pass the stage are sure to come to that place.
 */
static void
take_results(AiStage *stage, Node *place, bool casts)
{
	List	   *sites = ai_calls_find(place);
	ListCell   *cell;

	foreach(cell, sites)
	{
		AiCallSite *site = lfirst(cell);
		AiStageCall  *call = find_call(stage, site->call);

		if (call == NULL || call->reach != NIL)
			continue;
		if (!casts || site->reach != NIL)
			drop_cast(site);
		add_result(call, site);
	}
}

typedef struct Replace
{
	const AiStage *stage;
	bool		own;			/* the place that the stage was filled from */
} Replace;

/* Returns the column for a call in one form, or NULL. */
static Node *
replacement(const Replace *context, const AiCallSite *site)
{
	const AiStageCall *call = find_call(context->stage, site->call);
	const AiStageResult *result;

	if (call == NULL || (!context->own && call->reach != NIL))
		return NULL;
	result = find_result(call, site->kind, site->member);
	if (result == NULL)
		return NULL;
	return (Node *) ai_column_make(OUTER_VAR, result->column, (Node *) result->form);
}

static Node *
replace_mutator(Node *node, void *context)
{
	AiCallSite	site;
	Node	   *column = NULL;

	if (node == NULL)
		return NULL;
	if (ai_calls_match(node, &site, true))
		column = replacement(context, &site);
	return column != NULL ? column : expression_tree_mutator(node, replace_mutator, context);
}

/*
 * Puts the stage's columns where its calls are.  A later place than the one that
 * the stage was filled from has rows that its conditions left out.
 */
static Node *
replace(const AiStage *stage, Node *place, bool own)
{
	Replace		context = {stage, own};

	return replace_mutator(place, &context);
}

/* Gives the stage's results their columns. */
static void
number_results(AiStages *stages, AiStage *stage)
{
	ListCell   *cell;
	ListCell   *inner;

	stage->inputs = list_length(stages->columns);
	foreach(cell, stage->calls)
	{
		foreach(inner, ((AiStageCall *) lfirst(cell))->results)
		{
			AiStageResult *result = lfirst(inner);

			stages->columns = lappend(stages->columns, result->form);
			result->column = list_length(stages->columns);
		}
	}
	stages->stages = lappend(stages->stages, stage);
}

/* Makes a stage of the first filter; it takes the filters after it that need no more calls. */
static bool
run_filter(AiStages *stages, List **filters, List **outputs)
{
	AiStage *stage = palloc0(sizeof(AiStage));
	bool		last = true;
	ListCell   *cell;

	take_calls(stage, linitial(*filters));
	if (stage->calls == NIL)
		return false;
	for_each_from(cell, *filters, 1)
	{
		take_results(stage, lfirst(cell), false);
		last = last && !ai_calls_contain(lfirst(cell));
	}
	/* A filter whose own calls are not all here stands between the outputs and this stage. */
	last = last && !ai_calls_contain(replace(stage, linitial(*filters), true));
	take_results(stage, (Node *) *outputs, last);
	number_results(stages, stage);

	foreach(cell, *filters)
		lfirst(cell) = replace(stage, lfirst(cell), foreach_current_index(cell) == 0);
	*outputs = (List *) replace(stage, (Node *) *outputs, false);
	while (*filters != NIL && !ai_calls_contain(linitial(*filters)))
	{
		stage->filters = lappend(stage->filters, linitial(*filters));
		*filters = list_delete_first(*filters);
	}
	return true;
}

static bool
run_outputs(AiStages *stages, List **outputs)
{
	AiStage *stage = palloc0(sizeof(AiStage));

	take_calls(stage, (Node *) *outputs);
	if (stage->calls == NIL)
		return false;
	number_results(stages, stage);
	*outputs = (List *) replace(stage, (Node *) *outputs, true);
	return true;
}

/* Lets the highest stage apply a filter whose calls stay row at a time, or the base plan. */
static void
leave_filter(AiStages *stages, Node *filter, List **left)
{
	if (stages->stages == NIL)
		*left = lappend(*left, filter);
	else
	{
		AiStage *top = llast(stages->stages);

		top->filters = lappend(top->filters, filter);
	}
}

void
ai_stages_run(AiStages *stages, List **filters, List **outputs)
{
	List	   *left = NIL;

	*filters = list_copy(*filters);
	while (*filters != NIL)
	{
		if (run_filter(stages, filters, outputs))
			continue;
		leave_filter(stages, linitial(*filters), &left);
		*filters = list_delete_first(*filters);
	}
	*filters = left;
	while (run_outputs(stages, outputs))
		;
}

Node *
ai_stages_use(const AiStages *stages, Node *place)
{
	ListCell   *cell;

	foreach(cell, stages->stages)
		place = replace(lfirst(cell), place, false);
	return place;
}

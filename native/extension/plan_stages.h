/*
 * plan_stages.h
 *	  Sorts the calls of a plan node into stages, each a BatchInference node.
 *
 * A call whose input or condition needs another call's answer, and a call in a
 * filter behind a filter that predicts, wait for a node of their own: a stage.
 * Stage 1 reads the base plan, stage 2 reads stage 1, and so on.
 *
 * Expressions here are over the columns of the highest stage so far: Vars of
 * OUTER_VAR, numbered from the base's columns on through all results.
 */
#ifndef AI_RUNTIME_PLAN_STAGES_H
#define AI_RUNTIME_PLAN_STAGES_H

#include "postgres.h"

#include "nodes/primnodes.h"

#include "batch_evaluator.h"

/* One form of one call: a column. */
typedef struct AiStageResult
{
	AiResultKind kind;
	const char *member;
	Expr	   *form;			/* what the column stands for */
	List	   *reach;			/* where it is wanted */
	int			column;
} AiStageResult;

typedef struct AiStageCall
{
	FuncExpr   *call;
	List	   *reach;			/* rows to send; NIL: every row */
	List	   *results;		/* AiStageResult * */
} AiStageCall;

typedef struct AiStage
{
	int			inputs;			/* columns of the base and of the stages below */
	List	   *calls;			/* AiStageCall * */
	List	   *filters;
} AiStage;

typedef struct AiStages
{
	List	   *columns;		/* expressions that give the columns' types */
	int			base_columns;
	List	   *stages;			/* AiStage *, lowest first */
} AiStages;

/* Starts with the columns (expressions) of the base plan. */
extern void ai_stages_init(AiStages *stages, List *base);

/*
 * Takes calls out of the filters and outputs (a list of expressions or target
 * entries) as far as can be.  Filters are applied in their order by the stages;
 * those that no stage could take are left in *filters.
 */
extern void ai_stages_run(AiStages *stages, List **filters, List **outputs);

/*
 * Puts the stages' columns into another expression, for calls that are made for
 * every row.
 */
extern Node *ai_stages_use(const AiStages *stages, Node *place);

#endif							/* AI_RUNTIME_PLAN_STAGES_H */

/*
 * plan_calls.h
 *	  Finds the calls of ai_inference() in an expression of a plan, and under
 *	  which conditions each is reached.
 */
#ifndef AI_RUNTIME_PLAN_CALLS_H
#define AI_RUNTIME_PLAN_CALLS_H

#include "postgres.h"

#include "nodes/primnodes.h"

#include "batch_evaluator.h"

/* A call where it stands. */
typedef struct AiCallSite
{
	FuncExpr   *call;
	AiResultKind kind;			/* what is wanted of the answer */
	const char *member;
	Expr	   *form;			/* call and projection: what a column stands for */
	List	   *reach;			/* conditions that are all true where it is evaluated */
	const char *refusal;		/* why it must stay here; NULL: it need not */
} AiCallSite;

/* Returns the sites (AiCallSite *) in an expression or list, in the order of evaluation. */
extern List *ai_calls_find(Node *expression);

/* True if there is a call in the expression. */
extern bool ai_calls_contain(Node *expression);

/*
 * True if the node is a call, or a projection of one: fills in what is said of
 * the site but reach and refusal.  Without casts, a cast of
 * (answer ->> 'member') is no projection: its error could come too early.
 */
extern bool ai_calls_match(Node *node, AiCallSite *site, bool casts);

/* Returns which overload it is. */
extern AiInputKind ai_calls_input_kind(const FuncExpr *call);

/* Says for every call in the expression that it stays, and why. */
extern void ai_calls_report(Node *expression, const char *reason);

#endif							/* AI_RUNTIME_PLAN_CALLS_H */

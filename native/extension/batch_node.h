/*
 * batch_node.h
 *	  The plan node BatchInference, a CustomScan: how it is laid out.
 *
 * lefttree				the plan whose rows it reads
 * custom_scan_tlist	its columns: those of the child that it keeps, as
 *						OUTER_VAR Vars, then its results
 * plan.targetlist, qual	over these columns (INDEX_VAR)
 * custom_exprs			a list of each call's expressions over the child's
 *						columns (OUTER_VAR), then one of the LIMIT above
 * custom_private		what of a call is no expression; core node types only,
 *						so that the plan can be copied and sent to a worker
 */
#ifndef AI_RUNTIME_BATCH_NODE_H
#define AI_RUNTIME_BATCH_NODE_H

#include "postgres.h"

#include "nodes/plannodes.h"

#include "batch_evaluator.h"

#define AI_BATCH_NODE_NAME "BatchInference"

/* A flag of a node below a Gather, beside PostgreSQL's own ones. */
#define AI_BATCH_NODE_IN_WORKERS 0x10000

/* One call of a node, and which of its results are columns. */
typedef struct AiNodeCall
{
	Oid			function;		/* the overload, whose EXECUTE right is checked */
	AiInputKind input;
	Expr	   *model;
	Expr	   *options;
	Expr	   *argument;
	List	   *reach;			/* all must be true for a row to be sent; NIL: every row */
	int			result_count;
	AiResult   *results;
	double		row_us;			/* what a row was planned to take; 0: not known */
} AiNodeCall;

/* What a LIMIT above lets through; NULL: no bound. */
typedef struct AiRowBound
{
	Node	   *count;
	Node	   *offset;
} AiRowBound;

/* Makes a node without target list, quals, costs and parameters. */
extern CustomScan *ai_batch_node_make(List *calls, List *columns, const AiRowBound *bound);

/* Reads a node: returns the list of AiNodeCall, and the bound. */
extern List *ai_batch_node_read(const CustomScan *node, AiRowBound *bound);

/* True if the plan is a node of ours. */
extern bool ai_batch_node_is(const Plan *plan);

/* Lets PostgreSQL find the node's methods by its name. */
extern void ai_batch_node_init(void);

#endif							/* AI_RUNTIME_BATCH_NODE_H */

/*
 * plan_hash_join.c
 *	  Calls in what a hash join hashes: ON label.name = ai_inference(…) ->> 'label'.
 *
 * A key is computed for every row of its side, so it is answered below it, and
 * where the rows are compared again the same column is used.  Only the first
 * key: those after it are not computed once one is NULL.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "plan_calls.h"
#include "plan_columns.h"
#include "plan_hash_join.h"
#include "plan_refuse.h"
#include "plan_walk.h"

/* Turns columns of the outer side into columns of the inner one, and back. */
static Node *
swap_sides(Node *node, void *context)
{
	Var		   *column;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Var))
		return expression_tree_mutator(node, swap_sides, context);
	column = copyObject((Var *) node);
	if (column->varno == OUTER_VAR)
		column->varno = INNER_VAR;
	else if (column->varno == INNER_VAR)
		column->varno = OUTER_VAR;
	return (Node *) column;
}

/* Puts the columns of the stages where a side's expressions call. */
static List *
use_columns(const AiStages *stages, List *expressions, bool inner)
{
	Node	   *node = (Node *) expressions;

	if (inner)
		node = swap_sides(node, NULL);
	node = ai_stages_use(stages, node);
	return (List *) (inner ? swap_sides(node, NULL) : node);
}

/*
 * Answers the call in the first of a plan's keys with stages below it; returns
 * whether there is one.  plan is the join itself, or the Hash on its inner side.
 */
static bool
stage_key(const AiRewrite *rewrite, const Plan *plan, List *keys, bool stops_early,
		  AiStages *stages)
{
	AiReadAhead ahead = {.plan = plan->lefttree, .below = ai_plan_expressions(plan->lefttree),
		.above = (Node *) ai_plan_expressions(plan), .stops_early = stops_early};
	List	   *pushed;

	if (keys == NIL || !ai_calls_contain(linitial(keys)) ||
		ai_plan_refuse(rewrite->statement, &ahead) != NULL)
		return false;
	pushed = ai_plan_push_begin(plan, list_make1(linitial(keys)), stages);
	if (pushed == NIL)
		return false;
	linitial(keys) = linitial(pushed);
	return true;
}

static void
use_in_join(HashJoin *join, const AiStages *stages, bool inner)
{
	Plan	   *plan = &join->join.plan;

	join->hashclauses = use_columns(stages, join->hashclauses, inner);
	join->join.joinqual = use_columns(stages, join->join.joinqual, inner);
	plan->qual = use_columns(stages, plan->qual, inner);
	plan->targetlist = use_columns(stages, plan->targetlist, inner);
}

/* Lets a Hash give the columns that its child has got. */
static void
widen(Hash *hash)
{
	List	   *given = hash->plan.lefttree->targetlist;

	for (int i = list_length(hash->plan.targetlist); i < list_length(given); i++)
	{
		TargetEntry *column = list_nth(given, i);

		hash->plan.targetlist =
			lappend(hash->plan.targetlist,
					makeTargetEntry((Expr *) ai_column_make(OUTER_VAR, i + 1,
															(Node *) column->expr),
									i + 1, NULL, false));
	}
}

void
ai_plan_push_hash_keys(AiRewrite *rewrite, HashJoin *join, bool stops_early)
{
	Plan	   *plan = &join->join.plan;
	Hash	   *hash = castNode(Hash, plan->righttree);
	AiStages	stages;
	Node	   *expressions;

	if (stage_key(rewrite, plan, join->hashkeys, stops_early, &stages))
	{
		use_in_join(join, &stages, false);
		expressions = (Node *) ai_plan_expressions(plan);
		(void) ai_plan_push_end(rewrite, plan, &stages, ai_columns_of(expressions), true);
	}
	if (stage_key(rewrite, &hash->plan, hash->hashkeys, false, &stages))
	{
		use_in_join(join, &stages, true);
		/* What the join needs of the inner side, and the Hash itself. */
		expressions = (Node *) list_make2(swap_sides((Node *) ai_plan_expressions(plan), NULL),
										  hash->hashkeys);
		(void) ai_plan_push_end(rewrite, &hash->plan, &stages, ai_columns_of(expressions),
								true);
		widen(hash);
	}
}

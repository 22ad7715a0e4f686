/*
 * plan_columns.h
 *	  Columns of a plan's child in its expressions: named, counted, renumbered.
 */
#ifndef AI_RUNTIME_PLAN_COLUMNS_H
#define AI_RUNTIME_PLAN_COLUMNS_H

#include "postgres.h"

#include "nodes/bitmapset.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"

/* Returns a Var of the type that the expression has. */
extern Var *ai_column_make(int varno, AttrNumber number, Node *like);

/* Returns the numbers of the columns (OUTER_VAR) in an expression. */
extern Bitmapset *ai_columns_of(Node *expression);

/* Returns the numbers of the parameters of execution (PARAM_EXEC) in an expression. */
extern Bitmapset *ai_columns_params(Node *expression);

/* Returns the members of a set as a list, in order. */
extern List *ai_columns_list(Bitmapset *columns);

/*
 * Returns the expression with its columns (OUTER_VAR) as Vars of varno, column n
 * numbered as map[n].
 */
extern Node *ai_columns_renumber(Node *expression, int varno, const AttrNumber *map);

/*
 * Returns the expression with its base expressions (Vars, aggregates, window
 * functions) as columns OUTER_VAR; *base is the list of them, and grows.
 */
extern Node *ai_columns_lower(Node *expression, List **base);

#endif							/* AI_RUNTIME_PLAN_COLUMNS_H */

/*
 * plan_columns.c
 *	  Columns of a plan's child in its expressions.
 */
#include "postgres.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"

#include "plan_columns.h"

Var *
ai_column_make(int varno, AttrNumber number, Node *like)
{
	return makeVar(varno, number, exprType(like), exprTypmod(like), exprCollation(like), 0);
}

static bool
columns_walker(Node *node, void *context)
{
	Bitmapset **columns = context;

	if (node == NULL)
		return false;
	if (IsA(node, Var) && ((Var *) node)->varno == OUTER_VAR)
		*columns = bms_add_member(*columns, ((Var *) node)->varattno);
	return expression_tree_walker(node, columns_walker, context);
}

Bitmapset *
ai_columns_of(Node *expression)
{
	Bitmapset  *columns = NULL;

	(void) columns_walker(expression, &columns);
	return columns;
}

static bool
params_walker(Node *node, void *context)
{
	Bitmapset **params = context;

	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		*params = bms_add_member(*params, ((Param *) node)->paramid);
	return expression_tree_walker(node, params_walker, context);
}

Bitmapset *
ai_columns_params(Node *expression)
{
	Bitmapset  *params = NULL;

	(void) params_walker(expression, &params);
	return params;
}

List *
ai_columns_list(Bitmapset *columns)
{
	List	   *numbers = NIL;
	int			number = -1;

	while ((number = bms_next_member(columns, number)) >= 0)
		numbers = lappend_int(numbers, number);
	return numbers;
}

typedef struct Renumber
{
	int			varno;
	const AttrNumber *map;
} Renumber;

static Node *
renumber_mutator(Node *node, void *context)
{
	const Renumber *renumber = context;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var) && ((Var *) node)->varno == OUTER_VAR)
	{
		Var		   *column = copyObject((Var *) node);

		column->varno = renumber->varno;
		column->varattno = renumber->map[column->varattno];
		Assert(column->varattno > 0);
		return (Node *) column;
	}
	return expression_tree_mutator(node, renumber_mutator, context);
}

Node *
ai_columns_renumber(Node *expression, int varno, const AttrNumber *map)
{
	Renumber	renumber = {varno, map};

	return renumber_mutator(expression, &renumber);
}

static Node *
lower_mutator(Node *node, void *context)
{
	List	  **base = context;
	ListCell   *cell;

	if (node == NULL)
		return NULL;
	if (!IsA(node, Var) && !IsA(node, Aggref) && !IsA(node, WindowFunc) &&
		!IsA(node, GroupingFunc))
		return expression_tree_mutator(node, lower_mutator, context);
	foreach(cell, *base)
	{
		if (equal(lfirst(cell), node))
			return (Node *) ai_column_make(OUTER_VAR, foreach_current_index(cell) + 1, node);
	}
	*base = lappend(*base, copyObject(node));
	return (Node *) ai_column_make(OUTER_VAR, list_length(*base), node);
}

Node *
ai_columns_lower(Node *expression, List **base)
{
	return lower_mutator(expression, base);
}

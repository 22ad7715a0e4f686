/*
 * plan_calls.c
 *	  Finds the calls of ai_inference() in an expression of a plan.
 *
 * An expression does not evaluate all of its parts: CASE, COALESCE, AND, OR and
 * FILTER stop early, and a row that would not come to a call must not be sent.
 * So each call is found with the conditions before it, as expressions that are
 * true or false and never NULL.  What is not known to evaluate all of its
 * arguments keeps the calls in it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

#include "plan_calls.h"
#include "plan_noted.h"

/* Arguments of ai_inference(). */
#define CALL_MODEL(call) ((Expr *) linitial((call)->args))
#define CALL_INPUT(call) ((Expr *) lsecond((call)->args))
#define CALL_OPTIONS(call) ((Expr *) lthird((call)->args))

/* Where the search stands. */
typedef struct Search
{
	List	   *sites;
	List	   *reach;			/* of this place */
	const char *refusal;		/* of this place */
} Search;

static bool search(Node *node, Search *at);

static FuncExpr *
as_call(Node *node)
{
	FuncExpr   *call = (FuncExpr *) node;

	if (node == NULL || !IsA(node, FuncExpr) || !ai_noted_contains(call->funcid))
		return NULL;
	return list_length(call->args) == 3 ? call : NULL;
}

/* Returns a constant text, or NULL. */
static char *
constant_text(Node *node)
{
	Const	   *constant = (Const *) node;

	if (node == NULL || !IsA(node, Const) || constant->constisnull ||
		constant->consttype != TEXTOID)
		return NULL;
	return TextDatumGetCString(constant->constvalue);
}

/* Matches call -> 'member' and call ->> 'member'. */
static bool
match_member(Node *node, AiCallSite *site)
{
	OpExpr	   *operation = (OpExpr *) node;

	if (!IsA(node, OpExpr) ||
		(operation->opfuncid != F_JSONB_OBJECT_FIELD &&
		 operation->opfuncid != F_JSONB_OBJECT_FIELD_TEXT))
		return false;
	site->call = as_call(linitial(operation->args));
	if (site->call == NULL)
		return false;
	site->member = constant_text(lsecond(operation->args));
	site->kind = operation->opfuncid == F_JSONB_OBJECT_FIELD ? AI_RESULT_MEMBER :
		AI_RESULT_MEMBER_TEXT;
	site->form = (Expr *) node;
	return site->member != NULL;
}

bool
ai_calls_match(Node *node, AiCallSite *site, bool casts)
{
	if (IsA(node, CoerceViaIO) && casts)
	{
		CoerceViaIO *cast = (CoerceViaIO *) node;

		if ((cast->resulttype != FLOAT8OID && cast->resulttype != FLOAT4OID) ||
			!match_member((Node *) cast->arg, site) || site->kind != AI_RESULT_MEMBER_TEXT)
			return false;
		site->kind = cast->resulttype == FLOAT8OID ? AI_RESULT_MEMBER_FLOAT8 :
			AI_RESULT_MEMBER_FLOAT4;
		site->form = (Expr *) node;
		return true;
	}
	if (match_member(node, site))
		return true;
	site->call = as_call(node);
	site->kind = AI_RESULT_JSONB;
	site->member = NULL;
	site->form = (Expr *) node;
	return site->call != NULL;
}

AiInputKind
ai_calls_input_kind(const FuncExpr *call)
{
	switch (exprType((Node *) CALL_INPUT(call)))
	{
		case JSONBOID:
			return AI_INPUT_JSONB;
		case JSONOID:
			return AI_INPUT_JSON;
		case TEXTOID:
			return AI_INPUT_TEXT;
		default:
			return AI_INPUT_ARRAY;
	}
}

static bool
contain_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return as_call(node) != NULL || expression_tree_walker(node, contain_walker, context);
}

bool
ai_calls_contain(Node *expression)
{
	return contain_walker(expression, NULL);
}

/* True if the expression has a placeholder whose value is set outside of it. */
static bool
placeholder_walker(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, CaseTestExpr) || IsA(node, CoerceToDomainValue))
		return true;
	/* These set the placeholders in their parts. */
	if (IsA(node, ArrayCoerceExpr))
		return placeholder_walker((Node *) ((ArrayCoerceExpr *) node)->arg, context);
	if (IsA(node, CaseExpr) && ((CaseExpr *) node)->arg != NULL)
		return placeholder_walker((Node *) ((CaseExpr *) node)->arg, context);
	return expression_tree_walker(node, placeholder_walker, context);
}

/* True if the expression is the same for all rows of a scan. */
static bool
has_columns(Node *node, void *context)
{
	if (node == NULL)
		return false;
	return IsA(node, Var) || IsA(node, Aggref) || IsA(node, WindowFunc) ||
		IsA(node, GroupingFunc) || IsA(node, SubPlan) ||
		expression_tree_walker(node, has_columns, context);
}

/* Why this call must stay where it is, or NULL. */
static const char *
refuse_call(const FuncExpr *call)
{
	/* One node asks one model. */
	if (has_columns((Node *) CALL_MODEL(call), NULL))
		return "its model may differ from row to row";
	if (has_columns((Node *) CALL_OPTIONS(call), NULL))
		return "its options may differ from row to row";
	/* Evaluated once, where a row would evaluate it again. */
	if (contain_volatile_functions((Node *) CALL_MODEL(call)) ||
		contain_volatile_functions((Node *) CALL_OPTIONS(call)))
		return "its model or its options are volatile";
	/* Evaluated ahead of the row, in another order than written. */
	if (contain_volatile_functions((Node *) CALL_INPUT(call)))
		return "its input is volatile";
	/* Stands for a value that only the expression around it knows. */
	if (placeholder_walker((Node *) CALL_INPUT(call), NULL))
		return "its input is part of a larger expression";
	return NULL;
}

/* Why rows cannot be chosen by these conditions, or NULL. */
static const char *
refuse_reach(List *reach)
{
	/* Evaluated twice, and ahead of the row. */
	if (contain_volatile_functions((Node *) reach))
		return "a condition before it is volatile";
	if (placeholder_walker((Node *) reach, NULL))
		return "a condition before it is part of a larger expression";
	return NULL;
}

static void
add_site(AiCallSite *site, Search *at)
{
	AiCallSite *added = palloc(sizeof(AiCallSite));

	*added = *site;
	added->reach = at->reach;
	added->refusal = at->refusal != NULL ? at->refusal : refuse_call(site->call);
	if (added->refusal == NULL)
		added->refusal = refuse_reach(at->reach);
	at->sites = lappend(at->sites, added);
}

/* Returns "argument is [not] true", "is not false" and the like. */
static Expr *
boolean_test(Expr *argument, BoolTestType type)
{
	BooleanTest *test = makeNode(BooleanTest);

	test->arg = argument;
	test->booltesttype = type;
	test->location = -1;
	return (Expr *) test;
}

static Expr *
is_null(Expr *argument)
{
	NullTest   *test = makeNode(NullTest);

	test->arg = argument;
	test->nulltesttype = IS_NULL;
	test->argisrow = false;
	test->location = -1;
	return (Expr *) test;
}

/* Adds a condition for what is searched next; nothing is made that no call needs. */
static void
require(Search *at, Expr *condition)
{
	at->reach = lappend(list_copy(at->reach), condition);
}

static void
search_bool(BoolExpr *expression, Search *at)
{
	List	   *outer = at->reach;
	BoolTestType goes_on = expression->boolop == AND_EXPR ? IS_NOT_FALSE : IS_NOT_TRUE;
	ListCell   *cell;

	foreach(cell, expression->args)
	{
		(void) search(lfirst(cell), at);
		if (expression->boolop != NOT_EXPR)
			require(at, boolean_test(lfirst(cell), goes_on));
	}
	at->reach = outer;
}

/* Puts the argument of CASE argument WHEN … where it is compared. */
static Node *
fill_case_test(Node *node, void *argument)
{
	if (node == NULL)
		return NULL;
	if (IsA(node, CaseTestExpr))
		return copyObject((Node *) argument);
	/* These set the placeholders in their parts. */
	if (IsA(node, ArrayCoerceExpr) ||
		(IsA(node, CaseExpr) && ((CaseExpr *) node)->arg != NULL))
		return node;
	return expression_tree_mutator(node, fill_case_test, argument);
}

static void
search_case(CaseExpr *expression, Search *at)
{
	List	   *outer = at->reach;
	ListCell   *cell;

	(void) search((Node *) expression->arg, at);
	foreach(cell, expression->args)
	{
		CaseWhen   *when = lfirst_node(CaseWhen, cell);
		Expr	   *test = when->expr;
		List	   *before = at->reach;

		if (expression->arg != NULL)
			test = (Expr *) fill_case_test((Node *) test, expression->arg);
		(void) search((Node *) when->expr, at);
		require(at, boolean_test(test, IS_TRUE));
		(void) search((Node *) when->result, at);
		at->reach = before;
		require(at, boolean_test(test, IS_NOT_TRUE));
	}
	(void) search((Node *) expression->defresult, at);
	at->reach = outer;
}

static void
search_coalesce(CoalesceExpr *expression, Search *at)
{
	List	   *outer = at->reach;
	ListCell   *cell;

	foreach(cell, expression->args)
	{
		(void) search(lfirst(cell), at);
		require(at, is_null(lfirst(cell)));
	}
	at->reach = outer;
}

/* Searches what may be evaluated or not, for reasons that are not written there. */
static void
search_refused(Node *node, Search *at, const char *refusal)
{
	const char *outer = at->refusal;

	at->refusal = outer != NULL ? outer : refusal;
	(void) search(node, at);
	at->refusal = outer;
}

/* Searches the arguments of an aggregate or a window function. */
static void
search_filtered(Expr *filter, List *arguments, Search *at)
{
	List	   *outer = at->reach;

	(void) search((Node *) filter, at);
	if (filter != NULL)
		require(at, boolean_test(filter, IS_TRUE));
	(void) search((Node *) arguments, at);
	at->reach = outer;
}

static void
search_row_compare(RowCompareExpr *expression, Search *at)
{
	for (int i = 0; i < list_length(expression->largs); i++)
	{
		const char *refusal = i == 0 ? NULL : "it is compared after the columns before it";

		search_refused(list_nth(expression->largs, i), at, refusal);
		search_refused(list_nth(expression->rargs, i), at, refusal);
	}
}

/* True if an expression evaluates all of its arguments. */
static bool
evaluates_all(Node *node)
{
	switch (nodeTag(node))
	{
		case T_List:
		case T_TargetEntry:
		case T_Var:
		case T_Const:
		case T_Param:
		case T_FuncExpr:
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
		case T_ScalarArrayOpExpr:
		case T_RelabelType:
		case T_CoerceViaIO:
		case T_ConvertRowtypeExpr:
		case T_CollateExpr:
		case T_FieldSelect:
		case T_FieldStore:
		case T_ArrayExpr:
		case T_RowExpr:
		case T_MinMaxExpr:
		case T_SQLValueFunction:
		case T_XmlExpr:
		case T_NullTest:
		case T_BooleanTest:
		case T_CoerceToDomain:
		case T_CaseTestExpr:
		case T_CoerceToDomainValue:
		case T_GroupingFunc:
			/* Parts of plan nodes. */
		case T_RangeTblFunction:
		case T_TableFunc:
		case T_TableSampleClause:
		case T_MergeAction:
		case T_WithCheckOption:
			return true;
		default:
			return false;
	}
}

/* Searches an expression that does not evaluate all of its arguments alike. */
static void
search_special(Node *node, Search *at)
{
	Search		inner = *at;

	switch (nodeTag(node))
	{
		case T_BoolExpr:
			search_bool((BoolExpr *) node, at);
			return;
		case T_CaseExpr:
			search_case((CaseExpr *) node, at);
			return;
		case T_CoalesceExpr:
			search_coalesce((CoalesceExpr *) node, at);
			return;
		case T_Aggref:
			/* Evaluated once for a group. */
			search_refused((Node *) ((Aggref *) node)->aggdirectargs, at,
						   "it is a direct argument of an aggregate");
			search_filtered(((Aggref *) node)->aggfilter, ((Aggref *) node)->args, at);
			return;
		case T_WindowFunc:
			search_filtered(((WindowFunc *) node)->aggfilter, ((WindowFunc *) node)->args, at);
			return;
		case T_SubPlan:
			/* Not evaluated if the subquery has no rows, or once for each of them. */
			search_refused(((SubPlan *) node)->testexpr, at, "it is compared to a subquery");
			(void) search((Node *) ((SubPlan *) node)->args, at);
			return;
		case T_ArrayCoerceExpr:
			(void) search((Node *) ((ArrayCoerceExpr *) node)->arg, at);
			search_refused((Node *) ((ArrayCoerceExpr *) node)->elemexpr, at,
						   "it is evaluated for each element of an array");
			return;
		case T_RowCompareExpr:
			search_row_compare((RowCompareExpr *) node, at);
			return;
		case T_SubscriptingRef:
			/* NULL has no elements, so its subscripts are not evaluated. */
			(void) search((Node *) ((SubscriptingRef *) node)->refexpr, at);
			inner.refusal = "it is part of a subscript";
			break;
		default:
			inner.refusal = "it is part of an expression that is not known";
			break;
	}
	inner.sites = NIL;
	if (IsA(node, SubscriptingRef))
	{
		(void) search((Node *) ((SubscriptingRef *) node)->refupperindexpr, &inner);
		(void) search((Node *) ((SubscriptingRef *) node)->reflowerindexpr, &inner);
		(void) search((Node *) ((SubscriptingRef *) node)->refassgnexpr, &inner);
	}
	else
		(void) expression_tree_walker(node, search, &inner);
	at->sites = list_concat(at->sites, inner.sites);
}

static bool
search(Node *node, Search *at)
{
	AiCallSite	site;

	if (node == NULL || !ai_calls_contain(node))
		return false;
	if (ai_calls_match(node, &site, true))
	{
		/* A call in the input comes first. */
		(void) search((Node *) site.call->args, at);
		add_site(&site, at);
		return false;
	}
	if (!evaluates_all(node))
	{
		search_special(node, at);
		return false;
	}
	return expression_tree_walker(node, search, at);
}

List *
ai_calls_find(Node *expression)
{
	Search		at = {0};

	(void) search(expression, &at);
	return at.sites;
}

void
ai_calls_report(Node *expression, const char *reason)
{
	ListCell   *cell;

	foreach(cell, ai_calls_find(expression))
	{
		AiCallSite *site = lfirst(cell);
		char	   *model = constant_text((Node *) CALL_MODEL(site->call));

		ereport(DEBUG1,
				(errmsg_internal("a call of %s stays row at a time: %s",
								 model == NULL ? "ai_inference()" :
								 psprintf("model \"%s\"", model),
								 site->refusal != NULL ? site->refusal : reason)));
	}
}

/*
 * planner.c
 *	  The door to PostgreSQL's planner: hooks in, and hands a finished plan to
 *	  plan_rewrite.c if its statement predicts.
 */
#include "postgres.h"

#include "optimizer/planner.h"

#include "guc.h"
#include "plan_rewrite.h"
#include "planner.h"

/* More than there are overloads of ai_inference(). */
#define MAX_NOTED 16

/*
 * What is known of the statement being planned.  Planning may plan (a function
 * that is folded), so the hook keeps the outer statement's aside.  After an
 * error this holds what nobody reads: every statement starts with nothing.
 */
typedef struct AiNoted
{
	int			count;
	Oid			functions[MAX_NOTED];
} AiNoted;

static AiNoted noted;
static planner_hook_type previous_hook;

bool
ai_planner_noted(Oid function)
{
	for (int i = 0; i < noted.count; i++)
	{
		if (noted.functions[i] == function)
			return true;
	}
	return false;
}

void
ai_planner_note(Oid function)
{
	if (noted.count < MAX_NOTED && !ai_planner_noted(function))
		noted.functions[noted.count++] = function;
}

static PlannedStmt *
plan_statement(Query *parse, const char *query_string, int cursor_options,
			   ParamListInfo bound_params)
{
	AiNoted		outer = noted;
	PlannedStmt *statement;

	noted.count = 0;
	statement = previous_hook != NULL ?
		previous_hook(parse, query_string, cursor_options, bound_params) :
		standard_planner(parse, query_string, cursor_options, bound_params);
	if (noted.count > 0 && ai_guc_enable_batch_scan)
		ai_plan_rewrite(statement, cursor_options);
	noted = outer;
	return statement;
}

void
ai_planner_init(void)
{
	previous_hook = planner_hook;
	planner_hook = plan_statement;
}

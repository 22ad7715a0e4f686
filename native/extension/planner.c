/*
 * planner.c
 *	  The door to PostgreSQL's planner: hooks in, and hands a finished plan to
 *	  plan_rewrite.c if its statement predicts.
 */
#include "postgres.h"

#include "optimizer/planner.h"

#include "guc.h"
#include "plan_noted.h"
#include "plan_rewrite.h"
#include "planner.h"

static planner_hook_type previous_hook;

static PlannedStmt *
plan_statement(Query *parse, const char *query_string, int cursor_options,
			   ParamListInfo bound_params)
{
	AiNoted		outer = ai_noted_begin();
	PlannedStmt *statement;

	statement = previous_hook != NULL ?
		previous_hook(parse, query_string, cursor_options, bound_params) :
		standard_planner(parse, query_string, cursor_options, bound_params);
	if (ai_noted_any() && ai_guc_enable_batch_scan)
		ai_plan_rewrite(statement, cursor_options);
	ai_noted_end(&outer);
	return statement;
}

void
ai_planner_init(void)
{
	previous_hook = planner_hook;
	planner_hook = plan_statement;
}

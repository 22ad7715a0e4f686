/*
 * plan_noted.c
 *	  Which functions of ours the statement being planned calls.
 *
 * Planning may plan (a function that is folded), so the outer statement's are
 * kept aside meanwhile.  After an error this holds what nobody reads: every
 * statement starts with nothing.
 */
#include "postgres.h"

#include "plan_noted.h"

static AiNoted noted;

void
ai_noted_add(Oid function)
{
	if (noted.count < AI_MAX_NOTED && !ai_noted_contains(function))
		noted.functions[noted.count++] = function;
}

bool
ai_noted_contains(Oid function)
{
	for (int i = 0; i < noted.count; i++)
	{
		if (noted.functions[i] == function)
			return true;
	}
	return false;
}

bool
ai_noted_any(void)
{
	return noted.count > 0;
}

AiNoted
ai_noted_begin(void)
{
	AiNoted		outer = noted;

	noted.count = 0;
	return outer;
}

void
ai_noted_end(const AiNoted *outer)
{
	noted = *outer;
}

/*
 * row_error.c
 *	  An error of one row that must not end the others'.
 */
#include "postgres.h"

#include "row_error.h"

/*
 * True for what a row's values can be to blame for: data, limits, what is not
 * supported, what the server says of it.
 */
static bool
is_of_row(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_DATA_EXCEPTION ||
		category == ERRCODE_TO_CATEGORY(ERRCODE_PROGRAM_LIMIT_EXCEEDED) ||
		category == ERRCODE_TO_CATEGORY(ERRCODE_FEATURE_NOT_SUPPORTED) ||
		sqlstate == ERRCODE_OUT_OF_MEMORY;
}

static ErrorData *
catch_error(void (*code) (void *arg), void *arg, bool any)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback *callbacks = error_context_stack;
	ErrorData  *volatile error = NULL;

	/* The context is told when it is raised: by then it says more. */
	error_context_stack = NULL;
	PG_TRY();
	{
		code(arg);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		if (!any && !is_of_row(error->sqlerrcode))
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	error_context_stack = callbacks;
	return error;
}

ErrorData *
ai_row_error_catch(void (*code) (void *arg), void *arg)
{
	return catch_error(code, arg, false);
}

ErrorData *
ai_row_error_catch_reply(void (*code) (void *arg), void *arg)
{
	return catch_error(code, arg, true);
}

void
ai_row_error_raise(ErrorData *error)
{
	ThrowErrorData(error);
	pg_unreachable();
}

/* Pushes a member whose value is a string. */
static JsonbValue *
push_member(JsonbParseState **state, const char *key, const char *text)
{
	JsonbValue	value;

	value.type = jbvString;
	value.val.string.val = unconstify(char *, key);
	value.val.string.len = (int) strlen(key);
	(void) pushJsonbValue(state, WJB_KEY, &value);
	value.val.string.val = unconstify(char *, text);
	value.val.string.len = (int) strlen(text);
	return pushJsonbValue(state, WJB_VALUE, &value);
}

Jsonb *
ai_row_error_report(const ErrorData *error)
{
	JsonbParseState *state = NULL;
	JsonbValue	key;
	JsonbValue *result;

	key.type = jbvString;
	key.val.string.val = "error";
	key.val.string.len = 5;
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	(void) pushJsonbValue(&state, WJB_KEY, &key);
	(void) pushJsonbValue(&state, WJB_BEGIN_OBJECT, NULL);
	(void) push_member(&state, "code", unpack_sql_state(error->sqlerrcode));
	(void) push_member(&state, "message", error->message != NULL ? error->message : "");
	(void) pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	result = pushJsonbValue(&state, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(result);
}

/*
 * row_error.h
 *	  An error of one row that must not end the others': caught, kept, and raised
 *	  or told when it is that row's turn.
 *
 * Only code that computes may run under it: no function of a user, no table, no
 * lock.  What is no error of a row (a cancel, a lost server, a bug) goes on.
 */
#ifndef AI_RUNTIME_ROW_ERROR_H
#define AI_RUNTIME_ROW_ERROR_H

#include "utils/jsonb.h"

/*
 * Runs the code.  Returns NULL, or what it raised about the row, copied into the
 * current memory context.
 */
extern ErrorData *ai_row_error_catch(void (*code) (void *arg), void *arg);

/* The same, for what the server says of a row: whatever was raised is caught. */
extern ErrorData *ai_row_error_catch_reply(void (*code) (void *arg), void *arg);

/* Raises an error that was caught. */
extern void ai_row_error_raise(ErrorData *error) pg_attribute_noreturn();

/* Returns {"error": {"code": SQLSTATE, "message": ...}}. */
extern Jsonb *ai_row_error_report(const ErrorData *error);

#endif							/* AI_RUNTIME_ROW_ERROR_H */

/*
 * errors.h
 *	  How a failure of the server becomes an SQL error.
 *
 * One table maps the codes of the protocol to SQLSTATEs (DESIGN 8).  The client
 * raises what the server reports; everything above it raises its own errors
 * with ereport() and takes the SQLSTATE from here where it stands for a code.
 */
#ifndef AI_RUNTIME_ERRORS_H
#define AI_RUNTIME_ERRORS_H

#include "protocol.h"

/* Returns the SQLSTATE (packed, for errcode()) that stands for a code. */
extern int	ai_errcode(AiStatusCode code);

/*
 * Returns a palloc'd copy of UTF-8 text in the database's encoding.  Never
 * raises an error for what is not valid or has no equivalent: such bytes become
 * question marks.  For texts of the server that end in messages and views.
 */
extern char *ai_text_from_server(const char *text, size_t length);

/*
 * Raises what an ERROR frame says: message, detail, hint and SQLSTATE.
 * timeout_ms is told when the code is a deadline.
 */
extern void ai_raise_server_error(const char *payload, uint64 payload_bytes, int timeout_ms)
			pg_attribute_noreturn();

/* Raises "inference timed out after N ms". */
extern void ai_raise_timeout(int timeout_ms) pg_attribute_noreturn();

/* Raises "invalid frame from inference server" with a reason as its detail. */
extern void ai_raise_invalid_frame(const char *detail) pg_attribute_noreturn();

/* Raises that the library has to be preloaded, with the line to add. */
extern void ai_raise_not_preloaded(void) pg_attribute_noreturn();

/* Returns the code of an ERROR frame, or AI_STATUS_OK if the frame is malformed. */
extern AiStatusCode ai_error_frame_code(const char *payload, uint64 payload_bytes);

#endif							/* AI_RUNTIME_ERRORS_H */

/*
 * connection.h
 *	  The backend's one connection to the inference server.
 *
 * Used by client.c alone.  Bytes in, bytes out, and waiting; what the bytes mean
 * is the client's affair.
 */
#ifndef AI_RUNTIME_CONNECTION_H
#define AI_RUNTIME_CONNECTION_H

#include "protocol.h"

typedef enum AiIoResult
{
	AI_IO_OK,
	AI_IO_LOST,					/* the other side is gone; the connection is closed */
	AI_IO_TIMEOUT,				/* the deadline is over; the connection still stands */
	AI_IO_INVALID				/* what came is no frame of ours */
} AiIoResult;

/* True if there is a connection, and to the server that runs now. */
extern bool ai_connection_is_current(void);

/*
 * Connects, and waits for a server that is starting.  Returns false when the
 * deadline is over or the server is off; the reason is then in
 * ai_connection_failure().
 */
extern bool ai_connection_open(uint64 deadline_us);

/* Says why the last ai_connection_open() failed; may be empty. */
extern const char *ai_connection_failure(void);

/*
 * After a connection was lost: lets the supervisor notice that its server ended,
 * so that the next one is not made to a process that is just dying.
 */
extern void ai_connection_wait_for_end(uint64 deadline_us);

/* Closes the connection, which cancels on the server what it was asked for. */
extern void ai_connection_close(void);

/* Writes all bytes. */
extern AiIoResult ai_connection_write(const char *bytes, size_t count, uint64 deadline_us);

/*
 * Reads one whole frame.  The payload stands in a buffer of the connection until
 * the next read; with AI_IO_INVALID, reason says what was wrong.
 */
extern AiIoResult ai_connection_read(AiFrameHeader *header, const char **payload,
									 uint64 deadline_us, const char **reason);

/* Gives back the memory of an unusually large frame. */
extern void ai_connection_trim(void);

#endif							/* AI_RUNTIME_CONNECTION_H */

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

/* Sends what the socket takes at once; *sent tells how many bytes.  TIMEOUT: none. */
extern AiIoResult ai_connection_send(const char *bytes, size_t count, size_t *sent);

/*
 * Sleeps until bytes can be sent (if asked), or until some have come (if asked).
 * TIMEOUT at the deadline; does not tell which of the two it was.
 */
extern AiIoResult ai_connection_wait(bool to_send, bool to_receive, uint64 deadline_us);

/* Takes what has come, without waiting.  TIMEOUT: nothing. */
extern AiIoResult ai_connection_receive(void);

/* Takes what has come, and waits for it: polls a little, then sleeps. */
extern AiIoResult ai_connection_receive_some(uint64 deadline_us);

/*
 * Returns the next whole frame that has come.  TIMEOUT: there is none yet;
 * INVALID: what came is no frame, and reason says why.  The payload is 8-byte
 * aligned and stands until bytes are received again.
 */
extern AiIoResult ai_connection_next_frame(AiFrameHeader *header, const char **payload,
										   const char **reason);

/* Puts the frame that was just returned back: it is the next one again. */
extern void ai_connection_unread_frame(const AiFrameHeader *header);

/* True if bytes came that are in no frame yet returned. */
extern bool ai_connection_has_unread(void);

/* Gives back the memory of an unusually large frame. */
extern void ai_connection_trim(void);

#endif							/* AI_RUNTIME_CONNECTION_H */

/*
 * pipeline.h
 *	  The requests that are under way on the backend's one connection.
 *
 * Used by client.c alone.  Frames go out in the order in which their requests
 * were added; replies come in any order and are kept for their owners.  What a
 * reply means is the client's affair, what a socket is the connection's.
 */
#ifndef AI_RUNTIME_PIPELINE_H
#define AI_RUNTIME_PIPELINE_H

#include "client.h"
#include "connection.h"

/* Adds a request at the end, not sent yet. */
extern void ai_pipeline_add(AiClientRequest *request);

/*
 * Forgets a request in any state.  If its reply may still come, that is thrown
 * away then.  Raises nothing.
 */
extern void ai_pipeline_remove(AiClientRequest *request);

/* Sends what was added and not sent; replies that come meanwhile are kept. */
extern AiIoResult ai_pipeline_send(uint64 deadline_us);

/* Sends a frame that has no reply of its own and returns its number in *id. */
extern AiIoResult ai_pipeline_send_frame(StringInfo frame, uint64 deadline_us, uint64 *id);

/* Returns the number of the frame that was sent last. */
extern uint64 ai_pipeline_last_id(void);

/*
 * Waits until the request is answered.  With AI_IO_INVALID, reason says what
 * was wrong with what came instead.
 */
extern AiIoResult ai_pipeline_receive(AiClientRequest *request, const char **reason);

/*
 * Throws away the replies that have come for removed requests.  Where others
 * would still come and nobody waits for a reply, closes the connection, which
 * cancels them on the server.
 */
extern void ai_pipeline_settle(void);

/*
 * Closes the connection.  Requests that were under way are to be sent again;
 * if it was lost with its server (is_lost), that counts as one of their tries.
 */
extern void ai_pipeline_close(bool is_lost);

/* The same, and forgets all requests: their owners are about to go. */
extern void ai_pipeline_abandon(void);

/* True if no reply is awaited, be it to throw it away. */
extern bool ai_pipeline_is_idle(void);

#endif							/* AI_RUNTIME_PIPELINE_H */

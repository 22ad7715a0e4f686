/*
 * client.h
 *	  The backend's side of the socket: a frame out, a reply back, several under way.
 *
 * Called by the model side (functions, model_upload, inspect) and by
 * server_functions.c.  A backend has one connection, made by its first call.
 * Every wait ends on the backend's latch, so a cancel, a timeout and a
 * terminated backend are answered at once; a connection with a reply still
 * outstanding is closed, which also cancels the request on the server.
 */
#ifndef AI_RUNTIME_CLIENT_H
#define AI_RUNTIME_CLIENT_H

#include "lib/ilist.h"
#include "lib/stringinfo.h"
#include "protocol.h"

/* The reply may be missing: on_unavailable = null then returns false. */
#define AI_CLIENT_MAY_BE_UNAVAILABLE	0x01

/*
 * The frame belongs to those that ai_client_send() just sent (the last chunk of
 * an upload).  If their connection is lost, nothing is retried and nothing
 * raised: the reply's status is AI_STATUS_UNAVAILABLE, and the upload has to
 * start again.
 */
#define AI_CLIENT_SAME_CONNECTION		0x02

/*
 * What the server says of the request's contents is not raised but returned: the
 * reply's type is AI_ERROR and its status tells why.  Still raised: that it took
 * too long or was cancelled, and frames that are no reply.
 */
#define AI_CLIENT_RETURN_ERRORS			0x04

typedef struct AiReply
{
	uint16		type;			/* AiMessageType; AI_ERROR if status is not OK */
	const char *payload;		/* 8-byte aligned, valid until the next call */
	uint64		payload_bytes;
	AiStatusCode status;		/* OK, MODEL_UNKNOWN or what a flag allows */
} AiReply;

typedef enum AiRequestState
{
	AI_REQUEST_IDLE,			/* not under way */
	AI_REQUEST_UNSENT,
	AI_REQUEST_SENT,
	AI_REQUEST_ANSWERED
} AiRequestState;

/*
 * One of several requests under way.  It belongs to the caller, together with
 * its frame and its reply's memory, and must be dropped before it goes.
 */
typedef struct AiClientRequest
{
	dlist_node	node;			/* of the pipeline, while UNSENT or SENT */
	AiRequestState state;
	MemoryContext context;		/* of the reply; NULL: it stands where it was received */
	StringInfo	frame;			/* may be sent again until the reply is here */
	uint64		id;				/* its number on the connection */
	uint64		stream_id;		/* the first one of the stream that it ends; 0: none */
	uint64		deadline_us;
	int			timeout_ms;		/* what the deadline was made of, for messages */
	int			losses;			/* servers that died while it was under way */
	bool		is_unavailable; /* there was no server to send it to */
	char	   *buffer;			/* of the reply, used again for the next one */
	uint64		buffer_bytes;
	AiReply		reply;
} AiClientRequest;

/*
 * Resets frame and reserves the header.  The payload is appended with the
 * appendBinaryStringInfo() family; offset 0 of the payload is at frame->data +
 * sizeof(AiFrameHeader).  The frame can be sent more than once.
 */
extern void ai_client_begin(StringInfo frame, uint16 type);

/*
 * Sends the frame and waits for its reply.  Raises every ERROR reply but
 * MODEL_UNKNOWN.  A request whose server died is sent once more within its
 * deadline.  timeout_ms < 0 takes ai_runtime.request_timeout, 0 means none.  The
 * timeout_us of a MODEL_INFER_REQUEST is filled in here.  Returns false only
 * with AI_CLIENT_MAY_BE_UNAVAILABLE and ai_runtime.on_unavailable = null.
 */
extern bool ai_client_call(StringInfo frame, AiReply *reply, int timeout_ms, int flags);

/*
 * Sends the frame without waiting for a reply (chunks but the last).  Returns
 * false if the connection was lost: start the upload again.
 */
extern bool ai_client_send(StringInfo frame, int timeout_ms);

/* Makes a request whose replies are kept in the memory context. */
extern void ai_client_request_init(AiClientRequest *request, MemoryContext context);

/*
 * Sends a frame without waiting for its reply; other calls may come before that.
 * Raises nothing where there is no server: ai_client_wait() tells.
 */
extern void ai_client_post(AiClientRequest *request, StringInfo frame, int timeout_ms);

/*
 * Waits until a posted request is answered; otherwise as ai_client_call().  Its
 * time starts anew, so that nobody pays for a pause in which no one waited.
 */
extern bool ai_client_wait(AiClientRequest *request, int flags);

/*
 * Forgets a request in any state; its reply, if still under way, never answers
 * another.  Raises nothing.
 */
extern void ai_client_drop(AiClientRequest *request);

/* Returns the number of the request that was sent last. */
extern uint64 ai_client_last_id(void);

/* Ends on the server what was dropped, where it costs nobody else anything. */
extern void ai_client_settle(void);

extern void ai_client_init(void);

#endif							/* AI_RUNTIME_CLIENT_H */

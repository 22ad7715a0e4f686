/*
 * client.h
 *	  The backend's side of the socket: one frame out, one reply back.
 *
 * Called by the model side (functions, model_upload, inspect) and by
 * server_functions.c.  A backend has one connection, made by its first call.
 * Every wait ends on the backend's latch, so a cancel, a timeout and a
 * terminated backend are answered at once; a connection with a reply still
 * outstanding is closed, which also cancels the request on the server.
 */
#ifndef AI_RUNTIME_CLIENT_H
#define AI_RUNTIME_CLIENT_H

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

typedef struct AiReply
{
	uint16		type;			/* AiMessageType; AI_ERROR if status is not OK */
	const char *payload;		/* 8-byte aligned, valid until the next call */
	uint64		payload_bytes;
	AiStatusCode status;		/* OK, MODEL_UNKNOWN or (see above) UNAVAILABLE */
} AiReply;

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

extern void ai_client_init(void);

#endif							/* AI_RUNTIME_CLIENT_H */

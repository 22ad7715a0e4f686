/*
 * model_upload.h
 *	  Brings a model's bytes to a server that does not know them.
 */
#ifndef AI_RUNTIME_MODEL_UPLOAD_H
#define AI_RUNTIME_MODEL_UPLOAD_H

#include "client.h"

/* Bytes of a model: a bytea in memory, or if data is NULL the registry's chunks. */
typedef struct AiModelBytes
{
	uint8		sha256[AI_SHA256_BYTES];
	const char *what;			/* the model in words, for errors */
	const char *data;
	uint64		size_bytes;		/* of data */
} AiModelBytes;

/*
 * Sends the frame, and if the server answers that it does not know the model,
 * the model's bytes and the frame again.  Otherwise as ai_client_call().
 */
extern bool ai_model_call(StringInfo frame, const AiModelBytes *model, AiReply *reply,
						  int timeout_ms, int flags, bool *uploaded);

/*
 * The same for a request that was posted: waits for its reply.  Others of the
 * model may be under way; the bytes go once.
 */
extern bool ai_model_wait(AiClientRequest *request, const AiModelBytes *model, int timeout_ms,
						  int flags);

#endif							/* AI_RUNTIME_MODEL_UPLOAD_H */

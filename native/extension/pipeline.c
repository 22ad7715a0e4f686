/*
 * pipeline.c
 *	  The requests that are under way on the backend's one connection.
 *
 * A request is added, sent and answered; several may be under way, and each
 * reply goes to the request whose number it has.  While a frame waits for room
 * in the socket, replies are taken out of it: the server stops reading from a
 * client that does not read, so that two full sockets would wait for each
 * other.  A request that was removed leaves its number behind, so that its reply
 * is known and thrown away.
 *
 * A connection that ends turns what was sent into what is to be sent: on the
 * next one it goes out again, in the same order.
 */
#include "postgres.h"

#include "lib/ilist.h"
#include "utils/memutils.h"

#include "clock.h"
#include "pipeline.h"

/* Removed requests whose replies are awaited; with more, the connection is closed. */
#define MAX_REMOVED 64

static dlist_head requests = DLIST_STATIC_INIT(requests);	/* UNSENT and SENT */
static int	removed_count = 0;
static uint64 removed[MAX_REMOVED]; /* their numbers */
static uint64 last_id = 0;

void
ai_pipeline_add(AiClientRequest *request)
{
	Assert(request->state != AI_REQUEST_SENT && request->state != AI_REQUEST_UNSENT);
	request->state = AI_REQUEST_UNSENT;
	dlist_push_tail(&requests, &request->node);
}

void
ai_pipeline_remove(AiClientRequest *request)
{
	if (request->state == AI_REQUEST_SENT || request->state == AI_REQUEST_UNSENT)
		dlist_delete(&request->node);
	if (request->state == AI_REQUEST_SENT)
	{
		if (removed_count == MAX_REMOVED)
			ai_pipeline_close(false);
		else
			removed[removed_count++] = request->id;
	}
	request->state = AI_REQUEST_IDLE;
}

bool
ai_pipeline_is_idle(void)
{
	return dlist_is_empty(&requests) && removed_count == 0;
}

void
ai_pipeline_close(bool is_lost)
{
	dlist_iter	iter;

	ai_connection_close();
	removed_count = 0;
	dlist_foreach(iter, &requests)
	{
		AiClientRequest *request = dlist_container(AiClientRequest, node, iter.cur);

		if (request->state == AI_REQUEST_SENT && is_lost)
			request->losses++;
		request->state = AI_REQUEST_UNSENT;
	}
}

void
ai_pipeline_abandon(void)
{
	dlist_mutable_iter iter;

	ai_connection_close();
	removed_count = 0;
	dlist_foreach_modify(iter, &requests)
	{
		dlist_container(AiClientRequest, node, iter.cur)->state = AI_REQUEST_IDLE;
		dlist_delete(iter.cur);
	}
}

/* Throws a reply away if nobody wants it any more; false if it is none of those. */
static bool
discard_reply(uint64 id)
{
	for (int i = 0; i < removed_count; i++)
	{
		if (removed[i] == id)
		{
			removed[i] = removed[--removed_count];
			return true;
		}
	}
	return false;
}

/* Returns the request that a frame answers, or NULL. */
static AiClientRequest *
find_owner(const AiFrameHeader *header)
{
	dlist_iter	iter;

	dlist_foreach(iter, &requests)
	{
		AiClientRequest *request = dlist_container(AiClientRequest, node, iter.cur);

		if (request->state != AI_REQUEST_SENT)
			continue;
		if (request->id == header->request_id)
			return request;
		/* An error of a stream comes with the number of the chunk that failed. */
		if (header->type == AI_ERROR && request->stream_id != 0 &&
			header->request_id >= request->stream_id && header->request_id < request->id)
			return request;
	}
	return NULL;
}

/* Gives a reply to its owner, who keeps a copy or looks at it at once. */
static void
keep_reply(AiClientRequest *request, const AiFrameHeader *header, const char *payload)
{
	if (request->context != NULL)
	{
		if (header->payload_bytes > request->buffer_bytes)
		{
			char	   *larger = MemoryContextAllocHuge(request->context,
														Max(header->payload_bytes, 1024));

			if (request->buffer != NULL)
				pfree(request->buffer);
			request->buffer = larger;
			request->buffer_bytes = Max(header->payload_bytes, 1024);
		}
		memcpy(request->buffer, payload, header->payload_bytes);
		payload = request->buffer;
	}
	dlist_delete(&request->node);
	request->state = AI_REQUEST_ANSWERED;
	request->reply.type = header->type;
	request->reply.payload = payload;
	request->reply.payload_bytes = header->payload_bytes;
	request->reply.status = AI_STATUS_OK;
	/* The rest of a stream that failed in between is answered too, but not waited for. */
	if (header->request_id != request->id)
		ai_pipeline_close(false);
}

/* Returns what is wrong with a frame that came for the request, or NULL. */
static const char *
check_reply(const AiClientRequest *request, const AiFrameHeader *header)
{
	AiFrameHeader sent;

	memcpy(&sent, request->frame->data, sizeof(sent));
	if (header->type != AI_ERROR && header->type != sent.type + 1)
		return "It answers another type of request.";
	return NULL;
}

/*
 * Gives the frames that have come to their owners, up to that of the waited
 * request, if there is one.  OK: all were; TIMEOUT: a frame is next that only
 * somebody who waits can judge.
 */
static AiIoResult
take_frames(AiClientRequest *waited, const char **reason)
{
	for (;;)
	{
		AiFrameHeader header;
		AiClientRequest *owner;
		const char *payload;
		AiIoResult	result = ai_connection_next_frame(&header, &payload, reason);

		if (result == AI_IO_TIMEOUT)
			return AI_IO_OK;
		if (result == AI_IO_INVALID && waited == NULL)
			return AI_IO_TIMEOUT;
		if (result == AI_IO_INVALID)
			return result;
		if (discard_reply(header.request_id))
			continue;
		owner = find_owner(&header);
		/* A frame that the server could not read has no number. */
		if (owner == NULL && waited != NULL && header.type == AI_ERROR && header.request_id == 0)
			owner = waited;
		*reason = owner == NULL ? "It answers another request." : check_reply(owner, &header);
		if (waited == NULL && (*reason != NULL || owner->context == NULL))
		{
			ai_connection_unread_frame(&header);
			return AI_IO_TIMEOUT;
		}
		if (*reason != NULL)
			return AI_IO_INVALID;
		keep_reply(owner, &header, payload);
		if (owner == waited)
			break;
	}
	if (ai_pipeline_is_idle() && ai_connection_has_unread())
	{
		*reason = "It is followed by bytes that nobody asked for.";
		return AI_IO_INVALID;
	}
	return AI_IO_OK;
}

/* Writes all bytes of a frame, and takes replies while the socket is full. */
static AiIoResult
write_frame(const StringInfo frame, uint64 deadline_us)
{
	const char *bytes = frame->data;
	size_t		left = (size_t) frame->len;
	bool		takes_replies = !ai_pipeline_is_idle();
	const char *reason;

	while (left > 0)
	{
		size_t		sent;
		AiIoResult	result = ai_connection_send(bytes, left, &sent);

		bytes += sent;
		left -= sent;
		if (result == AI_IO_OK)
			continue;
		if (result == AI_IO_TIMEOUT)
			result = ai_connection_wait(true, takes_replies, deadline_us);
		if (result != AI_IO_OK)
			return result;
		if (!takes_replies)
			continue;
		result = ai_connection_receive();
		if (result == AI_IO_LOST)
			return result;
		takes_replies = take_frames(NULL, &reason) == AI_IO_OK;
	}
	return AI_IO_OK;
}

/* Numbers a frame and fills in its length and the time that is left. */
static uint64
stamp_frame(StringInfo frame, uint64 deadline_us)
{
	AiFrameHeader header;

	memcpy(&header, frame->data, sizeof(header));
	header.request_id = ++last_id;
	header.payload_bytes = (uint64) frame->len - sizeof(header);
	memcpy(frame->data, &header, sizeof(header));
	if (header.type == AI_MODEL_INFER_REQUEST &&
		header.payload_bytes >= sizeof(AiInferRequestHeader))
	{
		uint64		left_us = 0;

		if (deadline_us != AI_NO_DEADLINE)
		{
			uint64		now = ai_clock_us();

			left_us = deadline_us > now ? deadline_us - now : 1;
		}
		memcpy(frame->data + sizeof(header) + offsetof(AiInferRequestHeader, timeout_us),
			   &left_us, sizeof(left_us));
	}
	return header.request_id;
}

uint64
ai_pipeline_last_id(void)
{
	return last_id;
}

AiIoResult
ai_pipeline_send_frame(StringInfo frame, uint64 deadline_us, uint64 *id)
{
	*id = stamp_frame(frame, deadline_us);
	return write_frame(frame, deadline_us);
}

/* Returns the first request that is to be sent, or NULL. */
static AiClientRequest *
next_unsent(void)
{
	dlist_iter	iter;

	dlist_foreach(iter, &requests)
	{
		AiClientRequest *request = dlist_container(AiClientRequest, node, iter.cur);

		if (request->state == AI_REQUEST_UNSENT)
			return request;
	}
	return NULL;
}

AiIoResult
ai_pipeline_send(uint64 deadline_us)
{
	AiClientRequest *request;

	while ((request = next_unsent()) != NULL)
	{
		AiIoResult	result;

		request->id = stamp_frame(request->frame, request->deadline_us);
		/* Marked first: the server may answer, and refuse, what it has not read whole. */
		request->state = AI_REQUEST_SENT;
		result = write_frame(request->frame, deadline_us);
		if (result != AI_IO_OK)
			return result;
	}
	return AI_IO_OK;
}

AiIoResult
ai_pipeline_receive(AiClientRequest *request, const char **reason)
{
	AiIoResult	result;

	for (;;)
	{
		if (request->state == AI_REQUEST_ANSWERED)
			return AI_IO_OK;
		result = take_frames(request, reason);
		if (result != AI_IO_OK || request->state == AI_REQUEST_ANSWERED)
			return result;
		result = ai_connection_receive_some(request->deadline_us);
		if (result != AI_IO_OK)
			return result;
	}
}

void
ai_pipeline_settle(void)
{
	AiIoResult	result = AI_IO_OK;
	const char *reason;

	if (likely(removed_count == 0))
		return;
	while (removed_count > 0 && result == AI_IO_OK)
	{
		result = ai_connection_receive();
		if (result == AI_IO_OK)
			result = take_frames(NULL, &reason);
	}
	if (result == AI_IO_LOST || (removed_count > 0 && dlist_is_empty(&requests)))
		ai_pipeline_close(result == AI_IO_LOST);
}

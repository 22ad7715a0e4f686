/*
 * client.c
 *	  Frames out, replies back: the street's last station before the socket.
 *
 * Called by the model side.  It keeps the requests' deadlines, repeats one whose
 * server died, and raises what the server reports.  A call is a request that is
 * waited for at once; others stay under way (pipeline.c) until somebody waits.
 *
 * An error that leaves it by longjmp finds its mark (interrupted, streaming) in
 * the transaction callbacks, which close the connection: that cancels the
 * request on the server, and no half-read reply can ever answer a later call.
 * Requests of others that were under way go out again.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "client.h"
#include "clock.h"
#include "connection.h"
#include "errors.h"
#include "guc.h"
#include "pipeline.h"
#include "shared_state.h"

/* Servers that may die under one request. */
#define MAX_LOSSES 2

/* The request of ai_client_call(). */
static AiClientRequest single;

/* What an error would interrupt: the request being waited for, or a frame being sent. */
static AiClientRequest *waited = NULL;
static bool in_call = false;

static bool streaming = false;	/* frames were sent that have no reply of their own */
static uint64 first_streamed_id = 0;

/* Ends what an error has interrupted. */
static void
close_if_interrupted(void)
{
	if (waited != NULL)
		ai_pipeline_remove(waited);
	ai_pipeline_remove(&single);
	if (in_call || streaming)
		ai_pipeline_close(false);
	waited = NULL;
	in_call = false;
	streaming = false;
}

/* Cleans up when a transaction ends. */
static void
handle_transaction_end(XactEvent event, void *arg)
{
	(void) arg;
	if (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_PARALLEL_PRE_COMMIT ||
		event == XACT_EVENT_PRE_PREPARE)
	{
		ai_pipeline_settle();
		return;
	}
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
	{
		close_if_interrupted();
		if (!ai_pipeline_is_idle())
			ai_pipeline_abandon();
	}
	ai_connection_trim();
}

/* Cleans up when a subtransaction is rolled back, as a caught error does. */
static void
handle_subtransaction_end(SubXactEvent event, SubTransactionId mySubid,
						  SubTransactionId parentSubid, void *arg)
{
	(void) mySubid;
	(void) parentSubid;
	(void) arg;
	if (event == SUBXACT_EVENT_ABORT_SUB)
		close_if_interrupted();
}

void
ai_client_init(void)
{
	RegisterXactCallback(handle_transaction_end, NULL);
	RegisterSubXactCallback(handle_subtransaction_end, NULL);
}

void
ai_client_begin(StringInfo frame, uint16 type)
{
	AiFrameHeader header = {
		.magic = AI_PROTOCOL_MAGIC,
		.version = AI_PROTOCOL_VERSION,
		.type = type
	};

	resetStringInfo(frame);
	appendBinaryStringInfo(frame, (const char *) &header, sizeof(header));
}

/* Raises that there is no server, and what is known about the reason. */
static void
raise_unavailable(void)
{
	AiServerState state;
	char	   *last_error;

	ai_shared_state_read(&state);
	if (state.phase == AI_SERVER_RUNNING)
		ereport(ERROR,
				(errcode(ERRCODE_CANNOT_CONNECT_NOW),
				 errmsg("could not connect to inference server within %d ms",
						ai_guc_connect_timeout),
				 *ai_connection_failure() ? errdetail("%s", ai_connection_failure()) : 0,
				 errhint("Raise ai_runtime.connect_timeout, or use fewer sessions.")));
	/* Off is what somebody asked for: an old crash is not the reason. */
	if (state.phase == AI_SERVER_OFF && !ai_guc_server_autostart)
		ereport(ERROR,
				(errcode(ERRCODE_CANNOT_CONNECT_NOW),
				 errmsg("inference server is not running"),
				 errdetail("Its state is \"%s\": ai_runtime.server_autostart is off.",
						   ai_server_phase_name(state.phase)),
				 errhint("Set ai_runtime.server_autostart to on and reload the configuration.")));
	last_error = ai_text_from_server(state.last_error, strlen(state.last_error));
	ereport(ERROR,
			(errcode(ERRCODE_CANNOT_CONNECT_NOW),
			 errmsg("inference server is not running"),
			 *last_error ? errdetail("Its state is \"%s\": %s.",
									 ai_server_phase_name(state.phase), last_error)
			 : errdetail("Its state is \"%s\".", ai_server_phase_name(state.phase)),
			 errhint("PostgreSQL's log tells more; the server is started again by itself.")));
}

static void
raise_lost(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg("connection to inference server was lost"),
			 errdetail("It was lost twice while the server worked on this request."),
			 errhint("PostgreSQL's log tells how it ended.")));
}

/* Makes sure of a connection; false if there is no server within the time. */
static bool
ensure_connection(uint64 deadline_us)
{
	if (likely(ai_connection_is_current()))
		return true;
	/* What was sent to a server that has been replaced was lost with it. */
	ai_pipeline_close(true);
	return ai_connection_open(Min(deadline_us, ai_deadline_in(ai_guc_connect_timeout)));
}

/*
 * Sends all requests that wait to be sent.  False if there is no server; a
 * connection that is lost on the way leaves them to be sent again.
 */
static bool
send_requests(const AiClientRequest *request)
{
	AiIoResult	result;

	if (!ensure_connection(request->deadline_us))
		return false;
	result = ai_pipeline_send(request->deadline_us);
	if (result == AI_IO_TIMEOUT)
		ai_raise_timeout(request->timeout_ms);
	if (result == AI_IO_LOST)
		ai_pipeline_close(true);
	return true;
}

/* Gives a request its time, from now on. */
static void
set_deadline(AiClientRequest *request)
{
	request->deadline_us = request->timeout_ms > 0 ? ai_deadline_in(request->timeout_ms)
		: AI_NO_DEADLINE;
}

/* Checks the frame, and fills in what every request needs. */
static void
prepare_request(AiClientRequest *request, StringInfo frame, int timeout_ms)
{
	Assert(frame->len >= (int) sizeof(AiFrameHeader));
	if (!ai_shared_state_available())
		ai_raise_not_preloaded();
	if ((uint64) frame->len - sizeof(AiFrameHeader) > AI_MAX_FRAME_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("inference request is too large"),
				 errdetail("It has %d bytes; the limit is " UINT64_FORMAT ".",
						   frame->len, (uint64) AI_MAX_FRAME_BYTES),
				 errhint("Send fewer rows in one request.")));
	if (unlikely(in_call))
		close_if_interrupted();
	ai_pipeline_settle();
	request->frame = frame;
	request->stream_id = 0;
	request->losses = 0;
	request->is_unavailable = false;
	request->timeout_ms = timeout_ms < 0 ? ai_guc_request_timeout : timeout_ms;
	set_deadline(request);
}

/* Waits for the reply, over a lost connection too; false if there is none to come. */
static bool
wait_for_reply(AiClientRequest *request, int flags)
{
	while (request->state != AI_REQUEST_ANSWERED)
	{
		const char *reason = NULL;
		AiIoResult	result;

		if (request->is_unavailable)
			return false;
		if (request->state == AI_REQUEST_UNSENT)
		{
			if (request->losses >= MAX_LOSSES || (flags & AI_CLIENT_SAME_CONNECTION))
				return false;
			/* A prediction changes nothing, so it may well be made twice. */
			if (request->losses > 0)
				ai_connection_wait_for_end(request->deadline_us);
			request->is_unavailable = !send_requests(request);
			continue;
		}
		result = ai_pipeline_receive(request, &reason);
		if (result == AI_IO_LOST)
			ai_pipeline_close(true);
		else if (result == AI_IO_TIMEOUT)
			ai_raise_timeout(request->timeout_ms);
		else if (result == AI_IO_INVALID)
			ai_raise_invalid_frame(reason);
	}
	return true;
}

/*
 * Understands an ERROR frame: what the flags do not let return is raised.  False
 * if the server is about to stop: the request is to be sent to the next one.
 */
static bool
take_error(AiClientRequest *request, int flags)
{
	AiReply    *reply = &request->reply;
	AiStatusCode code = ai_error_frame_code(reply->payload, reply->payload_bytes);

	reply->status = code;
	if (code == AI_STATUS_MODEL_UNKNOWN)
		return true;
	if (code == AI_STATUS_UNAVAILABLE)
	{
		ai_pipeline_close(false);
		ai_pipeline_add(request);
		request->losses++;
		return false;
	}
	/* After a framing error the server closes, so a later call must not be sent. */
	if (code == AI_STATUS_PROTOCOL_VIOLATION || code == AI_STATUS_OK)
		ai_pipeline_close(false);
	else if ((flags & AI_CLIENT_RETURN_ERRORS) && code != AI_STATUS_CANCELLED &&
			 code != AI_STATUS_DEADLINE_EXCEEDED)
		return true;
	waited = NULL;
	in_call = false;
	streaming = false;
	ai_raise_server_error(reply->payload, reply->payload_bytes, request->timeout_ms);
}

/* Waits for a request that is under way, and says why there is no reply. */
static bool
finish_request(AiClientRequest *request, int flags)
{
	bool		answered;

	waited = request;
	in_call = true;
	do
		answered = wait_for_reply(request, flags);
	while (answered && request->reply.type == AI_ERROR && !take_error(request, flags));
	waited = NULL;
	in_call = false;
	streaming = false;
	if (answered)
		return true;
	ai_pipeline_remove(request);
	if (flags & AI_CLIENT_SAME_CONNECTION)
	{
		request->reply.type = AI_ERROR;
		request->reply.status = AI_STATUS_UNAVAILABLE;
		return true;
	}
	if ((flags & AI_CLIENT_MAY_BE_UNAVAILABLE) &&
		ai_guc_on_unavailable == AI_ON_UNAVAILABLE_NULL)
		return false;
	if (request->is_unavailable)
		raise_unavailable();
	raise_lost();
	return false;
}

void
ai_client_request_init(AiClientRequest *request, MemoryContext context)
{
	memset(request, 0, sizeof(*request));
	request->context = context;
}

void
ai_client_post(AiClientRequest *request, StringInfo frame, int timeout_ms)
{
	prepare_request(request, frame, timeout_ms);
	streaming = false;
	waited = request;
	in_call = true;
	ai_pipeline_add(request);
	request->is_unavailable = !send_requests(request);
	waited = NULL;
	in_call = false;
}

bool
ai_client_wait(AiClientRequest *request, int flags)
{
	if (unlikely(in_call))
		close_if_interrupted();
	/* It may have been under way for long with nobody waiting: an idle cursor. */
	if (request->state != AI_REQUEST_ANSWERED)
		set_deadline(request);
	return finish_request(request, flags);
}

void
ai_client_drop(AiClientRequest *request)
{
	ai_pipeline_remove(request);
	if (waited == request)
		waited = NULL;
}

uint64
ai_client_last_id(void)
{
	return ai_pipeline_last_id();
}

void
ai_client_settle(void)
{
	ai_pipeline_settle();
}

bool
ai_client_call(StringInfo frame, AiReply *reply, int timeout_ms, int flags)
{
	bool		answered;

	prepare_request(&single, frame, timeout_ms);
	memset(&single.reply, 0, sizeof(single.reply));
	if (!(flags & AI_CLIENT_SAME_CONNECTION))
		streaming = false;
	if (streaming)
	{
		if (!ai_connection_is_current())
		{
			streaming = false;
			reply->type = AI_ERROR;
			reply->status = AI_STATUS_UNAVAILABLE;
			return true;
		}
		single.stream_id = first_streamed_id;
	}
	waited = &single;
	in_call = true;
	ai_pipeline_add(&single);
	single.is_unavailable = !send_requests(&single);
	answered = finish_request(&single, flags);
	*reply = single.reply;
	return answered;
}

bool
ai_client_send(StringInfo frame, int timeout_ms)
{
	uint64		id;
	AiIoResult	result;

	prepare_request(&single, frame, timeout_ms);
	if (streaming && !ai_connection_is_current())
	{
		streaming = false;
		return false;
	}
	if (!ensure_connection(single.deadline_us))
		raise_unavailable();
	in_call = true;
	result = ai_pipeline_send_frame(frame, single.deadline_us, &id);
	in_call = false;
	if (result == AI_IO_TIMEOUT)
	{
		in_call = true;
		ai_raise_timeout(single.timeout_ms);
	}
	if (result == AI_IO_LOST)
	{
		ai_pipeline_close(true);
		streaming = false;
		return false;
	}
	if (!streaming)
		first_streamed_id = id;
	streaming = true;
	return true;
}

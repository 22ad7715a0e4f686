/*
 * client.c
 *	  One frame out, one reply back: the street's last station before the socket.
 *
 * Called by the model side.  It numbers the requests, keeps their deadlines,
 * repeats one whose server died, checks that a reply is the one asked for, and
 * raises what the server reports.  An error that leaves it by longjmp finds its
 * mark (in_call, streaming) in the transaction callbacks, which close the
 * connection: that cancels the request on the server, and no half-read reply
 * can ever answer a later call.
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"

#include "client.h"
#include "clock.h"
#include "connection.h"
#include "errors.h"
#include "guc.h"
#include "shared_state.h"

/* How one try to send a request, and to read its reply, ended. */
typedef enum Outcome
{
	OUTCOME_DONE,
	OUTCOME_LOST,				/* the server died, or is stopping */
	OUTCOME_UNAVAILABLE			/* there was no server to send it to */
} Outcome;

typedef struct Call
{
	StringInfo	frame;
	uint64		deadline_us;
	int			timeout_ms;		/* what the deadline was made of, for messages */
	int			flags;
} Call;

static uint64 last_request_id = 0;
static bool in_call = false;	/* a frame or a reply may be under way */
static bool streaming = false;	/* frames were sent that have no reply of their own */
static uint64 first_streamed_id = 0;

/* Ends what an error has interrupted. */
static void
close_if_interrupted(void)
{
	if (in_call || streaming)
		ai_connection_close();
	in_call = false;
	streaming = false;
}

/* Cleans up when a transaction ends. */
static void
handle_transaction_end(XactEvent event, void *arg)
{
	(void) arg;
	if (event == XACT_EVENT_ABORT || event == XACT_EVENT_PARALLEL_ABORT)
		close_if_interrupted();
	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PARALLEL_PRE_COMMIT &&
		event != XACT_EVENT_PRE_PREPARE)
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

/* Numbers the frame and fills in its length and the time that is left. */
static uint64
stamp_frame(const Call *call)
{
	AiFrameHeader header;

	memcpy(&header, call->frame->data, sizeof(header));
	header.request_id = ++last_request_id;
	header.payload_bytes = (uint64) call->frame->len - sizeof(header);
	memcpy(call->frame->data, &header, sizeof(header));
	if (header.type == AI_MODEL_INFER_REQUEST &&
		header.payload_bytes >= sizeof(AiInferRequestHeader))
	{
		uint64		left_us = 0;

		if (call->deadline_us != AI_NO_DEADLINE)
		{
			uint64		now = ai_clock_us();

			left_us = call->deadline_us > now ? call->deadline_us - now : 1;
		}
		memcpy(call->frame->data + sizeof(header) + offsetof(AiInferRequestHeader, timeout_us),
			   &left_us, sizeof(left_us));
	}
	return header.request_id;
}

/* Makes sure of a connection; false if there is no server within the time. */
static bool
ensure_connection(const Call *call)
{
	if (ai_connection_is_current())
		return true;
	return ai_connection_open(Min(call->deadline_us, ai_deadline_in(ai_guc_connect_timeout)));
}

/* Sends the frame on the connection that is there. */
static Outcome
send_frame(const Call *call, uint64 *request_id)
{
	*request_id = stamp_frame(call);
	in_call = true;
	switch (ai_connection_write(call->frame->data, (size_t) call->frame->len,
								call->deadline_us))
	{
		case AI_IO_OK:
			return OUTCOME_DONE;
		case AI_IO_LOST:
			return OUTCOME_LOST;
		default:
			ai_raise_timeout(call->timeout_ms);
	}
}

/* Understands an ERROR frame: what is not for the caller to handle is raised. */
static Outcome
take_error(const Call *call, AiReply *reply)
{
	AiStatusCode code = ai_error_frame_code(reply->payload, reply->payload_bytes);

	if (code == AI_STATUS_MODEL_UNKNOWN)
	{
		reply->status = code;
		return OUTCOME_DONE;
	}
	if (code == AI_STATUS_UNAVAILABLE)
	{
		ai_connection_close();
		return OUTCOME_LOST;
	}
	/* After a framing error the server closes, so a later call must not be sent. */
	if (code == AI_STATUS_PROTOCOL_VIOLATION || code == AI_STATUS_OK)
		ai_connection_close();
	in_call = false;
	streaming = false;
	ai_raise_server_error(reply->payload, reply->payload_bytes, call->timeout_ms);
}

/* Reads the reply to a request and checks that it is one. */
static Outcome
read_reply(const Call *call, uint64 request_id, AiReply *reply)
{
	AiFrameHeader request;
	AiFrameHeader header;
	const char *reason = NULL;
	AiIoResult	result;
	bool		ours;

	result = ai_connection_read(&header, &reply->payload, call->deadline_us, &reason);
	if (result == AI_IO_LOST)
		return OUTCOME_LOST;
	if (result == AI_IO_TIMEOUT)
		ai_raise_timeout(call->timeout_ms);
	if (result == AI_IO_INVALID)
		ai_raise_invalid_frame(reason);

	memcpy(&request, call->frame->data, sizeof(request));
	reply->type = header.type;
	reply->payload_bytes = header.payload_bytes;
	reply->status = AI_STATUS_OK;
	ours = header.request_id == request_id;
	/* A frame that the server could not read has no number; one of a stream its own. */
	if (header.type == AI_ERROR && !ours)
		ours = header.request_id == 0 ||
			(streaming && header.request_id >= first_streamed_id &&
			 header.request_id < request_id);
	if (!ours)
		ai_raise_invalid_frame("It answers another request.");
	if (header.type != AI_ERROR && header.type != request.type + 1)
		ai_raise_invalid_frame("It answers another type of request.");
	if (header.request_id != request_id)
		ai_connection_close();	/* whatever else it may send is not waited for */
	return header.type == AI_ERROR ? take_error(call, reply) : OUTCOME_DONE;
}

/* Sends a request once and reads its reply. */
static Outcome
exchange(const Call *call, AiReply *reply)
{
	uint64		request_id;
	Outcome		outcome;

	if (call->flags & AI_CLIENT_SAME_CONNECTION)
	{
		if (streaming && !ai_connection_is_current())
			return OUTCOME_LOST;
	}
	else
		streaming = false;
	if (!ensure_connection(call))
		return OUTCOME_UNAVAILABLE;
	outcome = send_frame(call, &request_id);
	if (outcome == OUTCOME_DONE)
		outcome = read_reply(call, request_id, reply);
	in_call = false;
	streaming = false;
	return outcome;
}

/* Checks the frame, and fills in what every call needs. */
static void
prepare_call(Call *call, StringInfo frame, int timeout_ms, int flags)
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
	if (in_call)
		close_if_interrupted();
	call->frame = frame;
	call->flags = flags;
	call->timeout_ms = timeout_ms < 0 ? ai_guc_request_timeout : timeout_ms;
	call->deadline_us = call->timeout_ms > 0 ? ai_deadline_in(call->timeout_ms)
		: AI_NO_DEADLINE;
}

bool
ai_client_call(StringInfo frame, AiReply *reply, int timeout_ms, int flags)
{
	Call		call;
	Outcome		outcome;

	prepare_call(&call, frame, timeout_ms, flags);
	memset(reply, 0, sizeof(*reply));
	outcome = exchange(&call, reply);
	if (outcome == OUTCOME_DONE)
		return true;
	if (flags & AI_CLIENT_SAME_CONNECTION)
	{
		reply->type = AI_ERROR;
		reply->status = AI_STATUS_UNAVAILABLE;
		return true;
	}
	/* A prediction changes nothing, so it may well be made twice. */
	if (outcome == OUTCOME_LOST)
	{
		ai_connection_wait_for_end(call.deadline_us);
		outcome = exchange(&call, reply);
	}
	if (outcome == OUTCOME_DONE)
		return true;
	if ((flags & AI_CLIENT_MAY_BE_UNAVAILABLE) &&
		ai_guc_on_unavailable == AI_ON_UNAVAILABLE_NULL)
		return false;
	if (outcome == OUTCOME_UNAVAILABLE)
		raise_unavailable();
	ereport(ERROR,
			(errcode(ERRCODE_CONNECTION_FAILURE),
			 errmsg("connection to inference server was lost"),
			 errdetail("It was lost twice while the server worked on this request."),
			 errhint("PostgreSQL's log tells how it ended.")));
}

bool
ai_client_send(StringInfo frame, int timeout_ms)
{
	Call		call;
	uint64		request_id;

	prepare_call(&call, frame, timeout_ms, 0);
	if (streaming && !ai_connection_is_current())
	{
		streaming = false;
		return false;
	}
	if (!ensure_connection(&call))
		raise_unavailable();
	if (send_frame(&call, &request_id) != OUTCOME_DONE)
	{
		in_call = false;
		streaming = false;
		return false;
	}
	in_call = false;
	if (!streaming)
		first_streamed_id = request_id;
	streaming = true;
	return true;
}

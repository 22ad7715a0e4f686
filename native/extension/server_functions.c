/*
 * server_functions.c
 *	  SQL functions about the server: its state, its figures, an echo.
 *
 * Internals of the schema ai_runtime; the views and ai_health() stand on them.
 * What only tells a state never raises an error because the server is down.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "client.h"
#include "clock.h"
#include "errors.h"
#include "shared_state.h"

#define STATE_COLUMNS 15

PG_FUNCTION_INFO_V1(ai_server_state);
PG_FUNCTION_INFO_V1(ai_wait_until_ready);
PG_FUNCTION_INFO_V1(ai_server_metadata);
PG_FUNCTION_INFO_V1(ai_model_statistics);
PG_FUNCTION_INFO_V1(ai_echo);
PG_FUNCTION_INFO_V1(ai_echo_array);

/* A row under construction. */
typedef struct RowBuilder
{
	Datum		values[STATE_COLUMNS];
	bool		nulls[STATE_COLUMNS];
	int			count;
} RowBuilder;

/* Appends a column; is_null leaves it NULL. */
static void
add_column(RowBuilder *row, Datum value, bool is_null)
{
	Assert(row->count < STATE_COLUMNS);
	row->values[row->count] = value;
	row->nulls[row->count] = is_null;
	row->count++;
}

/* Appends a text of the server; an empty one is NULL. */
static void
add_text(RowBuilder *row, const char *text)
{
	add_column(row, CStringGetTextDatum(ai_text_from_server(text, strlen(text))),
			   *text == '\0');
}

/* Returns the state of the supervised server as one row. */
Datum
ai_server_state(PG_FUNCTION_ARGS)
{
	TupleDesc	descriptor;
	AiServerState state;
	RowBuilder	row = {.count = 0};
	bool		preloaded = ai_shared_state_available();
	bool		running;

	if (get_call_result_type(fcinfo, NULL, &descriptor) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (descriptor->natts != STATE_COLUMNS)
		elog(ERROR, "return type must have %d columns", STATE_COLUMNS);
	memset(&state, 0, sizeof(state));
	if (preloaded)
		ai_shared_state_read(&state);
	running = state.phase == AI_SERVER_RUNNING;

	add_column(&row, BoolGetDatum(preloaded), false);
	add_column(&row, CStringGetTextDatum(ai_server_phase_name(state.phase)), false);
	add_column(&row, Int32GetDatum(state.pid), state.pid == 0);
	add_column(&row, TimestampTzGetDatum(state.started_at), state.started_at == 0);
	add_column(&row, Int64GetDatum(state.restarts), !preloaded);
	add_text(&row, state.version);
	add_text(&row, state.ort_version);
	add_text(&row, state.socket_path);
	add_column(&row, Int64GetDatum(state.figures.rss_bytes), !running);
	add_column(&row, Int32GetDatum((int32) state.figures.sessions), !running);
	add_column(&row, Int64GetDatum(state.figures.session_bytes), !running);
	add_column(&row, Int32GetDatum((int32) state.figures.connections), !running);
	add_column(&row, Int64GetDatum(state.figures.inference_count), !running);
	add_text(&row, preloaded ? state.last_error
			 : "ai_runtime is not in shared_preload_libraries");
	add_column(&row, TimestampTzGetDatum(state.next_restart_at), state.next_restart_at == 0);
	Assert(row.count == STATE_COLUMNS);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(descriptor), row.values,
													  row.nulls)));
}

/* Waits for the server; tells whether it runs. */
Datum
ai_wait_until_ready(PG_FUNCTION_ARGS)
{
	int32		timeout_ms = PG_GETARG_INT32(0);
	AiServerPhase phase;

	if (!ai_shared_state_available())
		ai_raise_not_preloaded();
	phase = ai_shared_state_wait(ai_deadline_in(Max(timeout_ms, 0)), true);
	PG_RETURN_BOOL(phase == AI_SERVER_RUNNING);
}

/* Sends a request without payload; returns its JSON text. */
static char *
call_for_json(uint16 type)
{
	StringInfoData frame;
	AiReply		reply;
	char	   *text;

	initStringInfo(&frame);
	ai_client_begin(&frame, type);
	(void) ai_client_call(&frame, &reply, -1, 0);
	if (reply.status != AI_STATUS_OK)
		ai_raise_server_error(reply.payload, reply.payload_bytes, 0);
	if (reply.payload_bytes >= MaxAllocSize)
		ai_raise_invalid_frame("Its JSON is too long.");
	text = pg_any_to_server(pnstrdup(reply.payload, reply.payload_bytes),
							(int) reply.payload_bytes, PG_UTF8);
	pfree(frame.data);
	return text;
}

/* Returns what the server tells about itself. */
Datum
ai_server_metadata(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	return DirectFunctionCall1(jsonb_in,
							   CStringGetDatum(call_for_json(AI_SERVER_METADATA_REQUEST)));
}

/* Returns one object per model that the server knows; none while it is down. */
Datum
ai_model_statistics(PG_FUNCTION_ARGS)
{
	const char *json = "[]";

	(void) fcinfo;
	if (ai_shared_state_available() && ai_shared_state_phase(NULL) == AI_SERVER_RUNNING)
		json = call_for_json(AI_MODEL_STATISTICS_REQUEST);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json));
}

/* Returns the bytes of a reply. */
static bytea *
echoed_bytes(const AiReply *reply)
{
	bytea	   *result;

	if (reply->status != AI_STATUS_OK)
		ai_raise_server_error(reply->payload, reply->payload_bytes, 0);
	if (reply->payload_bytes > MaxAllocSize - VARHDRSZ)
		ai_raise_invalid_frame("Its bytes are too many for a bytea.");
	result = palloc(reply->payload_bytes + VARHDRSZ);
	SET_VARSIZE(result, reply->payload_bytes + VARHDRSZ);
	memcpy(VARDATA(result), reply->payload, reply->payload_bytes);
	return result;
}

/* Starts a request that is to come back as it is. */
static void
begin_echo(StringInfo frame, bytea *bytes)
{
	initStringInfo(frame);
	ai_client_begin(frame, AI_ECHO_REQUEST);
	appendBinaryStringInfo(frame, VARDATA_ANY(bytes), (int) VARSIZE_ANY_EXHDR(bytes));
}

/* Sends bytes to the server and returns what comes back: the bare path. */
Datum
ai_echo(PG_FUNCTION_ARGS)
{
	StringInfoData frame;
	AiReply		reply;

	begin_echo(&frame, PG_GETARG_BYTEA_PP(0));
	(void) ai_client_call(&frame, &reply, -1, 0);
	pfree(frame.data);
	PG_RETURN_BYTEA_P(echoed_bytes(&reply));
}

/* Forgets requests whose memory is about to go. */
static void
drop_requests(void *arg)
{
	List	   *requests = *(List **) arg;
	ListCell   *cell;

	foreach(cell, requests)
		ai_client_drop(lfirst(cell));
}

/* Sends all elements before it waits for the first: several requests are under way. */
Datum
ai_echo_array(PG_FUNCTION_ARGS)
{
	MemoryContextCallback *callback = palloc(sizeof(MemoryContextCallback));
	List	  **requests = palloc0(sizeof(List *));
	Datum	   *elements;
	Datum	   *echoes;
	int			count;

	callback->func = drop_requests;
	callback->arg = requests;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), BYTEAOID, -1, false, TYPALIGN_INT, &elements,
					  NULL, &count);
	echoes = palloc(count * sizeof(Datum));
	for (int i = 0; i < count; i++)
	{
		AiClientRequest *request = palloc(sizeof(AiClientRequest));
		StringInfo	frame = palloc(sizeof(StringInfoData));

		ai_client_request_init(request, CurrentMemoryContext);
		*requests = lappend(*requests, request);
		begin_echo(frame, DatumGetByteaPP(elements[i]));
		ai_client_post(request, frame, -1);
	}
	for (int i = 0; i < count; i++)
	{
		AiClientRequest *request = list_nth(*requests, i);

		(void) ai_client_wait(request, 0);
		echoes[i] = PointerGetDatum(echoed_bytes(&request->reply));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(echoes, count, BYTEAOID, -1, false, TYPALIGN_INT));
}

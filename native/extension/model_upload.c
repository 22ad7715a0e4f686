/*
 * model_upload.c
 *	  Streams a model to the server, chunk by chunk, on MODEL_UNKNOWN.
 *
 * Stored bytes are read by an index scan under the active snapshot, so at most
 * a few chunks are in memory.  A connection that is lost on the way starts the
 * upload again, once.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/stratnum.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "model_upload.h"
#include "registry_lookup.h"

#define BLOBS_SIZE_BYTES 2
#define CHUNKS_SEQ 2
#define CHUNKS_DATA 3

#define UPLOADS 2				/* of one model for one request */

typedef struct AiUpload
{
	const AiModelBytes *model;
	StringInfoData frame;
	uint64		total_bytes;
	uint64		offset;
	int			timeout_ms;
} AiUpload;

/* The model that was brought last, and the last request before its bytes were all there. */
static struct
{
	uint8		sha256[AI_SHA256_BYTES];
	uint64		request_id;
}			last_upload;

static void
raise_damaged(const AiModelBytes *model, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("stored bytes of %s are damaged", model->what),
			 errdetail("%s", detail)));
}

/* Sends one chunk; false if the connection was lost. */
static bool
send_chunk(AiUpload *upload, const char *data, uint32 bytes)
{
	AiModelLoadHeader header;
	AiReply		reply;

	CHECK_FOR_INTERRUPTS();
	memset(&header, 0, sizeof(header));
	memcpy(header.sha256, upload->model->sha256, AI_SHA256_BYTES);
	header.total_bytes = upload->total_bytes;
	header.offset = upload->offset;
	header.chunk_bytes = bytes;
	ai_client_begin(&upload->frame, AI_MODEL_LOAD_REQUEST);
	appendBinaryStringInfo(&upload->frame, (const char *) &header, sizeof(header));
	appendBinaryStringInfo(&upload->frame, data, (int) bytes);
	upload->offset += bytes;
	if (upload->offset < upload->total_bytes)
		return ai_client_send(&upload->frame, upload->timeout_ms);
	return ai_client_call(&upload->frame, &reply, upload->timeout_ms,
						  AI_CLIENT_MAY_BE_UNAVAILABLE |
						  (upload->offset > bytes ? AI_CLIENT_SAME_CONNECTION : 0)) &&
		reply.status == AI_STATUS_OK;
}

static bool
send_bytes(AiUpload *upload)
{
	upload->total_bytes = upload->model->size_bytes;
	while (upload->offset < upload->total_bytes)
	{
		uint64		left = upload->total_bytes - upload->offset;

		if (!send_chunk(upload, upload->model->data + upload->offset,
						(uint32) Min(left, AI_MAX_CHUNK_BYTES)))
			return false;
	}
	return true;
}

/* Starts a scan for rows of the model in a table whose first column is sha256. */
static void
begin_scan(AiScan *scan, const char *table, const bytea *sha256)
{
	ScanKeyData key;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_BYTEAEQ, PointerGetDatum(sha256));
	ai_registry_scan_begin(scan, table, &key, 1);
}

/* Returns the size that the registry has for the bytes. */
static uint64
stored_size(const AiModelBytes *model, const bytea *sha256)
{
	AiScan		scan;
	HeapTuple	tuple;
	bool		is_null = true;
	int64		size = 0;

	begin_scan(&scan, "model_blobs", sha256);
	tuple = ai_registry_scan_next(&scan);
	if (HeapTupleIsValid(tuple))
		size = DatumGetInt64(heap_getattr(tuple, BLOBS_SIZE_BYTES,
										  RelationGetDescr(scan.relation), &is_null));
	ai_registry_scan_end(&scan);
	if (is_null || size <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("bytes of %s are not in the registry", model->what)));
	return (uint64) size;
}

/* Sends the chunk of one row, which must be the next one. */
static bool
send_row(AiUpload *upload, const AiScan *scan, HeapTuple tuple, int seq)
{
	TupleDesc	desc = RelationGetDescr(scan->relation);
	bool		is_null;
	Datum		value;
	bytea	   *chunk;
	uint64		bytes;
	bool		sent;

	if (DatumGetInt32(heap_getattr(tuple, CHUNKS_SEQ, desc, &is_null)) != seq)
		raise_damaged(upload->model, psprintf("Chunk %d is missing.", seq));
	value = heap_getattr(tuple, CHUNKS_DATA, desc, &is_null);
	chunk = DatumGetByteaPP(value);
	bytes = VARSIZE_ANY_EXHDR(chunk);
	if (bytes == 0 || bytes > AI_MAX_CHUNK_BYTES ||
		bytes > upload->total_bytes - upload->offset)
		raise_damaged(upload->model, psprintf("Chunk %d has an unexpected size.", seq));
	sent = send_chunk(upload, VARDATA_ANY(chunk), (uint32) bytes);
	if ((Pointer) chunk != DatumGetPointer(value))
		pfree(chunk);
	return sent;
}

static bool
send_stored(AiUpload *upload)
{
	bytea	   *sha256 = palloc(VARHDRSZ + AI_SHA256_BYTES);
	AiScan		scan;
	HeapTuple	tuple;
	bool		sent = true;
	int			seq = 0;

	SET_VARSIZE(sha256, VARHDRSZ + AI_SHA256_BYTES);
	memcpy(VARDATA(sha256), upload->model->sha256, AI_SHA256_BYTES);
	upload->total_bytes = stored_size(upload->model, sha256);
	begin_scan(&scan, "model_chunks", sha256);
	while (sent && HeapTupleIsValid(tuple = ai_registry_scan_next(&scan)))
		sent = send_row(upload, &scan, tuple, seq++);
	ai_registry_scan_end(&scan);
	if (sent && upload->offset != upload->total_bytes)
		raise_damaged(upload->model,
					  psprintf("The chunks have " UINT64_FORMAT " of " UINT64_FORMAT " bytes.",
							   upload->offset, upload->total_bytes));
	return sent;
}

/* Brings the bytes to the server; a lost connection starts over once. */
static void
upload_model(const AiModelBytes *model, int timeout_ms)
{
	AiUpload	upload;

	upload.model = model;
	upload.timeout_ms = timeout_ms;
	initStringInfo(&upload.frame);
	for (int i = 0; i < UPLOADS; i++)
	{
		upload.offset = 0;
		if (model->data != NULL ? send_bytes(&upload) : send_stored(&upload))
			break;
	}
	pfree(upload.frame.data);
}

/* Brings the bytes to the server, in memory of their own. */
static void
upload_once(const AiModelBytes *model, int timeout_ms)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "ai_runtime upload",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);

	upload_model(model, timeout_ms);
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	memcpy(last_upload.sha256, model->sha256, AI_SHA256_BYTES);
	last_upload.request_id = ai_client_last_id();
}

static void
raise_not_kept(const AiModelBytes *model)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("inference server does not keep %s", model->what),
			 errhint("Raise ai_runtime.session_memory_limit.")));
}

bool
ai_model_call(StringInfo frame, const AiModelBytes *model, AiReply *reply,
			  int timeout_ms, int flags, bool *uploaded)
{
	for (int i = 0; i <= UPLOADS; i++)
	{
		if (!ai_client_call(frame, reply, timeout_ms, flags))
			return false;
		if (likely(reply->status != AI_STATUS_MODEL_UNKNOWN))
			return true;
		if (uploaded != NULL)
			*uploaded = true;
		upload_once(model, timeout_ms);
	}
	raise_not_kept(model);
	return false;
}

/* True if the model was brought to the server after the request was sent. */
static bool
was_uploaded_since(const AiModelBytes *model, const AiClientRequest *request)
{
	return request->id <= last_upload.request_id &&
		memcmp(model->sha256, last_upload.sha256, AI_SHA256_BYTES) == 0;
}

bool
ai_model_wait(AiClientRequest *request, const AiModelBytes *model, int timeout_ms, int flags)
{
	for (int i = 0; i <= UPLOADS; i++)
	{
		if (!ai_client_wait(request, flags))
			return false;
		if (likely(request->reply.status != AI_STATUS_MODEL_UNKNOWN))
			return true;
		if (!was_uploaded_since(model, request))
			upload_once(model, timeout_ms);
		ai_client_post(request, request->frame, timeout_ms);
	}
	raise_not_kept(model);
	return false;
}

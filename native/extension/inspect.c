/*
 * inspect.c
 *	  What the server knows of a model's bytes: signature, check of a
 *	  specification, unloading.  Internals that the registry's functions use.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/snapmgr.h"

#include "errors.h"
#include "model.h"
#include "model_upload.h"

PG_FUNCTION_INFO_V1(ai_model_signature);
PG_FUNCTION_INFO_V1(ai_inspect_model);
PG_FUNCTION_INFO_V1(ai_check_spec);
PG_FUNCTION_INFO_V1(ai_unload_model);

/* Copies a bytea argument into a SHA-256. */
static void
get_sha256(bytea *bytes, uint8 *sha256)
{
	if (VARSIZE_ANY_EXHDR(bytes) != AI_SHA256_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a SHA-256 has %d bytes, not %zu", AI_SHA256_BYTES,
						(Size) VARSIZE_ANY_EXHDR(bytes))));
	memcpy(sha256, VARDATA_ANY(bytes), AI_SHA256_BYTES);
}

/* Begins a request whose payload is a SHA-256. */
static void
begin_request(StringInfo frame, uint16 type, const uint8 *sha256)
{
	initStringInfo(frame);
	ai_client_begin(frame, type);
	appendBinaryStringInfo(frame, (const char *) sha256, AI_SHA256_BYTES);
}

/* Returns the signature of bytes as the server reads it. */
static Jsonb *
fetch_signature(const AiModelBytes *model, bool *uploaded)
{
	StringInfoData frame;
	AiReply		reply;
	char	   *json;

	begin_request(&frame, AI_MODEL_METADATA_REQUEST, model->sha256);
	(void) ai_model_call(&frame, model, &reply, -1, 0, uploaded);
	if (reply.type != AI_MODEL_METADATA_RESPONSE)
		ai_raise_invalid_frame("A reply is of another type than its request.");
	json = pnstrdup(reply.payload, reply.payload_bytes);
	json = pg_any_to_server(json, (int) strlen(json), PG_UTF8);
	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

/* Drops the session of a model in the server; false if it had none. */
static bool
unload(const uint8 *sha256)
{
	StringInfoData frame;
	AiReply		reply;
	uint32		dropped = 0;

	begin_request(&frame, AI_MODEL_UNLOAD_REQUEST, sha256);
	(void) ai_client_call(&frame, &reply, -1, 0);
	if (reply.type != AI_MODEL_UNLOAD_RESPONSE || reply.payload_bytes != sizeof(dropped))
		ai_raise_invalid_frame("A reply is of another type than its request.");
	memcpy(&dropped, reply.payload, sizeof(dropped));
	return dropped != 0;
}

/* Says in errors of the server, which knows no names, whose bytes it was given. */
static void
say_name(void *arg)
{
	errcontext("reading the bytes of model \"%s\"", (const char *) arg);
}

/* ai_runtime._model_signature(sha256 bytea, name text): of bytes that the registry has */
Datum
ai_model_signature(PG_FUNCTION_ARGS)
{
	AiModelBytes model = {.what = "the model", .data = NULL};
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(1));
	ErrorContextCallback context = {error_context_stack, say_name, name};
	Jsonb	   *signature;

	get_sha256(PG_GETARG_BYTEA_PP(0), model.sha256);

	/* A fresh look: the bytes may have been stored by this very statement. */
	PushCopiedSnapshot(GetTransactionSnapshot());
	UpdateActiveSnapshotCommandId();
	error_context_stack = &context;
	signature = fetch_signature(&model, NULL);
	error_context_stack = context.previous;
	PopActiveSnapshot();
	PG_RETURN_JSONB_P(signature);
}

/* ai_runtime._inspect_model(model bytea): of bytes that the registry need not have */
Datum
ai_inspect_model(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	AiModelBytes model = {.what = "the model"};
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	bool		uploaded = false;
	Jsonb	   *signature;

	model.data = VARDATA_ANY(bytes);
	model.size_bytes = VARSIZE_ANY_EXHDR(bytes);
	if (model.size_bytes == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a model must have at least one byte")));
	if (pg_cryptohash_init(hash) < 0 ||
		pg_cryptohash_update(hash, (const uint8 *) model.data, model.size_bytes) < 0 ||
		pg_cryptohash_final(hash, model.sha256, AI_SHA256_BYTES) < 0)
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(hash));
	pg_cryptohash_free(hash);
	signature = fetch_signature(&model, &uploaded);

	/* What was loaded only to be looked at does not stay. */
	if (uploaded)
		(void) unload(model.sha256);
	PG_RETURN_JSONB_P(signature);
}

/* ai_runtime._check_spec(signature jsonb, spec jsonb): raises what is wrong */
Datum
ai_check_spec(PG_FUNCTION_ARGS)
{
	AiCompiled	compiled;

	memset(&compiled, 0, sizeof(compiled));
	compiled.signature = ai_signature_parse(PG_GETARG_JSONB_P(0));
	ai_model_compile_spec(&compiled, PG_GETARG_JSONB_P(1));
	PG_RETURN_VOID();
}

/* ai_runtime._unload_model(sha256 bytea) */
Datum
ai_unload_model(PG_FUNCTION_ARGS)
{
	uint8		sha256[AI_SHA256_BYTES];

	get_sha256(PG_GETARG_BYTEA_PP(0), sha256);
	PG_RETURN_BOOL(unload(sha256));
}

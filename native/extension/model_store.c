/*
 * model_store.c
 *	  The bytes of models into the registry, addressed by their SHA-256.
 *
 * Two passes over a source, a bytea or a file on the server: the first hashes,
 * the second writes chunks, if the hash is new.  At most a few chunks are in
 * memory.  Rows are written as the owner of the registry: EXECUTE on these
 * functions is the right.  Two sessions that store the same bytes at once both
 * succeed; the second waits for the first.  Bytes that are there already are
 * locked, so that no drop takes them before their new version refers to them.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access/detoast.h"
#include "catalog/namespace.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "protocol.h"

PG_FUNCTION_INFO_V1(ai_store_model);
PG_FUNCTION_INFO_V1(ai_store_model_from_file);

/* How often bytes that are dropped again and again are looked for. */
#define STORE_ATTEMPTS 10

/* Where bytes come from: a bytea, or an open file. */
typedef struct AiSource
{
	struct varlena *bytes;		/* NULL: the file */
	int			file;
	const char *path;
	uint64		total_bytes;
} AiSource;

/* Returns so many bytes from an offset as a fresh bytea. */
static bytea *
read_chunk(const AiSource *source, uint64 offset, uint32 bytes)
{
	bytea	   *chunk;
	uint32		done = 0;

	CHECK_FOR_INTERRUPTS();
	if (source->bytes != NULL)
		return (bytea *) detoast_attr_slice(source->bytes, (int32) offset, (int32) bytes);
	chunk = palloc(VARHDRSZ + bytes);
	SET_VARSIZE(chunk, VARHDRSZ + bytes);
	while (done < bytes)
	{
		ssize_t		got = pread(source->file, VARDATA(chunk) + done, bytes - done,
								(off_t) (offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			ereport(ERROR,
					(errcode_for_file_access(),
					 errmsg("could not read file \"%s\": %m", source->path)));
		if (got == 0)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("file \"%s\" changed while it was read", source->path)));
		done += (uint32) got;
	}
	return chunk;
}

static void
check_hash(int result, pg_cryptohash_ctx *hash)
{
	if (result < 0)
		elog(ERROR, "could not compute SHA-256: %s", pg_cryptohash_error(hash));
}

/*
 * Reads the source to its end, hashing it into sha256; with a plan, each chunk
 * is inserted as well.
 */
static void
read_source(const AiSource *source, SPIPlanPtr insert, Datum key, uint8 *sha256)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	uint64		offset = 0;

	check_hash(pg_cryptohash_init(hash), hash);
	for (int32 seq = 0; offset < source->total_bytes; seq++)
	{
		uint32		bytes = (uint32) Min(source->total_bytes - offset, AI_MAX_CHUNK_BYTES);
		bytea	   *chunk = read_chunk(source, offset, bytes);

		check_hash(pg_cryptohash_update(hash, (const uint8 *) VARDATA_ANY(chunk), bytes), hash);
		if (insert != NULL)
		{
			Datum		values[3] = {key, Int32GetDatum(seq), PointerGetDatum(chunk)};

			if (SPI_execute_plan(insert, values, NULL, false, 0) != SPI_OK_INSERT)
				elog(ERROR, "could not insert a chunk");
		}
		pfree(chunk);
		offset += bytes;
	}
	check_hash(pg_cryptohash_final(hash, sha256, AI_SHA256_BYTES), hash);
	pg_cryptohash_free(hash);
}

/* Inserts the blob's row; false if the registry has it already. */
static bool
insert_blob(Datum key, uint64 total_bytes)
{
	Oid			types[2] = {BYTEAOID, INT8OID};
	Datum		values[2] = {key, Int64GetDatum((int64) total_bytes)};

	if (SPI_execute_with_args("INSERT INTO ai_runtime.model_blobs (sha256, size_bytes)"
							  " VALUES ($1, $2) ON CONFLICT (sha256) DO NOTHING",
							  2, types, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not insert a model");
	return SPI_processed > 0;
}

/* Keeps the blob's row until the transaction ends; false if a drop took it away. */
static bool
lock_blob(Datum key)
{
	Oid			types[1] = {BYTEAOID};

	if (SPI_execute_with_args("SELECT FROM ai_runtime.model_blobs"
							  " WHERE sha256 OPERATOR(pg_catalog.=) $1 FOR KEY SHARE",
							  1, types, &key, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not lock a model");
	return SPI_processed > 0;
}

static void
insert_chunks(const AiSource *source, Datum key, const uint8 *sha256)
{
	Oid			types[3] = {BYTEAOID, INT4OID, BYTEAOID};
	SPIPlanPtr	insert = SPI_prepare("INSERT INTO ai_runtime.model_chunks (sha256, seq, data)"
									 " VALUES ($1, $2, $3)", 3, types);
	uint8		again[AI_SHA256_BYTES];

	if (insert == NULL)
		elog(ERROR, "could not prepare the insertion of chunks");
	read_source(source, insert, key, again);
	if (memcmp(again, sha256, AI_SHA256_BYTES) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("file \"%s\" changed while it was read", source->path)));
}

/* Inserts the source's bytes, or locks them where the registry has them. */
static void
insert_or_lock(const AiSource *source, Datum key, const uint8 *sha256)
{
	for (int i = 0; i < STORE_ATTEMPTS; i++)
	{
		if (insert_blob(key, source->total_bytes))
		{
			insert_chunks(source, key, sha256);
			return;
		}
		if (lock_blob(key))
			return;
	}
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not store a model due to concurrent drops of the same bytes"),
			 errhint("Run the transaction again.")));
}

/* Returns the role that owns the registry. */
static Oid
registry_owner(void)
{
	Oid			relid = get_relname_relid("model_blobs",
										  get_namespace_oid("ai_runtime", false));
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "relation ai_runtime.model_blobs does not exist");
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* Stores the source's bytes, unless they are there, and returns their SHA-256 as bytea. */
static bytea *
store(const AiSource *source)
{
	bytea	   *key = palloc(VARHDRSZ + AI_SHA256_BYTES);
	uint8	   *sha256 = (uint8 *) VARDATA(key);
	Oid			user;
	int			security;

	if (source->total_bytes == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a model must have at least one byte")));
	SET_VARSIZE(key, VARHDRSZ + AI_SHA256_BYTES);
	read_source(source, NULL, (Datum) 0, sha256);

	/* An error gives the role back too: it ends the (sub)transaction that it is a part of. */
	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(registry_owner(), security | SECURITY_LOCAL_USERID_CHANGE);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	insert_or_lock(source, PointerGetDatum(key), sha256);
	SPI_finish();
	SetUserIdAndSecContext(user, security);
	return key;
}

/* ai_runtime._store_model(model bytea) */
Datum
ai_store_model(PG_FUNCTION_ARGS)
{
	AiSource	source = {.file = -1};
	struct varlena *bytes = (struct varlena *) PG_GETARG_RAW_VARLENA_P(0);

	/* Slices of what is compressed would each be decompressed from the start. */
	if (VARATT_IS_COMPRESSED(bytes) ||
		(VARATT_IS_EXTERNAL_ONDISK(bytes) &&
		 toast_raw_datum_size(PointerGetDatum(bytes)) != toast_datum_size(PointerGetDatum(bytes))
		 + VARHDRSZ))
		bytes = detoast_attr(bytes);
	source.bytes = bytes;
	source.total_bytes = toast_raw_datum_size(PointerGetDatum(bytes)) - VARHDRSZ;
	PG_RETURN_BYTEA_P(store(&source));
}

/* ai_runtime._store_model_from_file(path text) */
Datum
ai_store_model_from_file(PG_FUNCTION_ARGS)
{
	char	   *path = text_to_cstring(PG_GETARG_TEXT_PP(0));
	AiSource	source = {.bytes = NULL};
	struct stat info;
	bytea	   *key;

	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to read a model from a file"),
				 errdetail("Only roles with the privileges of \"pg_read_server_files\" may."),
				 errhint("Send the bytes with ai_create_model() instead.")));
	canonicalize_path(path);
	source.path = path;
	source.file = OpenTransientFile(path, O_RDONLY | PG_BINARY);
	if (source.file < 0 || fstat(source.file, &info) < 0)
		ereport(ERROR,
				(errcode_for_file_access(),
				 errmsg("could not open file \"%s\" for reading: %m", path)));
	if (!S_ISREG(info.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a regular file", path)));
	source.total_bytes = (uint64) info.st_size;
	if (source.total_bytes > AI_MAX_MODEL_BYTES)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("file \"%s\" is larger than a model can be", path)));
	key = store(&source);
	CloseTransientFile(source.file);
	PG_RETURN_BYTEA_P(key);
}

/*
 * registry_lookup.c
 *	  From an address to a version, by index scans under the active snapshot.
 *
 * Column numbers are those of sql/10_tables.sql, where the order of columns is
 * part of the interface.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "registry_lookup.h"

#define BLOBS_SIZE_BYTES 2
#define DEPLOYMENTS_VERSION 2
#define ALIASES_VERSION 3
#define VERSIONS_SHA256 3
#define VERSIONS_SIGNATURE 4
#define VERSIONS_SPEC 5
#define VERSIONS_SPEC_SHA256 6
#define VERSIONS_STATE 10

typedef struct AiAddress
{
	char		name[AI_MODEL_NAME_BYTES + 1];
	int			version;		/* 0: not given */
	char		alias[AI_MODEL_NAME_BYTES + 1]; /* "": not given */
} AiAddress;

/* Counts the ends of transactions and subtransactions of this backend. */
static uint64 xact_generation = 0;

static void
xact_ended(XactEvent event pg_attribute_unused(), void *arg pg_attribute_unused())
{
	xact_generation++;
}

static void
subxact_ended(SubXactEvent event pg_attribute_unused(),
			  SubTransactionId id pg_attribute_unused(),
			  SubTransactionId parent pg_attribute_unused(), void *arg pg_attribute_unused())
{
	xact_generation++;
}

static void
watch_transactions(void)
{
	static bool watching = false;

	if (watching)
		return;
	RegisterXactCallback(xact_ended, NULL);
	RegisterSubXactCallback(subxact_ended, NULL);
	watching = true;
}

void
ai_snapshot_key_set(AiSnapshotKey *key, MemoryContext context)
{
	Snapshot	snapshot = GetActiveSnapshot();
	int			needed = (int) snapshot->xcnt + Max(snapshot->subxcnt, 0);

	watch_transactions();
	if (needed > key->xids_allocated)
	{
		if (key->xids != NULL)
			pfree(key->xids);
		key->xids_allocated = 0;
		key->xids = MemoryContextAlloc(context, needed * sizeof(TransactionId));
		key->xids_allocated = needed;
	}
	key->generation = xact_generation;
	key->xmin = snapshot->xmin;
	key->xmax = snapshot->xmax;
	key->curcid = snapshot->curcid;
	key->xcnt = snapshot->xcnt;
	key->subxcnt = Max(snapshot->subxcnt, 0);
	key->suboverflowed = snapshot->suboverflowed;
	key->taken_during_recovery = snapshot->takenDuringRecovery;
	if (key->xcnt > 0)
		memcpy(key->xids, snapshot->xip, key->xcnt * sizeof(TransactionId));
	if (key->subxcnt > 0)
		memcpy(key->xids + key->xcnt, snapshot->subxip, key->subxcnt * sizeof(TransactionId));
}

bool
ai_snapshot_key_is_current(const AiSnapshotKey *key)
{
	Snapshot	snapshot = GetActiveSnapshot();

	return key->generation == xact_generation &&
		key->curcid == snapshot->curcid &&
		key->xmin == snapshot->xmin &&
		key->xmax == snapshot->xmax &&
		key->xcnt == snapshot->xcnt &&
		key->subxcnt == Max(snapshot->subxcnt, 0) &&
		key->suboverflowed == snapshot->suboverflowed &&
		key->taken_during_recovery == snapshot->takenDuringRecovery &&
		(key->xcnt == 0 ||
		 memcmp(key->xids, snapshot->xip, key->xcnt * sizeof(TransactionId)) == 0) &&
		(key->subxcnt == 0 ||
		 memcmp(key->xids + key->xcnt, snapshot->subxip,
				key->subxcnt * sizeof(TransactionId)) == 0);
}

/* Returns a relation of schema ai_runtime, or raises that it is not there. */
static Oid
registry_relid(const char *name)
{
	Oid			namespace = get_namespace_oid("ai_runtime", true);
	Oid			relid = InvalidOid;

	if (OidIsValid(namespace))
		relid = get_relname_relid(name, namespace);
	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation \"ai_runtime.%s\" does not exist", name),
				 errhint("Run CREATE EXTENSION ai_runtime in this database.")));
	return relid;
}

void
ai_registry_scan_begin(AiScan *scan, const char *table, ScanKey keys, int key_count)
{
	char		index[NAMEDATALEN];

	snprintf(index, sizeof(index), "%s_pkey", table);
	scan->relation = table_open(registry_relid(table), AccessShareLock);
	scan->scan = systable_beginscan(scan->relation, registry_relid(index), true,
									GetActiveSnapshot(), key_count, keys);
}

HeapTuple
ai_registry_scan_next(AiScan *scan)
{
	return systable_getnext(scan->scan);
}

void
ai_registry_scan_end(AiScan *scan)
{
	systable_endscan(scan->scan);
	table_close(scan->relation, AccessShareLock);
}

/* Starts a scan by a name and perhaps a second key, and returns the first row. */
static HeapTuple
scan_first(AiScan *scan, const char *table, const char *name, ScanKey second)
{
	ScanKeyData keys[2];
	int			count = 1;

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(name));
	if (second != NULL)
		keys[count++] = *second;
	ai_registry_scan_begin(scan, table, keys, count);
	return ai_registry_scan_next(scan);
}

static Datum
column(AiScan *scan, HeapTuple tuple, int number)
{
	bool		is_null;
	Datum		value = heap_getattr(tuple, number, RelationGetDescr(scan->relation), &is_null);

	if (is_null)
		elog(ERROR, "null in column %d of \"%s\"", number,
			 RelationGetRelationName(scan->relation));
	return value;
}

/* Copies one part of an address; returns false if it is empty or too long. */
static bool
copy_part(char *part, const char *from, int bytes)
{
	if (bytes < 1 || bytes > AI_MODEL_NAME_BYTES)
		return false;
	memcpy(part, from, bytes);
	part[bytes] = '\0';
	return true;
}

/* Returns the version number in the text after a colon, or 0 if it is none. */
static int
parse_version(const char *text, int bytes)
{
	int64		version = 0;

	for (int i = 0; i < bytes && version <= PG_INT32_MAX; i++)
		version = text[i] >= '0' && text[i] <= '9' ?
			version * 10 + (text[i] - '0') : (int64) PG_INT32_MAX + 1;
	return version > PG_INT32_MAX ? 0 : (int) version;
}

/* Reads an address; returns what is wrong with it as a sentence, or NULL. */
static const char *
parse_address(const char *address, int bytes, AiAddress *parsed)
{
	static const char *const bad_name = "The name of a model or an alias has 1 to 63 bytes.";
	int			name_bytes = 0;

	StaticAssertStmt(AI_MODEL_NAME_BYTES == 63, "the sentence says so");
	while (name_bytes < bytes && address[name_bytes] != ':' && address[name_bytes] != '@')
		name_bytes++;
	parsed->version = 0;
	parsed->alias[0] = '\0';
	if (!copy_part(parsed->name, address, name_bytes))
		return bad_name;
	if (name_bytes == bytes)
		return NULL;
	if (address[name_bytes] == '@')
		return copy_part(parsed->alias, address + name_bytes + 1, bytes - name_bytes - 1) ?
			NULL : bad_name;
	parsed->version = parse_version(address + name_bytes + 1, bytes - name_bytes - 1);
	return parsed->version > 0 ? NULL : "What follows \":\" is not a version number.";
}

static bool
model_exists(const char *name)
{
	AiScan		scan;
	bool		exists = HeapTupleIsValid(scan_first(&scan, "models", name, NULL));

	ai_registry_scan_end(&scan);
	return exists;
}

/* Raises why an address leads nowhere: the model, its version or its alias is missing. */
static void
raise_not_found(const AiAddress *address)
{
	if (!model_exists(address->name))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" does not exist", address->name),
				 errhint("The view ai_models lists the models of this database.")));
	if (address->alias[0] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no alias \"%s\"", address->name, address->alias)));
	if (address->version != 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" has no version %d", address->name, address->version),
				 errhint("The view ai_model_versions lists the versions.")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("no version of model \"%s\" is deployed", address->name),
			 errhint("Name a version, such as \"%s:1\".", address->name)));
}

/* Returns the version that an address without a number stands for, or 0. */
static int
find_version(const AiAddress *address)
{
	AiScan		scan;
	HeapTuple	tuple;
	ScanKeyData key;
	int			version = 0;

	if (address->alias[0] == '\0')
	{
		tuple = scan_first(&scan, "deployments", address->name, NULL);
		if (HeapTupleIsValid(tuple))
			version = DatumGetInt32(column(&scan, tuple, DEPLOYMENTS_VERSION));
	}
	else
	{
		ScanKeyInit(&key, 2, BTEqualStrategyNumber, F_TEXTEQ,
					CStringGetTextDatum(address->alias));
		tuple = scan_first(&scan, "aliases", address->name, &key);
		if (HeapTupleIsValid(tuple))
			version = DatumGetInt32(column(&scan, tuple, ALIASES_VERSION));
	}
	ai_registry_scan_end(&scan);
	return version;
}

static void
copy_sha256(uint8 *to, Datum value, const char *name)
{
	bytea	   *bytes = DatumGetByteaPP(value);

	if (VARSIZE_ANY_EXHDR(bytes) != AI_SHA256_BYTES)
		elog(ERROR, "invalid sha256 in a version of model \"%s\"", name);
	memcpy(to, VARDATA_ANY(bytes), AI_SHA256_BYTES);
}

/* Raises that a version answers no more, if its state says so. */
static void
check_state(const AiModel *model, Datum state)
{
	text	   *value = DatumGetTextPP(state);
	static const char archived[] = "archived";

	if (VARSIZE_ANY_EXHDR(value) != sizeof(archived) - 1 ||
		memcmp(VARDATA_ANY(value), archived, sizeof(archived) - 1) != 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("version %d of model \"%s\" is archived", model->version, model->name),
			 errhint("ai_validate_version() brings it back.")));
}

/* Fills model from the row of its version; false if there is none. */
static bool
load_version(AiModel *model)
{
	AiScan		scan;
	HeapTuple	tuple;
	ScanKeyData key;
	uint8		spec_sha256[AI_SHA256_BYTES];

	ScanKeyInit(&key, 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(model->version));
	tuple = scan_first(&scan, "model_versions", model->name, &key);
	if (HeapTupleIsValid(tuple))
	{
		check_state(model, column(&scan, tuple, VERSIONS_STATE));
		copy_sha256(model->sha256, column(&scan, tuple, VERSIONS_SHA256), model->name);
		copy_sha256(spec_sha256, column(&scan, tuple, VERSIONS_SPEC_SHA256), model->name);
		model->compiled = ai_model_cache_find(model->sha256, spec_sha256);
		if (model->compiled == NULL)
			model->compiled =
				ai_model_cache_add(model->sha256, spec_sha256,
								   DatumGetJsonbP(column(&scan, tuple, VERSIONS_SIGNATURE)),
								   DatumGetJsonbP(column(&scan, tuple, VERSIONS_SPEC)));
	}
	ai_registry_scan_end(&scan);
	return HeapTupleIsValid(tuple);
}

void
ai_registry_resolve(const char *address, int address_bytes, AiModel *model)
{
	AiAddress	parsed;
	const char *wrong = parse_address(address, address_bytes, &parsed);

	if (wrong != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid model address \"%.*s\"",
						pg_mbcliplen(address, address_bytes, 128), address),
				 errdetail("%s", wrong),
				 errhint("An address is \"model\", \"model:version\" or \"model@alias\".")));
	memcpy(model->name, parsed.name, sizeof(model->name));
	model->version = parsed.version != 0 ? parsed.version : find_version(&parsed);
	model->compiled = NULL;
	if (model->version == 0 || !load_version(model))
		raise_not_found(&parsed);
}

/* Reads the hash of a version; false if there is no such version. */
static bool
find_sha256(AiModel *model)
{
	AiScan		scan;
	HeapTuple	tuple;
	ScanKeyData key;

	ScanKeyInit(&key, 2, BTEqualStrategyNumber, F_INT4EQ, Int32GetDatum(model->version));
	tuple = scan_first(&scan, "model_versions", model->name, &key);
	if (HeapTupleIsValid(tuple))
		copy_sha256(model->sha256, column(&scan, tuple, VERSIONS_SHA256), model->name);
	ai_registry_scan_end(&scan);
	return HeapTupleIsValid(tuple);
}

bool
ai_registry_find(const char *address, int address_bytes, AiModel *model)
{
	AiAddress	parsed;

	if (parse_address(address, address_bytes, &parsed) != NULL)
		return false;
	memcpy(model->name, parsed.name, sizeof(model->name));
	model->version = parsed.version != 0 ? parsed.version : find_version(&parsed);
	model->compiled = NULL;
	return model->version != 0 && find_sha256(model);
}

int64
ai_registry_model_bytes(const uint8 *sha256)
{
	AiScan		scan;
	HeapTuple	tuple;
	ScanKeyData key;
	bytea	   *value = palloc(VARHDRSZ + AI_SHA256_BYTES);
	int64		bytes = 0;

	SET_VARSIZE(value, VARHDRSZ + AI_SHA256_BYTES);
	memcpy(VARDATA(value), sha256, AI_SHA256_BYTES);
	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_BYTEAEQ, PointerGetDatum(value));
	ai_registry_scan_begin(&scan, "model_blobs", &key, 1);
	tuple = ai_registry_scan_next(&scan);
	if (HeapTupleIsValid(tuple))
		bytes = DatumGetInt64(column(&scan, tuple, BLOBS_SIZE_BYTES));
	ai_registry_scan_end(&scan);
	pfree(value);
	return bytes;
}

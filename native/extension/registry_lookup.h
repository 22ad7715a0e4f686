/*
 * registry_lookup.h
 *	  From an address to a version: 'm', 'm:3' or 'm@alias'.
 *
 * Reads the registry's tables by their primary keys under the active snapshot,
 * so a statement keeps the version that it began with, sees its own writes and
 * follows a rollback.  Checks no rights on the tables: EXECUTE on the calling
 * function is the right.
 */
#ifndef AI_RUNTIME_REGISTRY_LOOKUP_H
#define AI_RUNTIME_REGISTRY_LOOKUP_H

#include "access/genam.h"
#include "utils/snapshot.h"

#include "model.h"

/* One index scan over a table of the registry. */
typedef struct AiScan
{
	Relation	relation;
	SysScanDesc scan;
} AiScan;

/* A snapshot in a form that can be compared after it is gone. */
typedef struct AiSnapshotKey
{
	uint64		generation;		/* of (sub)transactions ended, see below */
	TransactionId xmin;
	TransactionId xmax;
	CommandId	curcid;
	uint32		xcnt;
	int32		subxcnt;
	bool		suboverflowed;
	bool		taken_during_recovery;
	TransactionId *xids;		/* xcnt, then subxcnt of them */
	int			xids_allocated;
} AiSnapshotKey;

/*
 * Fills model with what the address stands for and pins its compiled form.
 * Raises 42704 if there is no such model, version or alias.
 */
extern void ai_registry_resolve(const char *address, int address_bytes, AiModel *model);

/*
 * Fills in name, version and hash of what the address stands for, for who needs
 * no more.  Returns false if it stands for nothing; raises nothing then.
 */
extern bool ai_registry_find(const char *address, int address_bytes, AiModel *model);

/* Returns the size of the bytes with that hash; 0 if there are none. */
extern int64 ai_registry_model_bytes(const uint8 *sha256);

/* Remembers the active snapshot in key, whose array lives in context. */
extern void ai_snapshot_key_set(AiSnapshotKey *key, MemoryContext context);

/*
 * True if the active snapshot sees what the remembered one saw: all fields are
 * equal, and no transaction or subtransaction has ended since.
 */
extern bool ai_snapshot_key_is_current(const AiSnapshotKey *key);

/* Starts a scan of ai_runtime.<table> by its primary key; its rows end it. */
extern void ai_registry_scan_begin(AiScan *scan, const char *table, ScanKey keys, int key_count);
extern HeapTuple ai_registry_scan_next(AiScan *scan);
extern void ai_registry_scan_end(AiScan *scan);

#endif							/* AI_RUNTIME_REGISTRY_LOOKUP_H */

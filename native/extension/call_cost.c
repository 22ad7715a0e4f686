/*
 * call_cost.c
 *	  What a call of ai_inference() is expected to take.
 *
 * From what inferences with the model took; before the first one, from the size
 * of the model.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "call_cost.h"
#include "model_cost.h"
#include "registry_lookup.h"

/* Rows of a batch among which its fixed costs are divided. */
#define TYPICAL_BATCH_ROWS 256
/* Encoding a row, and decoding its answer. */
#define ENCODE_US 0.2
/* The way to the server and back, before it was measured. */
#define GUESSED_REQUEST_US 15
/*
 * Per byte of a model: two operations on four bytes of weights, at some ten
 * billion a second, and for tree ensembles, which look at few of their nodes,
 * too much.
 */
#define GUESSED_US_PER_BYTE 5e-6
#define GUESSED_US_PER_ROW 0.1

/*
 * The version that an address stood for last.  The planner asks for the same
 * call's cost many times.
 */
static struct
{
	char		address[2 * AI_MODEL_NAME_BYTES + 2];
	int			bytes;			/* 0: none */
	AiSnapshotKey snapshot;
	AiModel		model;
} last;

static bool
find_model(const char *address, int bytes)
{
	if (last.bytes == bytes && memcmp(last.address, address, bytes) == 0 &&
		ai_snapshot_key_is_current(&last.snapshot))
		return true;
	last.bytes = 0;
	if (bytes < 1 || bytes > (int) sizeof(last.address) ||
		!ai_registry_find(address, bytes, &last.model))
		return false;
	ai_snapshot_key_set(&last.snapshot, TopMemoryContext);
	memcpy(last.address, address, bytes);
	last.bytes = bytes;
	return true;
}

bool
ai_call_cost(const char *address, int address_bytes, AiCallCost *cost)
{
	AiModelCost measured;

	if (!ActiveSnapshotSet() || !find_model(address, address_bytes))
		return false;
	snprintf(cost->version, sizeof(cost->version), "%s:%d", last.model.name,
			 last.model.version);
	cost->is_measured = ai_model_cost_get(last.model.sha256, &measured);
	if (!cost->is_measured)
	{
		measured.us_per_row = GUESSED_US_PER_ROW +
			GUESSED_US_PER_BYTE * (double) ai_registry_model_bytes(last.model.sha256);
		measured.us_per_execution = 0;
		measured.us_per_request = 0;
	}
	if (measured.us_per_request <= 0)
		measured.us_per_request = GUESSED_REQUEST_US;
	cost->row_us = ENCODE_US + measured.us_per_row +
		(measured.us_per_request + measured.us_per_execution) / TYPICAL_BATCH_ROWS;
	return true;
}

bool
ai_call_cost_of(const Expr *model, AiCallCost *cost)
{
	const Const *constant = (const Const *) model;
	text	   *address;

	if (!IsA(model, Const) || constant->constisnull || constant->consttype != TEXTOID)
		return false;
	address = DatumGetTextPP(constant->constvalue);
	return ai_call_cost(VARDATA_ANY(address), (int) VARSIZE_ANY_EXHDR(address), cost);
}

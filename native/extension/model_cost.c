/*
 * model_cost.c
 *	  Measured figures of models in shared memory; model_cost.h says what for.
 *
 * The table is cut into sets of a few places by the first bytes of the hash,
 * which are as good as random; within a set the model that was recorded least
 * recently makes room.  A set is guarded by a flag that is held for some dozen
 * instructions.  Who records and finds it taken drops the sample: there will be
 * others.  Means move exponentially, so that a model that got slower is known
 * to be slower after some dozen replies.
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/s_lock.h"
#include "storage/shmem.h"
#include "utils/builtins.h"

#include "model_cost.h"

#define SET_COUNT 128
#define SET_PLACES 8
#define MAX_SAMPLES 64			/* the weight of a new sample is never below 1/64 */
#define TRUSTED_SAMPLES 8		/* from then on an outlier counts as MAX_OUTLIER times the mean */
#define MAX_OUTLIER 8.0
#define MIN_SPREAD 0.25			/* of the rows, in means: below it, rows explain nothing */
#define READ_SPINS 10000
#define COST_COLUMNS 8

PG_FUNCTION_INFO_V1(ai_model_costs);

/* Moving means of one model: y microseconds for an execution of x rows. */
typedef struct CostEntry
{
	uint8		sha256[AI_SHA256_BYTES];
	uint64		last_use;		/* 0: the place is free */
	int64		request_count;
	double		samples;		/* at most MAX_SAMPLES */
	double		mean_x;
	double		mean_y;
	double		variance_x;
	double		covariance_xy;
	double		mean_queue_us;
	double		trip_samples;
	double		mean_trip_us;
} CostEntry;

typedef struct CostSet
{
	pg_atomic_flag busy;
	uint64		use_clock;
	CostEntry	entries[SET_PLACES];
} CostSet;

static CostSet *sets = NULL;

Size
ai_model_cost_shmem_size(void)
{
	return mul_size(SET_COUNT, sizeof(CostSet));
}

void
ai_model_cost_shmem_attach(void)
{
	bool		found;

	sets = ShmemInitStruct("ai_runtime model costs", ai_model_cost_shmem_size(), &found);
	if (found)
		return;
	memset(sets, 0, ai_model_cost_shmem_size());
	for (int i = 0; i < SET_COUNT; i++)
		pg_atomic_init_flag(&sets[i].busy);
}

static CostSet *
set_of(const uint8 *sha256)
{
	return &sets[(sha256[0] << 8 | sha256[1]) % SET_COUNT];
}

/* Returns the place of a model; when it has none, the one to give it if make. */
static CostEntry *
find_entry(CostSet *set, const uint8 *sha256, bool make)
{
	CostEntry  *oldest = &set->entries[0];

	for (int i = 0; i < SET_PLACES; i++)
	{
		CostEntry  *entry = &set->entries[i];

		if (entry->last_use > 0 && memcmp(entry->sha256, sha256, AI_SHA256_BYTES) == 0)
			return entry;
		if (entry->last_use < oldest->last_use)
			oldest = entry;
	}
	if (!make)
		return NULL;
	memset(oldest, 0, sizeof(*oldest));
	memcpy(oldest->sha256, sha256, AI_SHA256_BYTES);
	return oldest;
}

/* Returns the weight of a new sample, which it counts. */
static double
weigh(double *samples)
{
	*samples = Min(*samples + 1, MAX_SAMPLES);
	return 1 / *samples;
}

/* Moves the means by an execution of x rows that took y microseconds. */
static void
add_execution(CostEntry *entry, double x, double y)
{
	bool		trusted = entry->samples >= TRUSTED_SAMPLES;
	double		weight = weigh(&entry->samples);
	double		dx;
	double		dy;

	/* A thread that lost its core says nothing about the model. */
	if (trusted && entry->mean_x > 0)
		y = Min(y, MAX_OUTLIER * (entry->mean_y + 1) * Max(x / entry->mean_x, 1));
	dx = x - entry->mean_x;
	dy = y - entry->mean_y;
	entry->mean_x += weight * dx;
	entry->mean_y += weight * dy;
	entry->variance_x = (1 - weight) * (entry->variance_x + weight * dx * dx);
	entry->covariance_xy = (1 - weight) * (entry->covariance_xy + weight * dx * dy);
}

void
ai_model_cost_record(const uint8 *sha256, const AiInferResponseHeader *header,
					 uint64 elapsed_us)
{
	uint64		served_us = header->queue_duration_us + header->compute_infer_duration_us;
	CostSet    *set;
	CostEntry  *entry;

	if (sets == NULL || header->execution_count == 0)
		return;
	set = set_of(sha256);
	if (!pg_atomic_test_set_flag(&set->busy))
		return;
	entry = find_entry(set, sha256, true);
	entry->last_use = ++set->use_clock;
	entry->request_count++;
	add_execution(entry, (double) header->execution_rows / header->execution_count,
				  (double) header->compute_infer_duration_us / header->execution_count);
	entry->mean_queue_us += ((double) header->queue_duration_us - entry->mean_queue_us) /
		entry->samples;
	if (elapsed_us > 0)
	{
		double		trip_us = elapsed_us > served_us ? (double) (elapsed_us - served_us) : 0;

		entry->mean_trip_us += weigh(&entry->trip_samples) * (trip_us - entry->mean_trip_us);
	}
	pg_atomic_clear_flag(&set->busy);
}

/* Draws a line through the executions: what a row takes, and what is left at no row. */
static void
compute_cost(const CostEntry *entry, AiModelCost *cost)
{
	double		mean_slope = entry->mean_y / Max(entry->mean_x, 1);
	double		spread = MIN_SPREAD * entry->mean_x;

	memset(cost, 0, sizeof(*cost));
	cost->us_per_row = mean_slope;
	if (entry->variance_x > spread * spread)
		cost->us_per_row = Min(Max(entry->covariance_xy / entry->variance_x, 0), mean_slope);
	cost->us_per_execution = Max(entry->mean_y - cost->us_per_row * entry->mean_x, 0);
	cost->us_per_request = entry->mean_trip_us;
	cost->queue_us = entry->mean_queue_us;
	cost->rows_per_execution = entry->mean_x;
	if (mean_slope > 0)
		cost->rows_per_second = 1000000 / mean_slope;
	cost->request_count = entry->request_count;
}

/* Copies a set while nobody changes it; false if somebody does not let go of it. */
static bool
copy_set(CostSet *set, CostSet *copy)
{
	for (int spins = 0; spins < READ_SPINS; spins++)
	{
		if (pg_atomic_test_set_flag(&set->busy))
		{
			memcpy(copy->entries, set->entries, sizeof(copy->entries));
			pg_atomic_clear_flag(&set->busy);
			return true;
		}
		SPIN_DELAY();
	}
	return false;
}

bool
ai_model_cost_get(const uint8 *sha256, AiModelCost *cost)
{
	CostSet		copy;
	CostEntry  *entry;

	memset(cost, 0, sizeof(*cost));
	if (sets == NULL || !copy_set(set_of(sha256), &copy))
		return false;
	entry = find_entry(&copy, sha256, false);
	if (entry == NULL)
		return false;
	compute_cost(entry, cost);
	return true;
}

/* ai_runtime._model_costs(): one row for each model that was measured */
Datum
ai_model_costs(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; sets != NULL && i < SET_COUNT; i++)
	{
		CostSet		copy;

		if (!copy_set(&sets[i], &copy))
			continue;
		for (int place = 0; place < SET_PLACES; place++)
		{
			const CostEntry *entry = &copy.entries[place];
			bytea	   *sha256 = palloc(VARHDRSZ + AI_SHA256_BYTES);
			bool		nulls[COST_COLUMNS] = {false};
			AiModelCost cost;

			if (entry->last_use == 0)
				continue;
			compute_cost(entry, &cost);
			SET_VARSIZE(sha256, VARHDRSZ + AI_SHA256_BYTES);
			memcpy(VARDATA(sha256), entry->sha256, AI_SHA256_BYTES);
			nulls[3] = entry->trip_samples == 0;
			tuplestore_putvalues(result->setResult, result->setDesc, (Datum[COST_COLUMNS])
								 {
									 PointerGetDatum(sha256),
									 Float8GetDatum(cost.us_per_row),
									 Float8GetDatum(cost.us_per_execution),
									 Float8GetDatum(cost.us_per_request),
									 Float8GetDatum(cost.queue_us),
									 Float8GetDatum(cost.rows_per_execution),
									 Float8GetDatum(cost.rows_per_second),
									 Int64GetDatum(cost.request_count)
								 }, nulls);
		}
	}
	return (Datum) 0;
}

/*
 * scan_functions.c
 *	  Functions that read every number of a row and do next to nothing with it:
 *	  what a scan costs that hands its rows to C.
 *
 * For the benchmarks only; built and installed by scan_functions.ts.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(ai_bench_sum_columns);
PG_FUNCTION_INFO_V1(ai_bench_sum_array);

/*
 * Four sums at once, so that the additions do not wait for each other: the
 * function has to be cheaper than what its scan is compared with.
 */
#define SUM_VALUES(type, array, count, sum) \
	do { \
		const type *v = (const type *) ARR_DATA_PTR(array); \
		float8		a = 0, b = 0, c = 0, d = 0; \
		int			i = 0; \
		for (; i + 4 <= (count); i += 4) \
			a += v[i], b += v[i + 1], c += v[i + 2], d += v[i + 3]; \
		for (; i < (count); i++) \
			a += v[i]; \
		(sum) = (a + b) + (c + d); \
	} while (0)

/* Returns the sum of as many float8 arguments as there are. */
Datum
ai_bench_sum_columns(PG_FUNCTION_ARGS)
{
	float8		sum = 0;

	for (int i = 0; i < PG_NARGS(); i++)
		sum += PG_GETARG_FLOAT8(i);
	PG_RETURN_FLOAT8(sum);
}

/* Returns the sum of an array of real or of float8. */
Datum
ai_bench_sum_array(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	float8		sum;

	if (ARR_HASNULL(array))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("array must not contain nulls")));
	if (ARR_ELEMTYPE(array) == FLOAT4OID)
		SUM_VALUES(float4, array, count, sum);
	else
		SUM_VALUES(float8, array, count, sum);
	PG_FREE_IF_COPY(array, 0);
	PG_RETURN_FLOAT8(sum);
}

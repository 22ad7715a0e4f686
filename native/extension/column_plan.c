/*
 * column_plan.c
 *	  Columns of a row straight into the elements of declared features.
 *
 * JSON has a column as the decimal text of its number, and the tensor the nearest
 * element to that text.  For integers and for numeric that is the number itself.
 * A float8 and its shortest text round to the same FP32 unless the float8 lies
 * just between two: no other double, and so nothing half way between two FP32,
 * lies between a double and its text.
 *
 * Raises nothing: whatever is out of the ordinary makes the caller take the long
 * way, through jsonb.
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "catalog/pg_type.h"
#include "utils/float.h"
#include "utils/numeric.h"

#include "column_plan.h"
#include "decimal.h"
#include "number.h"
#include "stored_value.h"

/* Integers up to here are doubles without loss, and print as they are. */
#define MAX_EXACT_INTEGER 9007199254740992.0

/* Low bits of a double that lies just between two FP32. */
#define BETWEEN_MASK UINT64CONST(0x1FFFFFFF)
#define BETWEEN_BITS UINT64CONST(0x10000000)

AiColumnPlan *
ai_column_plan_compile(const AiFeaturePlan *features, const AiRowColumns *columns)
{
	AiColumnPlan *plan = palloc(sizeof(AiColumnPlan));

	plan->features = features;
	plan->types = palloc0(features->feature_count * sizeof(Oid));
	plan->columns = palloc(features->feature_count * sizeof(int));
	plan->needed = palloc0(Max(columns->count, 1) * sizeof(bool));
	for (int i = 0; i < features->feature_count; i++)
	{
		const AiPlanFeature *planned = &features->features[i];

		plan->columns[i] = -1;
		/* Of several with one name, an object keeps the last. */
		for (int column = 0; column < columns->count; column++)
		{
			if ((int) strlen(columns->names[column]) == planned->key_bytes &&
				memcmp(columns->names[column], planned->key, planned->key_bytes) == 0)
				plan->columns[i] = column;
		}
		if (plan->columns[i] < 0)
			continue;
		plan->types[i] = columns->types[plan->columns[i]];
		plan->needed[plan->columns[i]] = true;
	}
	return plan;
}

/* Writes a name that JSON has in place of a number. */
static bool
write_name(uint8 datatype, double number, char *element)
{
	const char *name = isnan(number) ? "NaN" : number > 0 ? "Infinity" : "-Infinity";

	return ai_datatype_is_float(datatype) &&
		ai_number_from_name(datatype, name, (int) strlen(name), element);
}

static bool
write_float8(uint8 datatype, double number, char *element)
{
	uint64		bits;

	if (unlikely(!isfinite(number)))
		return write_name(datatype, number, element);
	/* Its text would be shorter than it takes to read it back. */
	if (unlikely(extra_float_digits < 1))
		return false;
	/* JSON has no -0. */
	if (number == 0)
		number = 0;
	if (datatype == AI_DATATYPE_FP64)
	{
		memcpy(element, &number, sizeof(number));
		return true;
	}
	if (datatype == AI_DATATYPE_FP32)
	{
		float		narrow = (float) number;

		memcpy(&bits, &number, sizeof(bits));
		if (unlikely((bits & BETWEEN_MASK) == BETWEEN_BITS || fabs(number) > FLT_MAX ||
					 (fabs(number) < FLT_MIN && number != 0)))
			return false;
		memcpy(element, &narrow, sizeof(narrow));
		return true;
	}
	/* Other types: as an integer, where it is one and prints as it is. */
	if (fabs(number) > MAX_EXACT_INTEGER || number != rint(number))
		return false;
	return ai_number_from_int64(datatype, (int64) number, element) == AI_NUMBER_OK;
}

static bool
write_float4(uint8 datatype, float number, char *element)
{
	if (unlikely(!isfinite(number)))
		return write_name(datatype, number, element);
	if (unlikely(extra_float_digits < 1))
		return false;
	if (datatype == AI_DATATYPE_FP32)
	{
		number = number == 0 ? 0 : number;
		memcpy(element, &number, sizeof(number));
		return true;
	}
	if (datatype == AI_DATATYPE_FP64)
	{
		double		wide = ai_number_float_to_float8(number);

		memcpy(element, &wide, sizeof(wide));
		return true;
	}
	return false;
}

static bool
write_numeric(uint8 datatype, Datum value, char *element)
{
	Numeric		number;

	/* Compressed or elsewhere: its place in memory is not ours to find. */
	if (!ai_value_is_at_hand(value))
		return false;
	number = (Numeric) DatumGetPointer(value);
	if (ai_value_is_short(value))
		return ai_decimal_to_element(datatype, number, element);
	if (numeric_is_nan(number) || numeric_is_inf(number))
		return false;
	return ai_number_from_numeric(datatype, number, element) == AI_NUMBER_OK;
}

/* Writes a number as the type of the column has it. */
static inline bool
write_number(const AiFeaturePlan *features, Oid type, Datum value, char *element)
{
	uint8		datatype = features->datatype;

	switch (type)
	{
		case INT2OID:
			return ai_number_from_int64(datatype, DatumGetInt16(value), element) == AI_NUMBER_OK;
		case INT4OID:
			return ai_number_from_int64(datatype, DatumGetInt32(value), element) == AI_NUMBER_OK;
		case INT8OID:
			return ai_number_from_int64(datatype, DatumGetInt64(value), element) == AI_NUMBER_OK;
		case FLOAT4OID:
			return write_float4(datatype, DatumGetFloat4(value), element);
		case FLOAT8OID:
			return write_float8(datatype, DatumGetFloat8(value), element);
		case NUMERICOID:
			return write_numeric(datatype, value, element);
		default:
			return false;
	}
}

/* Writes a string or a boolean, by way of the scalar that JSON has for it. */
static inline bool
write_scalar(const AiFeaturePlan *features, const AiPlanFeature *planned, Oid type, Datum value,
			 char *elements)
{
	JsonbValue	scalar;

	if (type == BOOLOID)
	{
		scalar.type = jbvBool;
		scalar.val.boolean = DatumGetBool(value);
	}
	else if (type == TEXTOID || type == VARCHAROID)
	{
		struct varlena *text = (struct varlena *) DatumGetPointer(value);

		if (!ai_value_is_at_hand(value))
			return false;
		scalar.type = jbvString;
		scalar.val.string.val = VARDATA_ANY(text);
		scalar.val.string.len = (int) VARSIZE_ANY_EXHDR(text);
	}
	else
		return false;
	return ai_feature_plan_write_value(features, planned, &scalar, elements);
}

bool
ai_column_plan_write(const AiColumnPlan *plan, const Datum *values, const bool *nulls,
					 char *elements)
{
	const AiFeaturePlan *features = plan->features;

	memcpy(elements, features->missing, features->row_bytes);
	for (int i = 0; i < features->feature_count; i++)
	{
		const AiPlanFeature *planned = &features->features[i];
		int			column = plan->columns[i];
		bool		written;

		if (column < 0 || nulls[column])
		{
			if (planned->must_be_given)
				return false;
			continue;
		}
		if (planned->feature->type == AI_FEATURE_NUMBER)
			written = write_number(features, plan->types[i], values[column],
								   elements + planned->offset);
		else
			written = write_scalar(features, planned, plan->types[i], values[column], elements);
		if (!written)
			return false;
	}
	return true;
}

/*
 * decimal.c
 *	  A numeric as digits and a power of ten, and its nearest float, without text.
 *
 * Reads numeric's format on disk, which pg_upgrade keeps as it is.  Digits of up
 * to 64 bits and powers of ten of up to 10^27 are long doubles without loss, so
 * that their product or quotient is rounded once; it is rounded once more to the
 * float, which is right unless the first result lies just between two floats.
 */
#include "postgres.h"

#include <float.h>

#include "decimal.h"
#include "protocol.h"

#define DIGITS_PER_GROUP 4		/* numeric's base is 10000 */
#define MAX_GROUPS 5			/* at most 20 digits, if they fit 64 bits */
#define MAX_EXACT_POWER 27		/* of ten: a long double without loss */

/* The header of a numeric on disk. */
#define SIGN_MASK 0xC000
#define IS_SHORT 0x8000
#define IS_SPECIAL 0xC000
#define IS_NEGATIVE 0x4000
#define SHORT_IS_NEGATIVE 0x2000
#define SHORT_WEIGHT_SIGN 0x0040
#define SHORT_WEIGHT_MASK 0x003F

#if LDBL_MANT_DIG == 64

static const long double powers[MAX_EXACT_POWER + 1] = {
	1e0L, 1e1L, 1e2L, 1e3L, 1e4L, 1e5L, 1e6L, 1e7L, 1e8L, 1e9L, 1e10L, 1e11L, 1e12L, 1e13L,
	1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L,
	1e27L
};

typedef union AiLongDouble
{
	long double value;
	uint64		mantissa;		/* its first 8 bytes, the leading bit included */
} AiLongDouble;

/* Fills in the magnitude; false if it is not one multiplication or division away. */
static bool
scale_digits(const AiDecimal *decimal, AiLongDouble *scaled)
{
	int			exponent = decimal->exponent;

	if (exponent < -MAX_EXACT_POWER || exponent > MAX_EXACT_POWER)
		return false;
	scaled->value = (long double) decimal->digits;
	if (exponent < 0)
		scaled->value /= powers[-exponent];
	else if (exponent > 0)
		scaled->value *= powers[exponent];
	return true;
}

bool
ai_decimal_to_double(const AiDecimal *decimal, double *value)
{
	AiLongDouble scaled;

	if (!scale_digits(decimal, &scaled))
		return false;
	/* Just between two doubles. */
	if ((scaled.mantissa & 0x7FF) == 0x400)
		return false;
	*value = (double) (decimal->is_negative ? -scaled.value : scaled.value);
	return true;
}

bool
ai_decimal_to_float(const AiDecimal *decimal, float *value)
{
	AiLongDouble scaled;

	if (decimal->digits == 0)
	{
		*value = 0;
		return true;
	}
	if (!scale_digits(decimal, &scaled))
		return false;
	/* Just between two floats; smaller than a normal one; more than the largest. */
	if ((scaled.mantissa & UINT64CONST(0xFFFFFFFFFF)) == UINT64CONST(0x8000000000) ||
		scaled.value < FLT_MIN || scaled.value > FLT_MAX)
		return false;
	*value = (float) (decimal->is_negative ? -scaled.value : scaled.value);
	return true;
}

#else

bool
ai_decimal_to_double(const AiDecimal *decimal, double *value)
{
	return false;
}

bool
ai_decimal_to_float(const AiDecimal *decimal, float *value)
{
	return false;
}

#endif

bool
ai_decimal_read(AiDecimal *decimal, Numeric number)
{
	const char *at = VARDATA_ANY(number);
	int			bytes = (int) VARSIZE_ANY_EXHDR(number);
	uint16		header;
	int16		weight;
	int			groups;

	memcpy(&header, at, sizeof(header));
	if ((header & SIGN_MASK) == IS_SPECIAL)
		return false;
	if (header & IS_SHORT)
	{
		decimal->is_negative = (header & SHORT_IS_NEGATIVE) != 0;
		weight = (int16) ((header & SHORT_WEIGHT_SIGN ? ~SHORT_WEIGHT_MASK : 0) |
						  (header & SHORT_WEIGHT_MASK));
		at += sizeof(header);
		bytes -= (int) sizeof(header);
	}
	else
	{
		decimal->is_negative = (header & IS_NEGATIVE) != 0;
		memcpy(&weight, at + sizeof(header), sizeof(weight));
		at += sizeof(header) + sizeof(weight);
		bytes -= (int) (sizeof(header) + sizeof(weight));
	}
	groups = bytes / (int) sizeof(int16);
	if (groups > MAX_GROUPS)
		return false;
	decimal->digits = 0;
	decimal->exponent = groups == 0 ? 0 : DIGITS_PER_GROUP * (weight - (groups - 1));
	for (int i = 0; i < groups; i++)
	{
		int16		group;

		memcpy(&group, at + i * sizeof(group), sizeof(group));
		/* The last of five groups may not fit. */
		if (i == MAX_GROUPS - 1 && decimal->digits > PG_UINT64_MAX / 10000 - 1)
			return false;
		decimal->digits = decimal->digits * 10000 + (uint64) group;
	}
	return true;
}

bool
ai_decimal_to_int64(const AiDecimal *decimal, int64 *value)
{
	uint64		magnitude = decimal->digits;
	int			exponent = decimal->exponent;

	while (exponent < 0 && magnitude % 10 == 0 && magnitude > 0)
	{
		magnitude /= 10;
		exponent++;
	}
	if (magnitude > 0 && exponent < 0)
		return false;
	for (; exponent > 0; exponent--)
	{
		if (magnitude > PG_INT64_MAX / 10)
			return false;
		magnitude *= 10;
	}
	if (magnitude > PG_INT64_MAX)
		return false;
	*value = decimal->is_negative ? -(int64) magnitude : (int64) magnitude;
	return true;
}

bool
ai_decimal_to_element(uint8 datatype, Numeric number, void *element)
{
	AiDecimal	decimal;
	double		wide;
	float		narrow;

	if ((datatype != AI_DATATYPE_FP32 && datatype != AI_DATATYPE_FP64) ||
		!ai_decimal_read(&decimal, number))
		return false;
	if (datatype == AI_DATATYPE_FP64)
	{
		if (!ai_decimal_to_double(&decimal, &wide))
			return false;
		memcpy(element, &wide, sizeof(wide));
		return true;
	}
	if (!ai_decimal_to_float(&decimal, &narrow))
		return false;
	memcpy(element, &narrow, sizeof(narrow));
	return true;
}

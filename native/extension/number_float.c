/*
 * number_float.c
 *	  A tensor's element as float8 or real: what its JSON number would be cast to,
 *	  without the text in between.
 *
 * JSON has an FP32 element as its shortest decimal, such as 0.1, and that text
 * as float8 is 0.1, not the element's exact value 0.100000001490116.  The
 * shortest decimal is the nearest one of the fewest digits that still rounds to
 * the element: with nine digits in front of the point, that is a question of
 * distances.  Where one is too close to call, the text is asked.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"

#include "number.h"

#define MAX_EXACT_POWER 22		/* of ten: a double without loss */
#define MOST_DIGITS 9			/* that an FP32 needs */
#define LEAST_DIGITS 6			/* two such decimals never round to the same FP32 */

/* Distances are known to 1.2e-7, in units of the ninth digit. */
#define DOUBT 1e-6

static const double powers[MAX_EXACT_POWER + 1] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

/* Steps of the last digit, in units of the ninth, and their inverses. */
static const double steps[] = {1e3, 1e2, 1e1, 1e0};
static const double inverse_steps[] = {1e-3, 1e-2, 1e-1, 1e0};

/* Returns the shortest decimal of a float as double, by way of its text. */
static double
double_by_text(float value)
{
	char		text[FLOAT_SHORTEST_DECIMAL_LEN];

	float_to_shortest_decimal_buf(value, text);
	return strtod(text, NULL);
}

double
ai_number_float_to_float8(float value)
{
	union
	{
		float		number;
		uint32		bits;
	}			parts = {value};
	double		magnitude = fabs((double) value);
	int			binary_exponent = (int) ((parts.bits >> 23) & 0xFF) - 127;
	int			power;
	double		scaled;
	double		reach;

	/* JSON has no -0. */
	if (magnitude == 0)
		return 0;

	/* Where the power of ten is not exact, and where the distances differ on both sides. */
	if (unlikely(magnitude < 1e-13 || magnitude >= 1e8 || (parts.bits & 0x7FFFFF) == 0))
		return double_by_text(value);

	/* log10(2) is 1233/4096, nearly: this is right or one too large. */
	power = MOST_DIGITS - 1 - ((binary_exponent * 1233) >> 12);
	scaled = magnitude * powers[power];
	if (scaled >= 1e9)
		scaled = magnitude * powers[--power];

	/* Half of the distance to the next float. */
	parts.bits = (uint32) (binary_exponent - 24 + 127) << 23;
	reach = (double) parts.number * powers[power];
	for (int i = 0; i <= MOST_DIGITS - LEAST_DIGITS; i++)
	{
		double		nearest = rint(scaled * inverse_steps[i]) * steps[i];
		double		distance = fabs(scaled - nearest);

		if (distance < reach - DOUBT)
		{
			/* As near to two decimals? */
			if (unlikely(fabs(distance - steps[i] / 2) < DOUBT))
				break;
			return (value < 0 ? -nearest : nearest) / powers[power];
		}
		if (unlikely(distance <= reach + DOUBT))
			break;
	}
	return double_by_text(value);
}

bool
ai_number_to_float8(uint8 datatype, const void *element, double *value)
{
	if (datatype == AI_DATATYPE_FP32)
	{
		float		number;

		memcpy(&number, element, sizeof(number));
		if (unlikely(!isfinite(number)))
			return false;
		*value = ai_number_float_to_float8(number);
		return true;
	}
	if (datatype == AI_DATATYPE_BOOL || datatype == AI_DATATYPE_BYTES)
		return false;
	if (datatype == AI_DATATYPE_UINT64)
	{
		uint64		number;

		memcpy(&number, element, sizeof(number));
		*value = (double) number;
		return true;
	}
	*value = ai_number_to_double(datatype, element);
	if (unlikely(!isfinite(*value)))
		return false;
	if (datatype == AI_DATATYPE_FP16 || datatype == AI_DATATYPE_BF16)
		*value = ai_number_float_to_float8((float) *value);
	if (*value == 0)
		*value = 0;				/* JSON has no -0 */
	return true;
}

bool
ai_number_to_float4(uint8 datatype, const void *element, float *value)
{
	double		number;

	switch (datatype)
	{
		case AI_DATATYPE_FP32:
		case AI_DATATYPE_FP16:
		case AI_DATATYPE_BF16:
		case AI_DATATYPE_INT8:
		case AI_DATATYPE_UINT8:
		case AI_DATATYPE_INT16:
		case AI_DATATYPE_UINT16:
		case AI_DATATYPE_INT32:
		case AI_DATATYPE_UINT32:
			/* A double holds it, so that it is rounded once. */
			number = ai_number_to_double(datatype, element);
			break;
		default:
			return false;
	}
	if (!isfinite(number))
		return false;
	*value = number == 0 ? 0 : (float) number;
	return true;
}

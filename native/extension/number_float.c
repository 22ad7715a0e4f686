/*
 * number_float.c
 *	  A tensor's element as float8 or real: what its JSON number would be cast to,
 *	  without the text in between where there is a short way.
 *
 * JSON has an FP32 element as its shortest decimal, such as 0.1, and that text
 * as float8 is 0.1, not the element's exact value 0.100000001490116.  Up to nine
 * digits and a power of ten up to 10^22 are doubles without loss, so that one
 * multiplication or division rounds once, as reading the text does.
 */
#include "postgres.h"

#include <math.h>

#include "common/shortest_dec.h"

#include "number.h"

#define MAX_EXACT_POWER 22

static const double powers[MAX_EXACT_POWER + 1] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
	1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

double
ai_number_float_to_float8(float value)
{
	char		text[FLOAT_SHORTEST_DECIMAL_LEN];
	int			length;
	int64		digits = 0;
	int			exponent = 0;
	bool		after_point = false;
	int			at;
	double		magnitude = fabs((double) value);

	/* Integers of up to seven digits print as they are; JSON has no -0. */
	if (magnitude == rint(magnitude) && magnitude < 1e7)
		return magnitude == 0 ? 0 : value;
	length = float_to_shortest_decimal_bufn(value, text);
	for (at = text[0] == '-' ? 1 : 0; at < length && text[at] != 'e'; at++)
	{
		if (text[at] == '.')
			after_point = true;
		else
		{
			digits = digits * 10 + (text[at] - '0');
			exponent -= after_point ? 1 : 0;
		}
	}
	if (at < length)
	{
		text[length] = '\0';
		exponent += atoi(text + at + 1);
	}
	if (exponent >= 0 && exponent <= MAX_EXACT_POWER)
		magnitude = (double) digits * powers[exponent];
	else if (exponent < 0 && exponent >= -MAX_EXACT_POWER)
		magnitude = (double) digits / powers[-exponent];
	else
	{
		text[length] = '\0';
		return strtod(text, NULL);
	}
	return text[0] == '-' ? -magnitude : magnitude;
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

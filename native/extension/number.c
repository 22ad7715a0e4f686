/*
 * number.c
 *	  Numbers between SQL and tensors.
 */
#include "postgres.h"

#include <fenv.h>
#include <math.h>

#include "common/shortest_dec.h"
#include "utils/builtins.h"

#include "decimal.h"
#include "number.h"

/* Digits after the point that int64_div_fast_to_numeric() is used for. */
#define FAST_SCALE 24
/* More digits than this may not fit an int64. */
#define FAST_DIGITS 18
/* Integers up to here are doubles without loss. */
#define MAX_EXACT_DOUBLE (INT64CONST(1) << 53)

/* FP16 and BF16: 16 bits, of which so many are the mantissa. */
typedef struct AiSmallFloat
{
	int			mantissa_bits;
	int			min_exponent;	/* of a normal number */
	int			max_exponent;
} AiSmallFloat;

static const AiSmallFloat fp16 = {10, -14, 15};
static const AiSmallFloat bf16 = {7, -126, 127};

/* Rounds to nearest, ties to even; the exponent field of all ones is not finite. */
static AiNumberStatus
encode_small(const AiSmallFloat *format, double value, void *element)
{
	uint16		sign = signbit(value) ? 0x8000 : 0;
	uint16		not_finite = (uint16)
		((format->max_exponent - format->min_exponent + 2) << format->mantissa_bits);
	double		magnitude = fabs(value);
	double		quanta;
	int			exponent;
	uint16		bits;

	if (isnan(value))
		bits = not_finite | (uint16) (1 << (format->mantissa_bits - 1));
	else if (isinf(value))
		bits = not_finite;
	else if (magnitude == 0)
		bits = 0;
	else
	{
		frexp(magnitude, &exponent);
		exponent = Max(exponent - 1, format->min_exponent);
		quanta = nearbyint(ldexp(magnitude, format->mantissa_bits - exponent));
		if (quanta >= (double) (2 << format->mantissa_bits))
		{
			quanta /= 2;
			exponent++;
		}
		if (exponent > format->max_exponent)
			return AI_NUMBER_OUT_OF_RANGE;

		/* The implicit leading bit of a normal number carries into the exponent field. */
		bits = (uint16) ((exponent - format->min_exponent) << format->mantissa_bits);
		bits = (uint16) (bits + (uint16) quanta);
	}
	bits |= sign;
	memcpy(element, &bits, sizeof(bits));
	return AI_NUMBER_OK;
}

static float
decode_small(const AiSmallFloat *format, const void *element)
{
	uint16		bits;
	int			mantissa;
	int			field;
	float		magnitude;

	memcpy(&bits, element, sizeof(bits));
	mantissa = bits & ((1 << format->mantissa_bits) - 1);
	field = (bits & 0x7FFF) >> format->mantissa_bits;
	if (field == format->max_exponent - format->min_exponent + 2)
		magnitude = mantissa != 0 ? NAN : INFINITY;
	else if (field == 0)
		magnitude = ldexpf((float) mantissa, format->min_exponent - format->mantissa_bits);
	else
		magnitude = ldexpf((float) (mantissa | (1 << format->mantissa_bits)),
						   field - 1 + format->min_exponent - format->mantissa_bits);
	return bits & 0x8000 ? -magnitude : magnitude;
}

/*
 * Returns a double that rounds to any shorter float as the decimal text does:
 * the text rounded to odd, so that no tie appears where there was none.
 */
static double
round_to_odd(const char *text)
{
	int			mode = fegetround();
	double		down;
	double		up;

	fesetround(FE_DOWNWARD);
	down = strtod(text, NULL);
	fesetround(FE_UPWARD);
	up = strtod(text, NULL);
	fesetround(mode);
	if (down != up)
	{
		uint64		bits;

		memcpy(&bits, &down, sizeof(bits));
		if ((bits & 1) == 0)
			down = up;
	}
	return down;
}

static AiNumberStatus
store_signed(uint8 datatype, int64 value, void *element)
{
	switch (datatype)
	{
		case AI_DATATYPE_INT8:
			*(int8 *) element = (int8) value;
			return value == (int8) value ? AI_NUMBER_OK : AI_NUMBER_OUT_OF_RANGE;
		case AI_DATATYPE_INT16:
			{
				int16		narrow = (int16) value;

				memcpy(element, &narrow, sizeof(narrow));
				return value == narrow ? AI_NUMBER_OK : AI_NUMBER_OUT_OF_RANGE;
			}
		case AI_DATATYPE_INT32:
			{
				int32		narrow = (int32) value;

				memcpy(element, &narrow, sizeof(narrow));
				return value == narrow ? AI_NUMBER_OK : AI_NUMBER_OUT_OF_RANGE;
			}
		default:
			memcpy(element, &value, sizeof(value));
			return AI_NUMBER_OK;
	}
}

static AiNumberStatus
store_unsigned(uint8 datatype, uint64 value, void *element)
{
	switch (datatype)
	{
		case AI_DATATYPE_UINT8:
			*(uint8 *) element = (uint8) value;
			return value <= PG_UINT8_MAX ? AI_NUMBER_OK : AI_NUMBER_OUT_OF_RANGE;
		case AI_DATATYPE_UINT16:
			{
				uint16		narrow = (uint16) value;

				memcpy(element, &narrow, sizeof(narrow));
				return value == narrow ? AI_NUMBER_OK : AI_NUMBER_OUT_OF_RANGE;
			}
		case AI_DATATYPE_UINT32:
			{
				uint32		narrow = (uint32) value;

				memcpy(element, &narrow, sizeof(narrow));
				return value == narrow ? AI_NUMBER_OK : AI_NUMBER_OUT_OF_RANGE;
			}
		default:
			memcpy(element, &value, sizeof(value));
			return AI_NUMBER_OK;
	}
}

static bool
is_unsigned(uint8 datatype)
{
	return datatype >= AI_DATATYPE_UINT8 && datatype <= AI_DATATYPE_UINT64;
}

/* Writes an integer from decimal text without an exponent, as numeric prints it. */
static AiNumberStatus
integer_from_text(uint8 datatype, const char *text, void *element)
{
	const char *point = strchr(text, '.');
	const char *digits = text[0] == '-' ? text + 1 : text;

	if (point != NULL && strspn(point + 1, "0") != strlen(point + 1))
		return AI_NUMBER_NOT_INTEGER;
	errno = 0;
	if (is_unsigned(datatype))
	{
		uint64		value = strtoull(digits, NULL, 10);

		if (errno == ERANGE || (digits != text && value != 0))
			return AI_NUMBER_OUT_OF_RANGE;
		return store_unsigned(datatype, value, element);
	}
	else
	{
		int64		value = strtoll(text, NULL, 10);

		if (errno == ERANGE)
			return AI_NUMBER_OUT_OF_RANGE;
		return store_signed(datatype, value, element);
	}
}

static AiNumberStatus
from_text(uint8 datatype, const char *text, void *element)
{
	switch (datatype)
	{
		case AI_DATATYPE_FP32:
			{
				float		value = strtof(text, NULL);

				memcpy(element, &value, sizeof(value));
				return isinf(value) ? AI_NUMBER_OUT_OF_RANGE : AI_NUMBER_OK;
			}
		case AI_DATATYPE_FP64:
			{
				double		value = strtod(text, NULL);

				memcpy(element, &value, sizeof(value));
				return isinf(value) ? AI_NUMBER_OUT_OF_RANGE : AI_NUMBER_OK;
			}
		case AI_DATATYPE_FP16:
		case AI_DATATYPE_BF16:
			{
				double		value = round_to_odd(text);

				if (isinf(value))
					return AI_NUMBER_OUT_OF_RANGE;
				return encode_small(datatype == AI_DATATYPE_FP16 ? &fp16 : &bf16, value,
									element);
			}
		default:
			return integer_from_text(datatype, text, element);
	}
}

AiNumberStatus
ai_number_from_numeric(uint8 datatype, Numeric value, void *element)
{
	char	   *text;
	AiNumberStatus status;

	if (likely(ai_decimal_to_element(datatype, value, element)))
		return AI_NUMBER_OK;
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value)));
	if (unlikely(numeric_is_nan(value) || numeric_is_inf(value)))
		status = ai_number_from_name(datatype, text, (int) strlen(text), element) ?
			AI_NUMBER_OK : AI_NUMBER_NOT_FINITE;
	else
		status = from_text(datatype, text, element);
	pfree(text);
	return status;
}

/* Writes an integer from a double that must hold one. */
static AiNumberStatus
integer_from_double(uint8 datatype, double value, void *element)
{
	if (!isfinite(value))
		return AI_NUMBER_NOT_FINITE;
	if (value != rint(value))
		return AI_NUMBER_NOT_INTEGER;
	if (is_unsigned(datatype))
	{
		if (value < 0 || value >= 18446744073709551616.0)
			return AI_NUMBER_OUT_OF_RANGE;
		return store_unsigned(datatype, (uint64) value, element);
	}
	if (value < -9223372036854775808.0 || value >= 9223372036854775808.0)
		return AI_NUMBER_OUT_OF_RANGE;
	return store_signed(datatype, (int64) value, element);
}

AiNumberStatus
ai_number_from_double(uint8 datatype, double value, void *element)
{
	switch (datatype)
	{
		case AI_DATATYPE_FP32:
			{
				float		narrow = (float) value;

				memcpy(element, &narrow, sizeof(narrow));
				return isinf(narrow) && !isinf(value) ? AI_NUMBER_OUT_OF_RANGE : AI_NUMBER_OK;
			}
		case AI_DATATYPE_FP64:
			memcpy(element, &value, sizeof(value));
			return AI_NUMBER_OK;
		case AI_DATATYPE_FP16:
			return encode_small(&fp16, value, element);
		case AI_DATATYPE_BF16:
			return encode_small(&bf16, value, element);
		default:
			return integer_from_double(datatype, value, element);
	}
}

AiNumberStatus
ai_number_from_int64(uint8 datatype, int64 value, void *element)
{
	char		text[24];

	if (is_unsigned(datatype))
		return value < 0 ? AI_NUMBER_OUT_OF_RANGE :
			store_unsigned(datatype, (uint64) value, element);
	if (!ai_datatype_is_float(datatype))
		return store_signed(datatype, value, element);
	if (value >= -MAX_EXACT_DOUBLE && value <= MAX_EXACT_DOUBLE)
		return ai_number_from_double(datatype, (double) value, element);
	snprintf(text, sizeof(text), INT64_FORMAT, value);
	return from_text(datatype, text, element);
}

bool
ai_number_from_name(uint8 datatype, const char *text, int text_bytes, void *element)
{
	double		value;

	if (text_bytes == 3 && memcmp(text, "NaN", 3) == 0)
		value = NAN;
	else if (text_bytes == 8 && memcmp(text, "Infinity", 8) == 0)
		value = INFINITY;
	else if (text_bytes == 9 && memcmp(text, "-Infinity", 9) == 0)
		value = -INFINITY;
	else
		return false;
	return ai_number_from_double(datatype, value, element) == AI_NUMBER_OK;
}

int64
ai_number_to_int64(uint8 datatype, const void *element)
{
	int16		two;
	int32		four;
	int64		eight;

	switch (datatype)
	{
		case AI_DATATYPE_INT8:
			return *(const int8 *) element;
		case AI_DATATYPE_INT16:
			memcpy(&two, element, sizeof(two));
			return two;
		case AI_DATATYPE_INT32:
			memcpy(&four, element, sizeof(four));
			return four;
		default:
			memcpy(&eight, element, sizeof(eight));
			return eight;
	}
}

static uint64
load_unsigned(uint8 datatype, const void *element)
{
	uint16		two;
	uint32		four;
	uint64		eight;

	switch (datatype)
	{
		case AI_DATATYPE_BOOL:
		case AI_DATATYPE_UINT8:
			return *(const uint8 *) element;
		case AI_DATATYPE_UINT16:
			memcpy(&two, element, sizeof(two));
			return two;
		case AI_DATATYPE_UINT32:
			memcpy(&four, element, sizeof(four));
			return four;
		default:
			memcpy(&eight, element, sizeof(eight));
			return eight;
	}
}

/* Reads FP32, or FP16 and BF16 without loss. */
static float
load_float(uint8 datatype, const void *element)
{
	float		value;

	if (datatype == AI_DATATYPE_FP16)
		return decode_small(&fp16, element);
	if (datatype == AI_DATATYPE_BF16)
		return decode_small(&bf16, element);
	memcpy(&value, element, sizeof(value));
	return value;
}

double
ai_number_to_double(uint8 datatype, const void *element)
{
	double		value;

	if (datatype == AI_DATATYPE_FP64)
	{
		memcpy(&value, element, sizeof(value));
		return value;
	}
	if (ai_datatype_is_float(datatype))
		return load_float(datatype, element);
	if (datatype == AI_DATATYPE_BOOL || is_unsigned(datatype))
		return (double) load_unsigned(datatype, element);
	return (double) ai_number_to_int64(datatype, element);
}

/* Returns the numeric of shortest decimal text, by way of an integer where that does. */
static Numeric
numeric_from_shortest(char *text)
{
	int64		digits = 0;
	int			digit_count = 0;
	int			scale = -1;
	const char *at = text[0] == '-' ? text + 1 : text;

	for (; *at != '\0' && *at != 'e'; at++)
	{
		if (*at == '.')
		{
			scale = 0;
			continue;
		}
		digits = digits * 10 + (*at - '0');
		if (++digit_count > FAST_DIGITS)
			break;
		if (scale >= 0)
			scale++;
	}
	scale = Max(scale, 0);
	if (*at == 'e')
	{
		scale -= atoi(at + 1);
		at = "";
	}
	if (*at == '\0' && scale >= 0 && scale <= FAST_SCALE)
	{
		if (text[0] == '-')
			digits = -digits;
		return scale == 0 ? int64_to_numeric(digits) :
			int64_div_fast_to_numeric(digits, scale);
	}
	return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text),
											   ObjectIdGetDatum(InvalidOid),
											   Int32GetDatum(-1)));
}

void
ai_number_to_text(uint8 datatype, const void *element, char *buffer)
{
	if (datatype == AI_DATATYPE_BOOL)
		strcpy(buffer, *(const uint8 *) element ? "true" : "false");
	else if (datatype == AI_DATATYPE_FP64)
		double_to_shortest_decimal_buf(ai_number_to_double(datatype, element), buffer);
	else if (ai_datatype_is_float(datatype))
		float_to_shortest_decimal_buf(load_float(datatype, element), buffer);
	else if (is_unsigned(datatype))
		snprintf(buffer, 40, UINT64_FORMAT, load_unsigned(datatype, element));
	else
		snprintf(buffer, 40, INT64_FORMAT, ai_number_to_int64(datatype, element));
}

Numeric
ai_number_to_numeric(uint8 datatype, const void *element)
{
	char		buffer[40];

	if (datatype == AI_DATATYPE_UINT64 && load_unsigned(datatype, element) > PG_INT64_MAX)
	{
		snprintf(buffer, sizeof(buffer), UINT64_FORMAT, load_unsigned(datatype, element));
		return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(buffer),
												   ObjectIdGetDatum(InvalidOid),
												   Int32GetDatum(-1)));
	}
	if (is_unsigned(datatype))
		return int64_to_numeric((int64) load_unsigned(datatype, element));
	if (!ai_datatype_is_float(datatype))
		return int64_to_numeric(ai_number_to_int64(datatype, element));
	ai_number_to_text(datatype, element, buffer);
	return numeric_from_shortest(buffer);
}

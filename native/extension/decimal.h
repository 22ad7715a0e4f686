/*
 * decimal.h
 *	  A numeric as digits and a power of ten, and its nearest float, without text.
 */
#ifndef AI_RUNTIME_DECIMAL_H
#define AI_RUNTIME_DECIMAL_H

#include "utils/numeric.h"

/* (-1 if negative) x digits x 10^exponent */
typedef struct AiDecimal
{
	bool		is_negative;
	uint64		digits;
	int			exponent;
} AiDecimal;

/* Reads a finite numeric; false if its digits do not fit. */
extern bool ai_decimal_read(AiDecimal *decimal, Numeric number);

/*
 * Fills in the nearest double (float).  False where it takes more to tell it, or
 * where there is none.
 */
extern bool ai_decimal_to_double(const AiDecimal *decimal, double *value);
extern bool ai_decimal_to_float(const AiDecimal *decimal, float *value);

/* Writes a numeric as FP32 or FP64; false for other types, and where it takes its text. */
extern bool ai_decimal_to_element(uint8 datatype, Numeric number, void *element);

/* Fills in the integer; false if it is none, or does not fit. */
extern bool ai_decimal_to_int64(const AiDecimal *decimal, int64 *value);

#endif							/* AI_RUNTIME_DECIMAL_H */

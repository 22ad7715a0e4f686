/*
 * number.h
 *	  Numbers between SQL and tensors: each ONNX element type from decimal text
 *	  or from a double, and back to numeric.
 *
 * Nothing is rounded twice: FP32, FP16 and BF16 are the nearest value to the
 * decimal that was written.  An integer must be one, and fit.
 */
#ifndef AI_RUNTIME_NUMBER_H
#define AI_RUNTIME_NUMBER_H

#include "protocol.h"
#include "utils/numeric.h"

typedef enum AiNumberStatus
{
	AI_NUMBER_OK,
	AI_NUMBER_NOT_INTEGER,
	AI_NUMBER_OUT_OF_RANGE,
	AI_NUMBER_NOT_FINITE		/* NaN or infinity where an integer is expected */
} AiNumberStatus;

/* Longest element, in bytes. */
#define AI_NUMBER_BYTES 8

/* True for the types that hold NaN and infinities. */
static inline bool
ai_datatype_is_float(uint8 datatype)
{
	return datatype == AI_DATATYPE_FP16 || datatype == AI_DATATYPE_FP32 ||
		datatype == AI_DATATYPE_FP64 || datatype == AI_DATATYPE_BF16;
}

/* True for all types but BOOL and BYTES. */
static inline bool
ai_datatype_is_number(uint8 datatype)
{
	return datatype > AI_DATATYPE_BOOL && datatype < AI_DATATYPE_BYTES;
}

/* Writes the nearest element to a numeric; NaN and infinities only to floats. */
extern AiNumberStatus ai_number_from_numeric(uint8 datatype, Numeric value, void *element);

/* Writes the nearest element to a double. */
extern AiNumberStatus ai_number_from_double(uint8 datatype, double value, void *element);

/* Writes the nearest element to an integer. */
extern AiNumberStatus ai_number_from_int64(uint8 datatype, int64 value, void *element);

/* Writes NaN or an infinity if the text names one as JSON inputs do. */
extern bool ai_number_from_name(uint8 datatype, const char *text, int text_bytes, void *element);

/* Returns an element as double: exact but for INT64 and UINT64. */
extern double ai_number_to_double(uint8 datatype, const void *element);

/* Returns an INT8, INT16, INT32 or INT64 element. */
extern int64 ai_number_to_int64(uint8 datatype, const void *element);

/* Returns a finite element as numeric, in its shortest form that reads back the same. */
extern Numeric ai_number_to_numeric(uint8 datatype, const void *element);

/* Writes an integer, a boolean or a finite float as text; the buffer has 40 bytes. */
extern void ai_number_to_text(uint8 datatype, const void *element, char *buffer);

/* Returns what the shortest decimal of a finite float is as float8. */
extern double ai_number_float_to_float8(float value);

/*
 * Fills in what the element is as float8 (as real), were its JSON number cast.
 * False where JSON has no number for it, or where the text has to be asked.
 */
extern bool ai_number_to_float8(uint8 datatype, const void *element, double *value);
extern bool ai_number_to_float4(uint8 datatype, const void *element, float *value);

#endif							/* AI_RUNTIME_NUMBER_H */

/*
 * json_value.h
 *	  One JSON value into one value of a frame, by the type that it has to have.
 *
 * A tensor comes as scalar, as nested arrays or as a tensor object of KServe.
 */
#ifndef AI_RUNTIME_JSON_VALUE_H
#define AI_RUNTIME_JSON_VALUE_H

#include "utils/jsonb.h"

#include "request.h"

/* What was given for a tensor, before it is written. */
typedef struct AiGiven
{
	JsonbValue	data;			/* scalar or array; the string of raw */
	bool		is_raw;			/* data is base64 */
	bool		is_object;		/* shape was spelled out */
	bool		is_empty;		/* has no elements */
	bool		is_row;			/* shape has a row axis in front that data has not */
	AiShape		shape;
} AiGiven;

/* True if the value is an object with shape, datatype and data or raw. */
extern bool ai_json_is_tensor_object(const JsonbValue *value);

/* Fills given with what the value says of its shape; checks a spelled-out datatype. */
extern void ai_json_examine(const AiRequest *request, int input, const AiType *type,
							const JsonbValue *value, AiGiven *given);

/* Writes an examined tensor; its shape has been completed and checked. */
extern void ai_json_write_tensor(AiRequest *request, int input, int index, const AiType *type,
								 const AiGiven *given);

/*
 * Writes a value of any type; index is the input's place, or 0 within another
 * value; depth counts the values around it.
 */
extern void ai_json_write_value(AiRequest *request, int input, int index, const AiType *type,
								const JsonbValue *value, int depth);

/* Writes one scalar as the element at an offset of the frame (BYTES: appends it). */
extern void ai_json_write_scalar(const AiRequest *request, int input, const AiType *type,
								 const JsonbValue *value, int offset);

/* Appends a jsonb string to a BYTES tensor, in UTF-8. */
extern void ai_json_append_string(StringInfo frame, const JsonbValue *value);

#endif							/* AI_RUNTIME_JSON_VALUE_H */

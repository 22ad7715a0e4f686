/*
 * row_input.h
 *	  The input of one row, by the overload of ai_inference() that it was given to.
 */
#ifndef AI_RUNTIME_ROW_INPUT_H
#define AI_RUNTIME_ROW_INPUT_H

#include "utils/array.h"
#include "utils/jsonb.h"

#include "batch_evaluator.h"

/* One of the two; the other is NULL. */
typedef struct AiInput
{
	Jsonb	   *json;
	ArrayType  *array;
} AiInput;

/* Reads a not null input; text and json are parsed. */
extern void ai_input_read(AiInput *input, AiInputKind kind, Datum value);

#endif							/* AI_RUNTIME_ROW_INPUT_H */

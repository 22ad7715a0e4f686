/*
 * array_tensor.h
 *	  An array of numbers as the input of a model with one: no JSON on the way.
 */
#ifndef AI_RUNTIME_ARRAY_TENSOR_H
#define AI_RUNTIME_ARRAY_TENSOR_H

#include "utils/array.h"
#include "utils/jsonb.h"

#include "request.h"

/* Writes the whole request, with the outputs that are wanted, into its frame. */
extern void ai_array_write_request(AiRequest *request, ArrayType *array,
								   const uint16 *outputs, int output_count);

/* True if elements of that type become those of the tensor by a copy, or by the one cast below. */
extern bool ai_array_is_castable(Oid element_type, uint8 datatype);

/* True if they are the tensor's, byte for byte. */
extern bool ai_array_is_copy(Oid element_type, uint8 datatype);

/*
 * Casts the elements of an array without nulls.  False if one is out of range:
 * the long way says which.
 */
extern bool ai_array_cast(const ArrayType *array, int elements, char *to);

/* Returns the array as jsonb, for a preprocess function; what is not finite as string. */
extern Jsonb *ai_array_to_jsonb(const AiModel *model, ArrayType *array);

#endif							/* AI_RUNTIME_ARRAY_TENSOR_H */

/*
 * array_tensor.h
 *	  real[] and float8[] as the input of a model with one: no JSON on the way.
 */
#ifndef AI_RUNTIME_ARRAY_TENSOR_H
#define AI_RUNTIME_ARRAY_TENSOR_H

#include "utils/array.h"

#include "request.h"

/* Writes the whole request, with the outputs that are wanted, into its frame. */
extern void ai_array_write_request(AiRequest *request, ArrayType *array,
								   const uint16 *outputs, int output_count);

#endif							/* AI_RUNTIME_ARRAY_TENSOR_H */

/*
 * json_tensor.h
 *	  Inputs as JSON: tensors by name, or the bare value of a model with one.
 */
#ifndef AI_RUNTIME_JSON_TENSOR_H
#define AI_RUNTIME_JSON_TENSOR_H

#include "utils/jsonb.h"

#include "request.h"

/* Writes the whole request, with the outputs that are wanted, into its frame. */
extern void ai_json_write_request(AiRequest *request, Jsonb *input,
								  const uint16 *outputs, int output_count);

#endif							/* AI_RUNTIME_JSON_TENSOR_H */

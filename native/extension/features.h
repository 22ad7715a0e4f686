/*
 * features.h
 *	  Rows of JSON into tensors, by the declared features of a version.
 */
#ifndef AI_RUNTIME_FEATURES_H
#define AI_RUNTIME_FEATURES_H

#include "utils/jsonb.h"

#include "request.h"

/*
 * Writes the whole request, with the outputs that are wanted, into its frame.
 * The input is one row (row mode) or an array of rows.
 */
extern void ai_features_write_request(AiRequest *request, Jsonb *input,
									  const uint16 *outputs, int output_count);

#endif							/* AI_RUNTIME_FEATURES_H */

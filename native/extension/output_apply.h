/*
 * output_apply.h
 *	  A reply into what the output specification of a version makes of it.
 */
#ifndef AI_RUNTIME_OUTPUT_APPLY_H
#define AI_RUNTIME_OUTPUT_APPLY_H

#include "json_output.h"
#include "output_spec.h"

/* Pushes one key of the result, made of the output that the reader stands at. */
extern void ai_output_apply(AiOutputWriter *writer, const AiOutputKey *key, AiReader *reader);

#endif							/* AI_RUNTIME_OUTPUT_APPLY_H */

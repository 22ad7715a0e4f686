/*
 * functions.h
 *	  The overloads of ai_inference(): how each one's input is read.
 */
#ifndef AI_RUNTIME_FUNCTIONS_H
#define AI_RUNTIME_FUNCTIONS_H

#include "batch_evaluator.h"

/* Returns a not null input as jsonb, or NULL for an array. */
extern Jsonb *ai_input_to_jsonb(AiInputKind kind, Datum input);

#endif							/* AI_RUNTIME_FUNCTIONS_H */

/*
 * merge_rule.h
 *	  Whether rows of a version may share a request.
 */
#ifndef AI_RUNTIME_MERGE_RULE_H
#define AI_RUNTIME_MERGE_RULE_H

#include "inference_call.h"

/*
 * True if the model takes many rows along the first axis of its inputs and
 * answers each along the first axis of its outputs.
 */
extern bool ai_merge_is_allowed(const AiCall *call);

#endif							/* AI_RUNTIME_MERGE_RULE_H */

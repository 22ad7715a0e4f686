/*
 * inference_options.h
 *	  The options of one ai_inference() call.
 */
#ifndef AI_RUNTIME_INFERENCE_OPTIONS_H
#define AI_RUNTIME_INFERENCE_OPTIONS_H

#include "utils/jsonb.h"

typedef enum AiOutputFormat
{
	AI_FORMAT_PLAIN,
	AI_FORMAT_TENSOR,
	AI_FORMAT_RAW
} AiOutputFormat;

/* What becomes of a row whose input does not fit, or that the model fails on. */
typedef enum AiOnError
{
	AI_ON_ERROR_RAISE,
	AI_ON_ERROR_NULL,
	AI_ON_ERROR_REPORT			/* the answer tells the error */
} AiOnError;

typedef struct AiOptions
{
	AiOutputFormat format;
	AiOnError	on_error;
	bool		has_on_error;	/* it was given */
	bool		has_deterministic;	/* it was given */
	bool		deterministic;	/* each row in an execution of its own */
	int			timeout_ms;		/* -1: ai_runtime.request_timeout */
	int			output_count;	/* 0: all */
	char	  **outputs;
} AiOptions;

/* Fills options in the current memory context, or raises what is wrong with them. */
extern void ai_options_parse(Jsonb *json, AiOptions *options);

#endif							/* AI_RUNTIME_INFERENCE_OPTIONS_H */

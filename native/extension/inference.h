/*
 * inference.h
 *	  One prediction from SQL argument to jsonb, and the steps that it is made of.
 *
 * Called by functions.c, for one row, and by the batches, step by step for many.
 */
#ifndef AI_RUNTIME_INFERENCE_H
#define AI_RUNTIME_INFERENCE_H

#include "fmgr.h"

#include "inference_call.h"
#include "row_input.h"

/* Returns the call state of a function call, in its fn_extra, made on the first one. */
extern AiCall *ai_call_get(FunctionCallInfo fcinfo);

/*
 * Predicts; options may be NULL.  Returns NULL if the server is unavailable and
 * ai_runtime.on_unavailable is null, if the postprocess function returned NULL,
 * or if the row failed and the option on_error is null.
 */
extern Jsonb *ai_inference_run(AiCall *call, text *address, AiInputKind kind, Datum value,
							   Jsonb *options);

/* True if inputs are given to a function first. */
extern bool ai_inference_has_preprocess(const AiCall *call);

/* Reads an argument as an input; what a function gets first becomes JSON. */
extern void ai_inference_read_input(const AiCall *call, AiInput *input, AiInputKind kind,
									Datum value);

/*
 * Gives the input to the preprocess function, if there is one, and makes it what
 * that returns.  Raises only what the function raises: that it returned NULL is
 * an error of the row, as ai_inference_write() finds.
 */
extern void ai_inference_preprocess(AiCall *call, AiInput *input);

/* Writes the request for an input into a frame; returns whether in row mode. */
extern bool ai_inference_write(const AiCall *call, const AiInput *input, StringInfo frame);

/* Reads a reply's payload as the answer, before postprocess. */
extern Jsonb *ai_inference_read(const AiCall *call, const char *payload, uint64 bytes,
								bool row_mode);

/* Reads only one member of the answer; false if it has none of that name. */
extern bool ai_inference_read_member(const AiCall *call, const char *payload, uint64 bytes,
									 bool row_mode, const char *member, JsonbValue *value);

/* Gives the answer to the postprocess function, if there is one. */
extern Jsonb *ai_inference_postprocess(AiCall *call, Jsonb *answer);

/* Says in errors of the server, which knows no names, what it was asked for; arg is the call. */
extern void ai_inference_say_model(void *arg);

#endif							/* AI_RUNTIME_INFERENCE_H */

/*
 * inference.h
 *	  One prediction from SQL argument to jsonb; what is kept from row to row.
 *
 * Called by functions.c.  A call state lives in fn_extra of the calling
 * FmgrInfo: the model it resolved (while the snapshot stays the same), parsed
 * options, a frame to reuse.  A row that finds all of that valid looks at no
 * catalog.
 */
#ifndef AI_RUNTIME_INFERENCE_H
#define AI_RUNTIME_INFERENCE_H

#include "fmgr.h"
#include "utils/array.h"
#include "utils/jsonb.h"

typedef struct AiCall AiCall;

/* Returns the call state of a function call, made on the first one. */
extern AiCall *ai_call_get(FunctionCallInfo fcinfo);

/* Makes a call state that lives in the memory context. */
extern AiCall *ai_call_create(MemoryContext parent);

/* Resolves the address under the active snapshot; returns the version as "m:3". */
extern const char *ai_call_resolve(AiCall *call, text *address);

/*
 * Predicts: json or array is the input, the other is NULL; options may be NULL.
 * Returns NULL if the server is unavailable and ai_runtime.on_unavailable is
 * null, or if the postprocess function returned NULL.
 */
extern Jsonb *ai_inference_run(AiCall *call, text *address, Jsonb *json, ArrayType *array,
							   Jsonb *options);

#endif							/* AI_RUNTIME_INFERENCE_H */

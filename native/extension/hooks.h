/*
 * hooks.h
 *	  Functions jsonb -> jsonb around a prediction: preprocess and postprocess.
 */
#ifndef AI_RUNTIME_HOOKS_H
#define AI_RUNTIME_HOOKS_H

#include "fmgr.h"
#include "utils/jsonb.h"

#include "model.h"

/* A function that was looked up, kept by the caller from row to row. */
typedef struct AiHook
{
	Oid			oid;			/* InvalidOid: not looked up yet */
	FmgrInfo	info;
} AiHook;

/*
 * Returns what the function of that name makes of the value; NULL for SQL NULL.
 * The caller of ai_inference() must have the right to execute it.
 */
extern Jsonb *ai_hook_call(AiHook *hook, const char *name, const AiModel *model,
						   Jsonb *value, MemoryContext context);

#endif							/* AI_RUNTIME_HOOKS_H */

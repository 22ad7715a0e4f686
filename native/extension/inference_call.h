/*
 * inference_call.h
 *	  What one call of ai_inference() keeps from row to row, and the steps of a
 *	  prediction that are made with it.
 *
 * Used by inference.c (one row) and by the batches (many).  A call state that
 * finds its snapshot unchanged looks at no catalog.
 */
#ifndef AI_RUNTIME_INFERENCE_CALL_H
#define AI_RUNTIME_INFERENCE_CALL_H

#include "utils/array.h"

#include "hooks.h"
#include "inference_options.h"
#include "model_upload.h"
#include "registry_lookup.h"

typedef struct AiCall
{
	MemoryContext context;		/* of all that outlives a row */
	MemoryContextCallback release;
	int			users;			/* batches that are made with it */

	char	   *address;		/* that model was resolved from */
	int			address_bytes;	/* -1: none */
	AiModel		model;
	AiModelBytes bytes;			/* of the model, for the client */
	char		what[AI_MODEL_NAME_BYTES + 40];
	AiSnapshotKey snapshot;

	Jsonb	   *options_json;	/* that options were parsed from */
	MemoryContext options_context;
	AiOptions	options;

	int			member_count;	/* the only members of the answer that are wanted; */
	const char **members;		/* 0: all of them */

	bool		selection_valid;	/* for this model and these options */
	uint64		selection_id;	/* another one after each change */
	MemoryContext selection_context;
	int			wanted_count;	/* outputs to ask the server for; 0: all */
	uint16	   *wanted;
	int			key_count;		/* keys of the output specification to show */
	int		   *keys;
	int		   *key_places;		/* where the reply has their outputs */

	StringInfoData frame;
	AiHook		preprocess;
	AiHook		postprocess;
} AiCall;

/* Makes a call state that lives in the memory context. */
extern AiCall *ai_call_create(MemoryContext parent);

/*
 * Resolves model, options (NULL: none) and what to ask for, under the active
 * snapshot.  Cheap where nothing has changed.
 */
extern void ai_call_prepare(AiCall *call, text *address, Jsonb *options);

/* Resolves the address under the active snapshot; returns the version as "m:3". */
extern const char *ai_call_resolve(AiCall *call, text *address);

/* True if the address still stands for what it was resolved to. */
extern bool ai_call_is_current(const AiCall *call);

/* True if the outputs are given to a function afterwards. */
extern bool ai_call_has_postprocess(const AiCall *call);

/* Returns how many outputs a reply has. */
extern int	ai_call_output_count(const AiCall *call);

/* Returns which output of the signature stands at a place of the reply. */
extern int	ai_call_output(const AiCall *call, int place);

/* Returns the place of a member among the keys, or the outputs, of the answer, or -1. */
extern int	ai_call_find_member(const AiCall *call, const char *name);

#endif							/* AI_RUNTIME_INFERENCE_CALL_H */

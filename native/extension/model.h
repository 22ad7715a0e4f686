/*
 * model.h
 *	  A version, resolved and ready to use.
 *
 * AiCompiled is what signature and specification compile to: it depends on the
 * bytes and the specification alone, is shared by all that use it and kept in a
 * bounded cache of the backend (model_cache.c).  AiModel is what an address
 * stands for under one snapshot (registry_lookup.c).
 */
#ifndef AI_RUNTIME_MODEL_H
#define AI_RUNTIME_MODEL_H

#include "codec.h"
#include "feature_plan.h"
#include "feature_spec.h"
#include "output_spec.h"
#include "signature.h"

#define AI_MODEL_NAME_BYTES 63	/* models_name_check of the registry */

typedef struct AiCompiled
{
	uint8		sha256[AI_SHA256_BYTES];
	uint8		spec_sha256[AI_SHA256_BYTES];
	AiSignature *signature;
	AiInputSpec *input;			/* NULL: tensors by name */
	AiFeaturePlan *plan;		/* of input, or NULL */
	AiOutputSpec *output;		/* NULL: all outputs by name */
	char	   *preprocess;		/* NULL or the name of a function */
	char	   *postprocess;
	AiBatchTerms terms;			/* that the version was created with */

	MemoryContext context;
	int			pins;			/* users; kept while there are any */
	uint64		last_used;
} AiCompiled;

typedef struct AiModel
{
	char		name[AI_MODEL_NAME_BYTES + 1];
	int			version;		/* 0: bytes that are no version yet */
	uint8		sha256[AI_SHA256_BYTES];
	AiCompiled *compiled;		/* pinned */
} AiModel;

/*
 * Returns the compiled form of a version with its pin count raised, or NULL if
 * the cache has none.
 */
extern AiCompiled *ai_model_cache_find(const uint8 *sha256, const uint8 *spec_sha256);

/*
 * Compiles signature and specification (NULL: none), keeps the result in the
 * cache and returns it pinned.
 */
extern AiCompiled *ai_model_cache_add(const uint8 *sha256, const uint8 *spec_sha256,
									  Jsonb *signature, Jsonb *spec);

/* Gives a pin back; NULL is allowed. */
extern void ai_model_cache_release(AiCompiled *compiled);

/* Compiles a specification into compiled, in the current memory context. */
extern void ai_model_compile_spec(AiCompiled *compiled, Jsonb *spec);

/* Returns what the model takes, as a sentence for a DETAIL. */
extern char *ai_model_takes(const AiModel *model);

/* Returns what the model gives, as a sentence for a DETAIL. */
extern char *ai_model_gives(const AiModel *model);

#endif							/* AI_RUNTIME_MODEL_H */

/*
 * output_spec.h
 *	  The output specification: what options.output of ai_create_model() compiles to.
 *
 * Each key of the result is made of one output: an element or a class of it is
 * picked, then a threshold or a label names it.  README.md has the language.
 */
#ifndef AI_RUNTIME_OUTPUT_SPEC_H
#define AI_RUNTIME_OUTPUT_SPEC_H

#include "signature.h"

typedef enum AiPick
{
	AI_PICK_ALL,
	AI_PICK_INDEX,				/* of the last axis */
	AI_PICK_CLASS,				/* a key of a map, or a label's place */
	AI_PICK_ARGMAX				/* the place of the largest on the last axis */
} AiPick;

typedef struct AiThreshold
{
	bool		has_below;
	double		below;
	char	   *label;
} AiThreshold;

typedef struct AiLabel
{
	char	   *key;			/* the value as text */
	JsonbValue	label;			/* a scalar */
} AiLabel;

typedef struct AiOutputKey
{
	char	   *key;
	int			output;			/* place in the signature */
	AiPick		pick;
	int64		index;
	char	   *class;			/* the class as text */
	int			label_count;
	AiLabel    *labels;			/* of a labels array: key is the place */
	int			threshold_count;
	AiThreshold *thresholds;
} AiOutputKey;

typedef struct AiOutputSpec
{
	int			count;
	AiOutputKey *keys;
} AiOutputSpec;

/* Compiles options.output in the current memory context, or raises what is wrong with it. */
extern AiOutputSpec *ai_output_spec_compile(const AiSignature *signature, const JsonbValue *json);

/* Returns the place of a key, or -1. */
extern int	ai_output_spec_find(const AiOutputSpec *spec, const char *name, int name_bytes);

#endif							/* AI_RUNTIME_OUTPUT_SPEC_H */

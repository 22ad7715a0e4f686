/*
 * feature_spec.h
 *	  Declared features: what options.input of ai_create_model() compiles to.
 *
 * A feature says where a value stands in the JSON of a row and how it becomes
 * one or more numbers (or a string) of an input.  README.md has the language.
 */
#ifndef AI_RUNTIME_FEATURE_SPEC_H
#define AI_RUNTIME_FEATURE_SPEC_H

#include "signature.h"

#define AI_MAX_FEATURES 65536	/* of an input */
#define AI_MAX_CATEGORIES 65536 /* of a feature */
#define AI_MAX_PATH 32			/* steps of a path */

typedef enum AiFeatureType
{
	AI_FEATURE_NUMBER,
	AI_FEATURE_BOOLEAN,
	AI_FEATURE_STRING,
	AI_FEATURE_CATEGORY
} AiFeatureType;

typedef enum AiEncoding
{
	AI_ENCODING_ONEHOT,
	AI_ENCODING_ORDINAL,
	AI_ENCODING_PLAIN			/* the string itself, for a tensor of strings */
} AiEncoding;

typedef enum AiUnknown
{
	AI_UNKNOWN_ERROR,
	AI_UNKNOWN_ZERO,			/* one-hot: no category at all */
	AI_UNKNOWN_OTHER,			/* a place of its own after the last category */
	AI_UNKNOWN_VALUE			/* ordinal: a number that the specification names */
} AiUnknown;

typedef enum AiAggregate
{
	AI_AGGREGATE_NONE,
	AI_AGGREGATE_COUNT,
	AI_AGGREGATE_SUM,
	AI_AGGREGATE_AVG,
	AI_AGGREGATE_MIN,
	AI_AGGREGATE_MAX
} AiAggregate;

typedef struct AiPath
{
	int			count;
	char	  **steps;
	int		   *step_bytes;
} AiPath;

typedef struct AiFeature
{
	char	   *name;
	AiPath		path;
	AiFeatureType type;
	bool		required;
	bool		has_default;
	JsonbValue	fallback;		/* the default: a scalar */
	int			width;			/* elements that it fills */

	int			category_count;
	JsonbValue *categories;		/* scalars */
	AiEncoding	encoding;
	AiUnknown	unknown;
	double		unknown_value;

	AiAggregate aggregate;
	AiPath		of;				/* within an element of the array */
} AiFeature;

/* The features of one input. */
typedef struct AiFeatureGroup
{
	int			input;			/* place in the signature */
	int			count;
	AiFeature  *features;
	int			width;			/* elements of a row */
} AiFeatureGroup;

typedef struct AiInputSpec
{
	int			count;
	AiFeatureGroup *groups;
} AiInputSpec;

/* Compiles options.input in the current memory context, or raises what is wrong with it. */
extern AiInputSpec *ai_feature_spec_compile(const AiSignature *signature, const JsonbValue *json);

#endif							/* AI_RUNTIME_FEATURE_SPEC_H */

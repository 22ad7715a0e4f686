/*
 * json_output.h
 *	  Values of a reply into jsonb.
 *
 * Numbers come out in the shortest form that reads back the same; what JSON
 * cannot say (NaN, infinities) follows ai_runtime.nan_policy.
 */
#ifndef AI_RUNTIME_JSON_OUTPUT_H
#define AI_RUNTIME_JSON_OUTPUT_H

#include "utils/jsonb.h"

#include "codec.h"
#include "inference_options.h"
#include "model.h"

typedef struct AiOutputWriter
{
	const AiModel *model;
	AiOutputFormat format;
	bool		row_mode;		/* take the axis away that the inputs got */
	bool		not_finite_as_string;	/* whatever ai_runtime.nan_policy says */
	const char *output;			/* name of the current output, for errors */
	JsonbParseState *state;
	JsonbValue *result;			/* of the last push */
} AiOutputWriter;

/* Pushes a scalar into the array or the object under construction. */
extern void ai_output_push(AiOutputWriter *writer, JsonbValue *scalar);

/* Begins and ends arrays and objects; pushes the key of a member. */
extern void ai_output_token(AiOutputWriter *writer, JsonbIteratorToken token);
extern void ai_output_key(AiOutputWriter *writer, const char *key, int key_bytes);

/* Reads the next value of the reply and pushes it whole. */
extern void ai_output_write(AiOutputWriter *writer, AiReader *reader);

/* Pushes a tensor in the writer's format. */
extern void ai_output_push_tensor(AiOutputWriter *writer, const AiValue *value);

/* Pushes one number or boolean of a tensor, by ai_runtime.nan_policy. */
extern void ai_output_push_number(AiOutputWriter *writer, uint8 datatype, const char *element);

/* Fills a jsonb string from UTF-8 bytes of the reply. */
extern void ai_output_string(const AiOutputWriter *writer, const char *utf8, uint32 bytes,
							 JsonbValue *string);

/* Takes the row axis off a shape, and all axes if one element is left. */
extern void ai_output_strip_row(AiShape *shape);

#endif							/* AI_RUNTIME_JSON_OUTPUT_H */

/*
 * request.h
 *	  One request under construction: what all ways of giving inputs share.
 *
 * json_tensor.c, array_tensor.c and features.c write values through it.  It
 * checks shapes against the signature, binds symbolic dimensions over all
 * inputs of the request, and words the errors.
 */
#ifndef AI_RUNTIME_REQUEST_H
#define AI_RUNTIME_REQUEST_H

#include "codec.h"
#include "model.h"
#include "number.h"

typedef struct AiRequest
{
	const AiModel *model;
	StringInfo	frame;
	bool		row_mode;		/* a leading axis of 1 was added to the inputs */
	int64	   *symbol_sizes;	/* by symbol; AI_DIM_ANY until bound */
	int		   *symbol_inputs;	/* by symbol; the input that bound it */
} AiRequest;

/* Starts a request for a model in a frame that the caller owns. */
extern void ai_request_init(AiRequest *request, const AiModel *model, StringInfo frame);

/* True if values of that rank are rows of the tensor: one axis less, and its first is free. */
extern bool ai_request_is_row(const AiType *type, int rank);

/* Puts an axis of 1 before the others. */
extern void ai_shape_add_row_axis(AiShape *shape);

/* Checks a shape against the type of an input (or of an element of it), or raises. */
extern void ai_request_check_shape(AiRequest *request, int input, const AiType *type,
								   const AiShape *shape);

/* Raises that a value does not fit a number type; shown is its text. */
extern void ai_request_raise_number(const AiRequest *request, int input, uint8 datatype,
									AiNumberStatus status, const char *shown)
			pg_attribute_noreturn();

/* Raises that an input holds something else than its type takes. */
extern void ai_request_raise_kind(const AiRequest *request, int input, const AiType *type,
								  const char *actual, const char *shown)
			pg_attribute_noreturn();

/* Raises that an input, or a part of it, is null. */
extern void ai_request_raise_null(const AiRequest *request, int input, bool inside)
			pg_attribute_noreturn();

#endif							/* AI_RUNTIME_REQUEST_H */

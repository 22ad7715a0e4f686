/*
 * projection.h
 *	  What of a row's answer is wanted, taken out of the reply of a batch.
 */
#ifndef AI_RUNTIME_PROJECTION_H
#define AI_RUNTIME_PROJECTION_H

#include "batch_request.h"

typedef struct AiProjection
{
	AiResultKind kind;
	const char *member;			/* NULL for AI_RESULT_JSONB */

	/* For what the call selects now. */
	bool		is_direct;		/* the member is read without the whole answer */
	bool		is_element;		/* it is an element of a tensor, as it stands there */
	int			place;			/* of its output in the reply */
	int64		index;			/* of the element on the last axis, if has_index */
	bool		has_index;
} AiProjection;

/* Decides which way to take, after the call has resolved its selection. */
extern void ai_projection_prepare(AiProjection *projection, const AiCall *call);

/*
 * Takes a number of a row straight out of the reply.  False if there is a reason
 * to go the long way: no number, not finite, not one element.
 */
extern bool ai_projection_take_element(const AiProjection *projection,
									   const AiBatchRequest *request, int row, Datum *value);

/* Returns a row's answer, read out of the reply, before postprocess. */
extern Jsonb *ai_projection_read_answer(const AiCall *call, AiBatchRequest *request, int row);

/* Fills in the one member of a row's answer that a direct projection is for. */
extern void ai_projection_read_member(const AiProjection *projection, const AiCall *call,
									  AiBatchRequest *request, int row, JsonbValue *member);

/* Returns a member in the form that is wanted. */
extern Datum ai_projection_of_member(const AiProjection *projection, JsonbValue *member,
									 bool *is_null);

/* Returns the wanted part of a whole answer. */
extern Datum ai_projection_of_answer(const AiProjection *projection, Jsonb *answer,
									 bool *is_null);

#endif							/* AI_RUNTIME_PROJECTION_H */

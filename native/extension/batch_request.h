/*
 * batch_request.h
 *	  One request of a batch: rows that share a frame, one tensor an input.
 *
 * The first row is encoded as it would be alone; the frame is laid out by what
 * came of it.  Later rows must have the same layout, so that a row's bytes are
 * the same in a batch and on their own.
 */
#ifndef AI_RUNTIME_BATCH_REQUEST_H
#define AI_RUNTIME_BATCH_REQUEST_H

#include "client.h"
#include "column_plan.h"
#include "inference.h"
#include "row_slice.h"

/* One input. */
typedef struct AiBatchColumn
{
	AiValue		first;			/* as the first row gave it; data is not used */
	bool		is_shared;		/* has no axis for rows: the same in each */
	uint64		row_bytes;		/* of a row's elements; 0: strings */
	int			header_offset;
	int			data_offset;
	StringInfo	bytes;			/* the frame itself for the first column */
	StringInfoData own;
} AiBatchColumn;

/* An array that can be copied or converted into the frame without a further look. */
typedef struct AiArrayLayout
{
	Oid			element_type;	/* InvalidOid: there is none */
	int			rank;
	int			dims[MAXDIM];
	uint8		datatype;		/* of the tensor */
	bool		is_copy;		/* the elements are those of the tensor */
	int			elements;
	int			row_bytes;
} AiArrayLayout;

typedef struct AiBatchRequest
{
	struct AiBatchRequest *next;	/* of all that were made */
	struct AiBatchRequest *next_idle;
	AiClientRequest client;
	StringInfoData frame;
	bool		row_mode;		/* its rows were given without an axis for rows */
	bool		is_open;		/* takes further rows */
	int			rows;
	int			column_count;
	int			columns_allocated;
	AiBatchColumn *columns;
	AiArrayLayout array;

	/* After it was sent. */
	bool		is_posted;
	bool		is_finished;	/* answered, or there is no answer to come */
	bool		is_unavailable; /* no server, and on_unavailable is null */
	bool		has_rows;		/* outputs tells where the rows of the reply stand */
	int			outputs_allocated;
	AiRows	   *outputs;
	int			part_rows;		/* if it was sent again in parts: rows of each */
	int			part_count;
	struct AiBatchRequest **parts;
} AiBatchRequest;

/* Makes an empty request whose memory, used again and again, is of the context. */
extern AiBatchRequest *ai_batch_request_create(MemoryContext context);

/*
 * Starts over with the frame of a row.  With is_mergeable, it may take others.
 * An array is what the row was given as, or NULL.
 */
extern void ai_batch_request_begin(AiBatchRequest *request, const StringInfoData *row,
								   bool row_mode, bool is_mergeable, ArrayType *array);

/* Adds the frame of another row; false if that has another layout. */
extern bool ai_batch_request_add(AiBatchRequest *request, const StringInfoData *row);

/* Adds an array without encoding it first; false if that does not do. */
extern bool ai_batch_request_add_array(AiBatchRequest *request, const ArrayType *array);

/* Adds a row of features without encoding it first; false if that does not do. */
extern bool ai_batch_request_add_features(AiBatchRequest *request, const AiFeaturePlan *plan,
										  const Jsonb *row);

/* The same for the columns of a row. */
extern bool ai_batch_request_add_columns(AiBatchRequest *request, const AiColumnPlan *plan,
										 const Datum *values, const bool *nulls);

/* Ends the frame. */
extern void ai_batch_request_finish(AiBatchRequest *request);

/* Starts over with some of the rows of another request that was finished. */
extern void ai_batch_request_begin_part(AiBatchRequest *request, const AiBatchRequest *whole,
										int from, int count);

/* Looks where the rows of the reply stand; false if it does not have as many. */
extern bool ai_batch_request_read_rows(AiBatchRequest *request);

/* Gives memory back that one large frame or reply took. */
extern void ai_batch_request_trim(AiBatchRequest *request, uint64 keep_bytes);

#endif							/* AI_RUNTIME_BATCH_REQUEST_H */

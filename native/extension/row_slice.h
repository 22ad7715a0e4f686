/*
 * row_slice.h
 *	  Some rows of a value that holds many: what a smaller request would have
 *	  held, or been answered.
 *
 * Used by the batches: to cut one row out of a reply, and a part out of a
 * request that failed as a whole.  What is cut out is a value of its own, byte
 * for byte as it would stand in the frame of that row alone.
 */
#ifndef AI_RUNTIME_ROW_SLICE_H
#define AI_RUNTIME_ROW_SLICE_H

#include "codec.h"

/* A value whose first axis are rows; a sequence (of maps) has an element a row. */
typedef struct AiRows
{
	AiValue		value;
	uint64		count;			/* rows */
	uint64		row_bytes;		/* of a tensor; 0: strings */
	uint64		row_elements;	/* of a tensor */

	/* Rows without a fixed size are found one after another. */
	AiReader	elements;		/* of a sequence: at its first element */
	uint64		next_row;
	const char *next_at;
} AiRows;

/*
 * Reads the next value and fills in rows.  False if it does not have so many
 * rows; the reader has then moved on over a part of it.
 */
extern bool ai_rows_read(AiRows *rows, AiReader *reader, uint64 count);

/* Appends a value that holds some of the rows. */
extern void ai_rows_append(AiRows *rows, uint64 from, uint64 count, StringInfo frame);

/* Returns the data of a row whose tensor has elements of a fixed size. */
static inline const char *
ai_rows_data(const AiRows *rows, uint64 row)
{
	return rows->value.data + row * rows->row_bytes;
}

#endif							/* AI_RUNTIME_ROW_SLICE_H */

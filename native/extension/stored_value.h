/*
 * stored_value.h
 *	  In which form a value of varying length is at hand.
 *
 * PostgreSQL's own VARATT_IS_SHORT() is true for a pointer to a value that is
 * stored elsewhere, too.
 */
#ifndef AI_RUNTIME_STORED_VALUE_H
#define AI_RUNTIME_STORED_VALUE_H

/* True if the value is here, with a header of one byte. */
static inline bool
ai_value_is_short(Datum value)
{
	return VARATT_IS_SHORT(DatumGetPointer(value)) && !VARATT_IS_EXTERNAL(DatumGetPointer(value));
}

/* True if the value is here, and not compressed. */
static inline bool
ai_value_is_at_hand(Datum value)
{
	return VARATT_IS_4B_U(DatumGetPointer(value)) || ai_value_is_short(value);
}

#endif							/* AI_RUNTIME_STORED_VALUE_H */

/*
 * planner.h
 *	  The door to PostgreSQL's planner.
 *
 * The planner calls the support function (planner_support.c) for every call of
 * ai_inference() that it meets; what it told is known here until the statement
 * is planned.  A statement without such a call costs one comparison.
 */
#ifndef AI_RUNTIME_PLANNER_H
#define AI_RUNTIME_PLANNER_H

#include "postgres.h"

/* Notes that the statement being planned calls this function of ours. */
extern void ai_planner_note(Oid function);

/* True if the statement being planned calls the function, and it is one of ours. */
extern bool ai_planner_noted(Oid function);

extern void ai_planner_init(void);

#endif							/* AI_RUNTIME_PLANNER_H */

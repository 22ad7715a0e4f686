/*
 * planner.h
 *	  The door to PostgreSQL's planner.
 */
#ifndef AI_RUNTIME_PLANNER_H
#define AI_RUNTIME_PLANNER_H

#include "postgres.h"

extern void ai_planner_init(void);

#endif							/* AI_RUNTIME_PLANNER_H */

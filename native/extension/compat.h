/*
 * compat.h
 *	  What differs between PostgreSQL 15 and 18; the only place that asks for
 *	  PG_VERSION_NUM.
 */
#ifndef AI_RUNTIME_COMPAT_H
#define AI_RUNTIME_COMPAT_H

#include "miscadmin.h"
#include "storage/latch.h"

#if PG_VERSION_NUM < 150000
#error "ai_runtime needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM >= 180000
#include "storage/waiteventset.h"
#endif

/* A wait event set that lives until it is freed, not until a transaction ends. */
static inline WaitEventSet *
ai_create_wait_event_set(int events)
{
#if PG_VERSION_NUM >= 170000
	return CreateWaitEventSet(NULL, events);
#else
	return CreateWaitEventSet(TopMemoryContext, events);
#endif
}

#endif							/* AI_RUNTIME_COMPAT_H */

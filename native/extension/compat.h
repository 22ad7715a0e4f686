/*
 * compat.h
 *	  What differs between PostgreSQL 15 and 18; the only place that asks for
 *	  PG_VERSION_NUM.
 */
#ifndef AI_RUNTIME_COMPAT_H
#define AI_RUNTIME_COMPAT_H

#include "catalog/pg_proc.h"
#include "common/jsonapi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/acl.h"
#include "utils/jsonfuncs.h"
#include "utils/memutils.h"

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

/* True if the role may call the function. */
static inline bool
ai_function_may_execute(Oid function, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) == ACLCHECK_OK;
#else
	return pg_proc_aclcheck(function, role, ACL_EXECUTE) == ACLCHECK_OK;
#endif
}

/* True if a text is JSON. */
static inline bool
ai_text_is_json(text *value)
{
#if PG_VERSION_NUM >= 170000
	JsonLexContext lex;
	bool		valid = pg_parse_json(makeJsonLexContext(&lex, value, false),
									  &nullSemAction) == JSON_SUCCESS;

	freeJsonLexContext(&lex);
	return valid;
#else
	return pg_parse_json(makeJsonLexContext(value, false), &nullSemAction) == JSON_SUCCESS;
#endif
}

#endif							/* AI_RUNTIME_COMPAT_H */

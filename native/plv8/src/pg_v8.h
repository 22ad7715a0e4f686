/*
 * The two foreign APIs of this library, in the one order in which both can be
 * included: V8 and the C++ library first, PostgreSQL, whose macros would break
 * them, last.  PostgreSQL has types named String, Integer and Boolean: never
 * write `using namespace v8` in this library.
 */
#ifndef AI_RUNTIME_PLV8_PG_V8_H_
#define AI_RUNTIME_PLV8_PG_V8_H_

#include <v8.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <list>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

extern "C" {
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
}

#endif

/*
 * ai_runtime.c
 *	  Where the library starts: a list of module inits.
 *
 * Loaded by shared_preload_libraries, it reserves shared memory and registers
 * the supervisor.  Loaded later, it only defines its settings, so that CREATE
 * EXTENSION works; the first call then says what to put into postgresql.conf.
 */
#include "postgres.h"

#include "fmgr.h"

#include "batch_node.h"
#include "client.h"
#include "guc.h"
#include "planner.h"
#include "shared_state.h"
#include "supervisor.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/* Sets up every module of the library. */
void
_PG_init(void)
{
	ai_guc_init();
	ai_shared_state_init();
	ai_supervisor_init();
	ai_client_init();
	ai_batch_node_init();
	ai_planner_init();
}

/*
 * shared_state.c
 *	  Shared memory between the supervisor and the backends.
 *
 * One struct under one LWLock, and a condition variable for those who wait for
 * the server.  Phase and generation are also kept in one atomic word, which is
 * what a call with an open connection looks at: it takes no lock.
 */
#include "postgres.h"

#include "miscadmin.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "clock.h"
#include "guc.h"
#include "model_cost.h"
#include "shared_state.h"

#define TRANCHE_NAME "ai_runtime"
#define PHASE_BITS 8

typedef struct SharedState
{
	LWLock	   *lock;			/* lives in shared memory, at the same address everywhere */
	ConditionVariable changed;
	pg_atomic_uint64 summary;	/* generation << PHASE_BITS | phase */
	AiServerState state;
} SharedState;

static SharedState *shared = NULL;
static shmem_request_hook_type prev_shmem_request_hook = NULL;
static shmem_startup_hook_type prev_shmem_startup_hook = NULL;

/* Asks for the memory and the lock. */
static void
request_memory(void)
{
	if (prev_shmem_request_hook)
		prev_shmem_request_hook();
	RequestAddinShmemSpace(add_size(MAXALIGN(sizeof(SharedState)),
									ai_model_cost_shmem_size()));
	RequestNamedLWLockTranche(TRANCHE_NAME, 1);
}

/* Finds or makes the struct; after a crash restart it is made anew. */
static void
attach_memory(void)
{
	bool		found;

	if (prev_shmem_startup_hook)
		prev_shmem_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = ShmemInitStruct("ai_runtime", sizeof(SharedState), &found);
	if (!found)
	{
		memset(shared, 0, sizeof(SharedState));
		shared->lock = &(GetNamedLWLockTranche(TRANCHE_NAME))->lock;
		ConditionVariableInit(&shared->changed);
		/* Until the supervisor is there, a call waits for what it will start. */
		shared->state.phase = ai_guc_server_autostart ? AI_SERVER_STARTING : AI_SERVER_OFF;
		pg_atomic_init_u64(&shared->summary, shared->state.phase);
	}
	ai_model_cost_shmem_attach();
	LWLockRelease(AddinShmemInitLock);
}

bool
ai_shared_state_available(void)
{
	return shared != NULL;
}

void
ai_shared_state_read(AiServerState *state)
{
	Assert(shared != NULL);
	LWLockAcquire(shared->lock, LW_SHARED);
	*state = shared->state;
	LWLockRelease(shared->lock);
}

AiServerPhase
ai_shared_state_phase(uint64 *generation)
{
	uint64		summary = pg_atomic_read_u64(&shared->summary);

	if (generation)
		*generation = summary >> PHASE_BITS;
	return (AiServerPhase) (summary & ((1 << PHASE_BITS) - 1));
}

void
ai_shared_state_publish(const AiServerState *state)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->state = *state;
	pg_atomic_write_u64(&shared->summary,
						state->generation << PHASE_BITS | (uint64) state->phase);
	LWLockRelease(shared->lock);
	ConditionVariableBroadcast(&shared->changed);
}

void
ai_shared_state_publish_figures(const AiServerFigures *figures)
{
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	shared->state.figures = *figures;
	LWLockRelease(shared->lock);
}

AiServerPhase
ai_shared_state_wait(uint64 deadline_us, bool wait_when_off)
{
	AiServerPhase phase;

	ConditionVariablePrepareToSleep(&shared->changed);
	for (;;)
	{
		long		left_ms = ai_deadline_left_ms(deadline_us);

		phase = ai_shared_state_phase(NULL);
		if (phase == AI_SERVER_RUNNING || left_ms == 0 ||
			(phase == AI_SERVER_OFF && !wait_when_off))
			break;
		(void) ConditionVariableTimedSleep(&shared->changed, left_ms, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
	return phase;
}

void
ai_shared_state_wait_for_end(uint64 generation, uint64 deadline_us)
{
	ConditionVariablePrepareToSleep(&shared->changed);
	for (;;)
	{
		long		left_ms = ai_deadline_left_ms(deadline_us);
		uint64		current;

		if (ai_shared_state_phase(&current) != AI_SERVER_RUNNING || current != generation ||
			left_ms == 0)
			break;
		(void) ConditionVariableTimedSleep(&shared->changed, left_ms, PG_WAIT_EXTENSION);
	}
	ConditionVariableCancelSleep();
}

const char *
ai_server_phase_name(AiServerPhase phase)
{
	switch (phase)
	{
		case AI_SERVER_OFF:
			return "off";
		case AI_SERVER_STARTING:
			return "starting";
		case AI_SERVER_RUNNING:
			return "running";
		case AI_SERVER_BACKING_OFF:
			return "backing_off";
	}
	return "off";
}

/* Installs the hooks, if shared memory can still be asked for. */
void
ai_shared_state_init(void)
{
	if (!process_shared_preload_libraries_in_progress)
		return;
	prev_shmem_request_hook = shmem_request_hook;
	shmem_request_hook = request_memory;
	prev_shmem_startup_hook = shmem_startup_hook;
	shmem_startup_hook = attach_memory;
}

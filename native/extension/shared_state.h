/*
 * shared_state.h
 *	  What the supervisor tells every backend: the server's state and figures.
 *
 * The supervisor writes, backends read copies.  It holds no pointer and no file
 * descriptor, and a crash restart of PostgreSQL starts it afresh.
 */
#ifndef AI_RUNTIME_SHARED_STATE_H
#define AI_RUNTIME_SHARED_STATE_H

#include "datatype/timestamp.h"
#include "storage/condition_variable.h"
#include "storage/lwlock.h"

#define AI_VERSION_TEXT_BYTES 64
#define AI_LAST_ERROR_BYTES 1024

typedef enum AiServerPhase
{
	AI_SERVER_OFF = 0,			/* not wanted, or no supervisor */
	AI_SERVER_STARTING,
	AI_SERVER_RUNNING,			/* said that it is ready, and still beats */
	AI_SERVER_BACKING_OFF		/* waits before the next start */
} AiServerPhase;

/* What a heartbeat of the server carries. */
typedef struct AiServerFigures
{
	int64		rss_bytes;
	int64		sessions;
	int64		session_bytes;
	int64		connections;
	int64		inference_count;
	int64		queued;
} AiServerFigures;

typedef struct AiServerState
{
	AiServerPhase phase;
	int			pid;			/* 0: no process */
	uint64		generation;		/* counts the servers that became ready */
	int64		restarts;
	TimestampTz started_at;		/* 0: none */
	TimestampTz next_restart_at;	/* 0: none */
	AiServerFigures figures;
	char		version[AI_VERSION_TEXT_BYTES];
	char		ort_version[AI_VERSION_TEXT_BYTES];
	char		socket_path[MAXPGPATH];
	char		last_error[AI_LAST_ERROR_BYTES];	/* UTF-8 */
} AiServerState;

/* False if the library is not in shared_preload_libraries. */
extern bool ai_shared_state_available(void);

/* Copies the state under its lock.  Must be available. */
extern void ai_shared_state_read(AiServerState *state);

/* Reads the phase and the generation alone. */
extern AiServerPhase ai_shared_state_phase(uint64 *generation);

/* Publishes a new state and wakes everyone who waits for a change. */
extern void ai_shared_state_publish(const AiServerState *state);

/* Publishes new figures of the running server; wakes nobody. */
extern void ai_shared_state_publish_figures(const AiServerFigures *figures);

/*
 * Waits until a server runs, at most until the deadline of ai_clock_us().
 * Returns the last phase seen; with a server that is off it does not wait
 * unless wait_when_off.
 */
extern AiServerPhase ai_shared_state_wait(uint64 deadline_us, bool wait_when_off);

/* Waits until the server of a generation no longer runs, at most until the deadline. */
extern void ai_shared_state_wait_for_end(uint64 generation, uint64 deadline_us);

extern const char *ai_server_phase_name(AiServerPhase phase);
extern void ai_shared_state_init(void);

#endif							/* AI_RUNTIME_SHARED_STATE_H */

/*
 * server_process.h
 *	  Starting, signalling and reaping the process of the inference server.
 */
#ifndef AI_RUNTIME_SERVER_PROCESS_H
#define AI_RUNTIME_SERVER_PROCESS_H

#include "lib/stringinfo.h"

/* Everything a start depends on, so that a reload can tell what changed. */
typedef struct AiServerOptions
{
	char		node_path[MAXPGPATH];	/* absolute, or empty if not found */
	char		server_path[MAXPGPATH];
	char		socket_directory[MAXPGPATH];
	char		socket_path[MAXPGPATH];
	char		execution_providers[64];
	int			intra_op_threads;
	int			threads;
	int			log_level;
	int64		session_memory_limit_bytes;
	bool		dynamic_batching;
	int			max_batch_size;
	int			max_queue_delay_us;
} AiServerOptions;

typedef struct AiServerProcess
{
	pid_t		pid;			/* 0: none */
	int			output_fd;		/* its stdout and stderr, non-blocking; -1: none */
} AiServerProcess;

/* Collects the options from the settings; equal ones compare equal by memcmp(). */
extern void ai_server_options_read(AiServerOptions *options);

/*
 * Forks and executes the server.  Returns false and says why in error when it
 * cannot even be tried; what fails later comes out of the process itself.
 */
extern bool ai_server_process_start(const AiServerOptions *options, AiServerProcess *process,
									StringInfo error);

/*
 * Reaps the process if it has ended: then returns true and describes its end.
 */
extern bool ai_server_process_reap(AiServerProcess *process, StringInfo description);

extern void ai_server_process_close_output(AiServerProcess *process);

#endif							/* AI_RUNTIME_SERVER_PROCESS_H */

/*
 * guc.h
 *	  The settings ai_runtime.*; README.md of the project lists them.
 *
 * Settings of the server are read by the supervisor alone and change with a
 * reload; settings of a session are read where they act.
 */
#ifndef AI_RUNTIME_GUC_H
#define AI_RUNTIME_GUC_H

typedef enum AiOnUnavailable
{
	AI_ON_UNAVAILABLE_ERROR,
	AI_ON_UNAVAILABLE_NULL
} AiOnUnavailable;

typedef enum AiNanPolicy
{
	AI_NAN_POLICY_ERROR,
	AI_NAN_POLICY_NULL,
	AI_NAN_POLICY_STRING
} AiNanPolicy;

/* The server's settings. */
extern char *ai_guc_node_path;
extern char *ai_guc_server_path;
extern char *ai_guc_socket_directory;
extern bool ai_guc_server_autostart;
extern char *ai_guc_execution_providers;
extern int	ai_guc_intra_op_threads;
extern int	ai_guc_server_threads;	/* 0: as many as there are cores */
extern int	ai_guc_session_memory_limit;	/* kB, 0: none */
extern bool ai_guc_dynamic_batching;
extern int	ai_guc_max_batch_size;	/* rows */
extern int	ai_guc_max_queue_delay_us;
extern int	ai_guc_server_log_level;	/* index into ai_guc_log_level_name() */

/* A session's settings. */
extern int	ai_guc_connect_timeout; /* ms */
extern int	ai_guc_request_timeout; /* ms, 0: none */
extern int	ai_guc_on_unavailable;	/* AiOnUnavailable */
extern int	ai_guc_nan_policy;	/* AiNanPolicy */
extern int	ai_guc_spin_us;		/* 0: never */
extern bool ai_guc_enable_batch_scan;

extern const char *ai_guc_log_level_name(int level);
extern void ai_guc_init(void);

#endif							/* AI_RUNTIME_GUC_H */

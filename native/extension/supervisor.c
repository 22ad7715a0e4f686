/*
 * supervisor.c
 *	  The background worker that keeps the inference server running.
 *
 * It forks and executes the server, publishes its state, and replaces it when it
 * ends or stops beating.  It is visible in pg_stat_activity but connected to no
 * database, so that it blocks neither DROP DATABASE nor CREATE DATABASE TEMPLATE,
 * and it writes nothing, so that a standby has one too.  It must never wait for
 * anything but its latch, and never run the models itself: killing it with
 * SIGKILL restarts all of PostgreSQL, killing the server costs nobody anything.
 */
#include "postgres.h"

#include <signal.h>

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/latch.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "clock.h"
#include "guc.h"
#include "protocol.h"
#include "server_output.h"
#include "server_process.h"
#include "shared_state.h"
#include "supervisor.h"

#define SUPERVISOR_NAME "ai_runtime supervisor"
#define READY_TIMEOUT_MS 30000	/* from the start to "ready" */
#define HEARTBEAT_TIMEOUT_MS 5000	/* between two heartbeats */
#define STOP_TIMEOUT_MS 2000	/* from SIGTERM to SIGKILL */
#define MIN_BACKOFF_MS 100
#define MAX_BACKOFF_MS 30000
#define STABLE_AFTER_MS 60000	/* so long up: the next back-off is the first again */

typedef struct Supervisor
{
	AiServerOptions options;	/* of the running or next server */
	AiServerProcess process;
	AiServerOutput output;
	AiServerState state;		/* as published */
	uint64		deadline_us;	/* for the next sign of life */
	uint64		kill_us;		/* SIGTERM was sent: SIGKILL then; else none */
	uint64		next_start_us;
	uint64		ready_us;		/* when it became ready; 0: it is not */
	int			backoff_ms;
	bool		explained;		/* the server said why it is about to end */
	StringInfoData text;		/* scratch for messages */
} Supervisor;

static Supervisor *supervisor;

/* Wakes the main loop when the server has ended. */
static void
handle_child_signal(SIGNAL_ARGS)
{
	int			save_errno = errno;

	(void) postgres_signal_arg;
	SetLatch(MyLatch);
	errno = save_errno;
}

/* Remembers a reason for backends that ask why there is no server. */
static void
set_last_error(const char *text)
{
	supervisor->explained = true;
	strlcpy(supervisor->state.last_error, text, AI_LAST_ERROR_BYTES);
}

/* Publishes a phase; what belongs to a process goes with it. */
static void
publish_phase(AiServerPhase phase)
{
	AiServerState *state = &supervisor->state;

	state->phase = phase;
	state->pid = (int) supervisor->process.pid;
	if (phase != AI_SERVER_BACKING_OFF)
		state->next_restart_at = 0;
	if (phase != AI_SERVER_RUNNING)
		memset(&state->figures, 0, sizeof(state->figures));
	if (state->pid == 0)
		state->started_at = 0;
	ai_shared_state_publish(state);
}

/* Plans the next start; each one in a row comes later than the last. */
static void
back_off(void)
{
	int			delay_ms;

	if (supervisor->ready_us != 0 &&
		ai_clock_us() - supervisor->ready_us > (uint64) STABLE_AFTER_MS * 1000)
		supervisor->backoff_ms = MIN_BACKOFF_MS;
	delay_ms = (int) (supervisor->backoff_ms *
					  (0.8 + 0.4 * pg_prng_double(&pg_global_prng_state)));
	supervisor->backoff_ms = Min(supervisor->backoff_ms * 2, MAX_BACKOFF_MS);
	supervisor->next_start_us = ai_deadline_in(delay_ms);
	supervisor->state.next_restart_at =
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), delay_ms);
	publish_phase(AI_SERVER_BACKING_OFF);
}

/* Starts the server, or says why it cannot be started and backs off. */
static void
start_server(void)
{
	static bool started_before = false;

	resetStringInfo(&supervisor->text);
	supervisor->output.length = 0;
	supervisor->ready_us = 0;
	supervisor->kill_us = AI_NO_DEADLINE;
	supervisor->explained = false;
	strlcpy(supervisor->state.socket_path, supervisor->options.socket_path, MAXPGPATH);
	if (!ai_server_process_start(&supervisor->options, &supervisor->process,
								 &supervisor->text))
	{
		set_last_error(supervisor->text.data);
		ereport(LOG, (errmsg("could not start inference server: %s",
							 supervisor->text.data)));
		back_off();
		return;
	}
	if (started_before || supervisor->state.generation > 0)
		supervisor->state.restarts++;
	started_before = true;
	supervisor->state.started_at = GetCurrentTimestamp();
	supervisor->deadline_us = ai_deadline_in(READY_TIMEOUT_MS);
	publish_phase(AI_SERVER_STARTING);
}

/* Asks the server to end by itself; SIGKILL follows if it does not. */
static void
stop_server(void)
{
	if (supervisor->process.pid == 0 || supervisor->kill_us != AI_NO_DEADLINE)
		return;
	kill(supervisor->process.pid, SIGTERM);
	supervisor->kill_us = ai_deadline_in(STOP_TIMEOUT_MS);
	publish_phase(ai_guc_server_autostart ? AI_SERVER_STARTING : AI_SERVER_OFF);
}

/* Kills a server that gave no sign of life, or did not stop, in time. */
static void
kill_late_server(void)
{
	uint64		now = ai_clock_us();

	if (supervisor->process.pid == 0 ||
		now < Min(supervisor->deadline_us, supervisor->kill_us))
		return;
	if (supervisor->kill_us == AI_NO_DEADLINE)
	{
		resetStringInfo(&supervisor->text);
		appendStringInfo(&supervisor->text, "inference server (PID %d) gave no sign of life "
						 "for %d s and was killed", (int) supervisor->process.pid,
						 (supervisor->ready_us ? HEARTBEAT_TIMEOUT_MS : READY_TIMEOUT_MS) / 1000);
		set_last_error(supervisor->text.data);
		ereport(LOG, (errmsg("%s", supervisor->text.data)));
	}
	kill(supervisor->process.pid, SIGKILL);
	supervisor->deadline_us = AI_NO_DEADLINE;
	if (supervisor->kill_us != AI_NO_DEADLINE)
		supervisor->kill_us = ai_deadline_in(STOP_TIMEOUT_MS);
}

/* Takes note of a server that is ready, if it speaks our protocol. */
static void
accept_ready(const AiServerLine *line)
{
	AiServerState *state = &supervisor->state;

	if (line->protocol != AI_PROTOCOL_VERSION)
	{
		resetStringInfo(&supervisor->text);
		appendStringInfo(&supervisor->text, "inference server \"%s\" speaks protocol %d, "
						 "ai_runtime %s speaks protocol %d", line->version, line->protocol,
						 AI_RUNTIME_VERSION, AI_PROTOCOL_VERSION);
		set_last_error(supervisor->text.data);
		ereport(LOG, (errmsg("%s", supervisor->text.data)));
		supervisor->deadline_us = AI_NO_DEADLINE;
		kill(supervisor->process.pid, SIGKILL);
		return;
	}
	supervisor->ready_us = ai_clock_us();
	supervisor->deadline_us = ai_deadline_in(HEARTBEAT_TIMEOUT_MS);
	strlcpy(state->version, line->version, sizeof(state->version));
	strlcpy(state->ort_version, line->ort_version, sizeof(state->ort_version));
	if (supervisor->kill_us != AI_NO_DEADLINE)
		return;					/* it is stopping */
	state->generation++;
	publish_phase(AI_SERVER_RUNNING);
	ereport(LOG, (errmsg("inference server is ready (PID %d, version %s, "
						 "ONNX Runtime %s)", (int) supervisor->process.pid,
						 line->version, line->ort_version)));
}

/* Acts on one line of the server's output. */
static void
handle_line(const AiServerLine *line, void *arg)
{
	(void) arg;
	switch (line->kind)
	{
		case AI_LINE_READY:
			if (supervisor->ready_us == 0)
				accept_ready(line);
			break;
		case AI_LINE_HEARTBEAT:
			if (supervisor->ready_us == 0 || supervisor->deadline_us == AI_NO_DEADLINE)
				break;
			supervisor->deadline_us = ai_deadline_in(HEARTBEAT_TIMEOUT_MS);
			supervisor->explained = false;
			supervisor->state.figures = line->figures;
			ai_shared_state_publish_figures(&line->figures);
			break;
		case AI_LINE_TEXT:
			if (line->is_error)
				set_last_error(line->text);
			break;
	}
}

/* Reads what the server printed. */
static void
read_output(void)
{
	AiServerProcess *process = &supervisor->process;

	if (process->output_fd >= 0 &&
		!ai_server_output_read(&supervisor->output, process->output_fd, handle_line, NULL))
		ai_server_process_close_output(process);
}

/* Collects a server that has ended and plans what comes next. */
static void
reap_server(void)
{
	bool		wished = supervisor->kill_us != AI_NO_DEADLINE;

	resetStringInfo(&supervisor->text);
	if (!ai_server_process_reap(&supervisor->process, &supervisor->text))
		return;
	read_output();
	ai_server_process_close_output(&supervisor->process);
	if (wished)
	{
		ereport(LOG, (errmsg("inference server stopped")));
		supervisor->next_start_us = 0;
		publish_phase(ai_guc_server_autostart ? AI_SERVER_STARTING : AI_SERVER_OFF);
		return;
	}
	ereport(LOG, (errmsg("%s", supervisor->text.data)));
	/* An error that it printed, or for which we killed it, says more than its end. */
	if (!supervisor->explained)
		set_last_error(supervisor->text.data);
	back_off();
}

/* Applies changed settings: what the server was started with changes by a restart. */
static void
reload_settings(void)
{
	AiServerOptions options;

	ConfigReloadPending = false;
	ProcessConfigFile(PGC_SIGHUP);
	ai_server_options_read(&options);
	if (memcmp(&options, &supervisor->options, sizeof(options)) != 0)
	{
		supervisor->options = options;
		if (supervisor->process.pid != 0)
			ereport(LOG, (errmsg("restarting inference server to apply changed settings")));
		supervisor->backoff_ms = MIN_BACKOFF_MS;
		supervisor->next_start_us = 0;
		stop_server();
	}
	if (!ai_guc_server_autostart)
	{
		stop_server();
		if (supervisor->process.pid == 0)
			publish_phase(AI_SERVER_OFF);
	}
}

/* Waits for a signal, output of the server, or the next deadline. */
static void
wait_for_event(void)
{
	uint64		wake_us = AI_NO_DEADLINE;
	int			events = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH;
	long		left_ms;

	if (supervisor->process.pid != 0)
		wake_us = Min(supervisor->deadline_us, supervisor->kill_us);
	else if (ai_guc_server_autostart)
		wake_us = supervisor->next_start_us;
	left_ms = ai_deadline_left_ms(wake_us);
	if (left_ms >= 0)
		events |= WL_TIMEOUT;
	if (supervisor->process.output_fd >= 0)
		events |= WL_SOCKET_READABLE;
	(void) WaitLatchOrSocket(MyLatch, events, supervisor->process.output_fd, left_ms,
							 PG_WAIT_EXTENSION);
	ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Tells the backends that nobody watches the server until the worker is back. */
static void
publish_exit(int code, Datum arg)
{
	(void) code;
	(void) arg;
	if (supervisor->process.pid != 0)
		kill(supervisor->process.pid, SIGKILL);
	supervisor->process.pid = 0;
	supervisor->state.next_restart_at =
		TimestampTzPlusMilliseconds(GetCurrentTimestamp(), 1000);
	publish_phase(ai_guc_server_autostart ? AI_SERVER_BACKING_OFF : AI_SERVER_OFF);
}

/* Sets up what the main loop works with; the counters survive in shared memory. */
static void
initialize_supervisor(void)
{
	supervisor = MemoryContextAllocZero(TopMemoryContext, sizeof(Supervisor));
	ai_shared_state_read(&supervisor->state);
	ai_server_options_read(&supervisor->options);
	supervisor->process.output_fd = -1;
	supervisor->deadline_us = AI_NO_DEADLINE;
	supervisor->kill_us = AI_NO_DEADLINE;
	supervisor->backoff_ms = MIN_BACKOFF_MS;
	initStringInfo(&supervisor->text);
	before_shmem_exit(publish_exit, (Datum) 0);
	publish_phase(ai_guc_server_autostart ? AI_SERVER_STARTING : AI_SERVER_OFF);
}

/* Runs until PostgreSQL shuts down; always leaves with 1, so that it is restarted. */
void
ai_supervisor_main(Datum main_arg)
{
	(void) main_arg;
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGINT, SIG_IGN);
	pqsignal(SIGCHLD, handle_child_signal);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	pgstat_report_appname(SUPERVISOR_NAME);
	initialize_supervisor();

	while (!ShutdownRequestPending || supervisor->process.pid != 0)
	{
		if (ConfigReloadPending)
			reload_settings();
		read_output();
		reap_server();
		if (ShutdownRequestPending)
			stop_server();
		kill_late_server();
		if (supervisor->process.pid == 0 && ai_guc_server_autostart &&
			!ShutdownRequestPending && ai_clock_us() >= supervisor->next_start_us)
			start_server();
		if (!ShutdownRequestPending || supervisor->process.pid != 0)
			wait_for_event();
	}
	proc_exit(1);
}

/* Registers the worker; without preloading there is none. */
void
ai_supervisor_init(void)
{
	BackgroundWorker worker;

	if (!process_shared_preload_libraries_in_progress)
		return;
	memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_ConsistentState;
	worker.bgw_restart_time = 1;
	strlcpy(worker.bgw_library_name, "ai_runtime", BGW_MAXLEN);
	strlcpy(worker.bgw_function_name, "ai_supervisor_main", BGW_MAXLEN);
	strlcpy(worker.bgw_name, SUPERVISOR_NAME, BGW_MAXLEN);
	strlcpy(worker.bgw_type, SUPERVISOR_NAME, BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

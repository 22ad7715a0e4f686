/*
 * server_process.c
 *	  Forks and executes the inference server, and tells how it ended.
 *
 * Called by the supervisor alone.  The server is exec'd, never just forked, so
 * that it holds nothing of PostgreSQL: no shared memory, no descriptor, no
 * environment, no working directory with files in it.  Killing it costs no
 * session; the death of whatever stands above it kills it.
 */
#include "postgres.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "storage/fd.h"

#include "guc.h"
#include "server_process.h"

/* Base backups leave out what is named pgsql_tmp*. */
#define DEFAULT_SOCKET_DIRECTORY "pgsql_tmp_ai_runtime"

/* The server's working directory, below the socket directory. */
#define WORKING_DIRECTORY "empty"

#define FALLBACK_PATH "/usr/local/bin:/usr/bin:/bin"
#define MAX_ARGUMENTS 32
#define MAX_VARIABLES 8

/* What the child needs, made before the fork so that it allocates nothing. */
typedef struct Launch
{
	const char *program;
	char	   *arguments[MAX_ARGUMENTS];
	char	   *environment[MAX_VARIABLES];
	char		working_directory[MAXPGPATH];
	pid_t		parent;
	int			output_fd;
} Launch;

/* Finds a program in PATH; leaves found empty if it is not there. */
static void
find_program(const char *name, char *found)
{
	const char *path = getenv("PATH");

	*found = '\0';
	if (strchr(name, '/') != NULL)
	{
		strlcpy(found, name, MAXPGPATH);
		return;
	}
	for (path = path ? path : FALLBACK_PATH; *path;)
	{
		size_t		length = strcspn(path, ":");
		char		candidate[MAXPGPATH];

		snprintf(candidate, sizeof(candidate), "%.*s/%s", (int) length, path, name);
		if (is_absolute_path(candidate) && access(candidate, X_OK) == 0)
		{
			strlcpy(found, candidate, MAXPGPATH);
			return;
		}
		path += length;
		path += *path == ':';
	}
}

/* Copies the list of providers as the server takes it: lower case, no spaces. */
static void
copy_providers(char *copy, size_t size)
{
	size_t		length = 0;

	for (const char *p = ai_guc_execution_providers; *p && length < size - 1; p++)
	{
		if (isalpha((unsigned char) *p) || *p == ',')
			copy[length++] = pg_tolower((unsigned char) *p);
	}
	copy[length] = '\0';
}

void
ai_server_options_read(AiServerOptions *options)
{
	static const char libdir[] = "$libdir";

	memset(options, 0, sizeof(*options));
	find_program(ai_guc_node_path, options->node_path);
	if (strncmp(ai_guc_server_path, libdir, strlen(libdir)) == 0)
		snprintf(options->server_path, MAXPGPATH, "%s%s", pkglib_path,
				 ai_guc_server_path + strlen(libdir));
	else
		strlcpy(options->server_path, ai_guc_server_path, MAXPGPATH);
	if (*ai_guc_socket_directory)
		strlcpy(options->socket_directory, ai_guc_socket_directory, MAXPGPATH);
	else
		snprintf(options->socket_directory, MAXPGPATH, "%s/%s", DataDir,
				 DEFAULT_SOCKET_DIRECTORY);
	snprintf(options->socket_path, MAXPGPATH, "%.900s/.s.ai_runtime.%d",
			 options->socket_directory, PostPortNumber);
	copy_providers(options->execution_providers, sizeof(options->execution_providers));
	options->intra_op_threads = ai_guc_intra_op_threads;
	options->threads = ai_guc_server_threads;
	options->log_level = ai_guc_server_log_level;
	options->dynamic_batching = ai_guc_dynamic_batching;
	options->max_batch_size = ai_guc_max_batch_size;
	options->max_queue_delay_us = ai_guc_max_queue_delay_us;
	options->session_memory_limit_bytes = (int64) ai_guc_session_memory_limit * 1024;
}

/* Makes a directory, or checks that the one that is there is ours alone. */
static bool
prepare_directory(const char *path, mode_t mode, StringInfo error)
{
	struct stat status;

	if (mkdir(path, mode) != 0 && errno != EEXIST)
	{
		appendStringInfo(error, "could not create directory \"%s\": %m", path);
		return false;
	}
	if (lstat(path, &status) != 0 || !S_ISDIR(status.st_mode))
	{
		appendStringInfo(error, "\"%s\" is not a directory", path);
		return false;
	}
	if (status.st_uid != geteuid())
	{
		appendStringInfo(error, "directory \"%s\" does not belong to the user that runs "
						 "PostgreSQL", path);
		return false;
	}
	if ((status.st_mode & 0777) != mode && chmod(path, mode) != 0)
	{
		appendStringInfo(error, "could not set permissions of directory \"%s\": %m", path);
		return false;
	}
	return true;
}

/* Checks that program and server file are there, and cleans the directories. */
static bool
prepare_files(const AiServerOptions *options, Launch *launch, StringInfo error)
{
	if (*options->node_path == '\0')
	{
		appendStringInfo(error, "program \"%s\" is not in PATH (setting ai_runtime.node_path)",
						 ai_guc_node_path);
		return false;
	}
	if (access(options->node_path, X_OK) != 0)
	{
		appendStringInfo(error, "could not execute \"%s\" (setting ai_runtime.node_path): %m",
						 options->node_path);
		return false;
	}
	if (access(options->server_path, R_OK) != 0)
	{
		appendStringInfo(error, "could not read \"%s\" (setting ai_runtime.server_path): %m",
						 options->server_path);
		return false;
	}
	snprintf(launch->working_directory, MAXPGPATH, "%.900s/%s", options->socket_directory,
			 WORKING_DIRECTORY);
	if (!prepare_directory(options->socket_directory, 0700, error) ||
		!prepare_directory(launch->working_directory, 0500, error))
		return false;
	if (unlink(options->socket_path) != 0 && errno != ENOENT)
	{
		appendStringInfo(error, "could not remove old socket \"%s\": %m",
						 options->socket_path);
		return false;
	}
	return true;
}

/* Fills in command line and environment. */
static void
prepare_arguments(const AiServerOptions *options, Launch *launch)
{
	const char *path = getenv("PATH");
	int			count = 0;

	launch->program = options->node_path;
	launch->arguments[count++] = pstrdup(options->node_path);
	launch->arguments[count++] = pstrdup(options->server_path);
#define ADD_OPTION(name, ...) \
	(launch->arguments[count++] = pstrdup(name), \
	 launch->arguments[count++] = psprintf(__VA_ARGS__))
	ADD_OPTION("--socket-path", "%s", options->socket_path);
	ADD_OPTION("--intra-op-threads", "%d", options->intra_op_threads);
	ADD_OPTION("--threads", "%d", options->threads);
	ADD_OPTION("--execution-providers", "%s", options->execution_providers);
	ADD_OPTION("--session-memory-limit-bytes", INT64_FORMAT,
			   options->session_memory_limit_bytes);
	ADD_OPTION("--dynamic-batching", "%s", options->dynamic_batching ? "on" : "off");
	ADD_OPTION("--max-batch-size", "%d", options->max_batch_size);
	ADD_OPTION("--max-queue-delay-us", "%d", options->max_queue_delay_us);
	ADD_OPTION("--log-level", "%s", ai_guc_log_level_name(options->log_level));
	ADD_OPTION("--supervisor-pid", "%d", MyProcPid);
#undef ADD_OPTION
	Assert(count < MAX_ARGUMENTS);
	launch->arguments[count] = NULL;

	count = 0;
	launch->environment[count++] = psprintf("PATH=%s", path ? path : FALLBACK_PATH);
	launch->environment[count++] = pstrdup("LANG=C.UTF-8");
	launch->environment[count++] = pstrdup("HOME=/nonexistent");
	launch->environment[count++] = pstrdup("ORT_DISABLE_TELEMETRY=1");
	launch->environment[count] = NULL;
}

/* Gives back what prepare_arguments() took. */
static void
free_arguments(Launch *launch)
{
	for (char **text = launch->arguments; *text; text++)
		pfree(*text);
	for (char **text = launch->environment; *text; text++)
		pfree(*text);
}

/* Writes a line for the supervisor and ends the child. */
static void
fail_child(const char *what, const char *name)
{
	char		line[MAXPGPATH + 128];
	int			length = snprintf(line, sizeof(line), "log error could not %s%s%s: %s\n",
								  what, *name ? " " : "", name, strerror(errno));

	if (write(STDOUT_FILENO, line, Min((size_t) length, sizeof(line) - 1)) < 0)
		_exit(126);
	_exit(127);
}

/* Makes the process the first victim of a machine that runs out of memory. */
static void
raise_oom_score(void)
{
	int			fd = open("/proc/self/oom_score_adj", O_WRONLY);

	if (fd < 0 || write(fd, "1000", 4) != 4)
		return;					/* not on this kernel */
	close(fd);
}

/* Closes every descriptor from 3 on. */
static void
close_inherited_files(void)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, 3, ~0U, 0) == 0)
		return;
#endif
	for (int fd = 3; fd < (int) sysconf(_SC_OPEN_MAX); fd++)
		close(fd);
}

/* Becomes the server.  Runs in the child; must not return nor use PostgreSQL. */
static void
run_child(const Launch *launch)
{
	static const struct rlimit no_core = {0, 0};
	sigset_t	none;
	int			null_fd = open("/dev/null", O_RDONLY);

	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);

	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
		dup2(launch->output_fd, STDOUT_FILENO) < 0 ||
		dup2(launch->output_fd, STDERR_FILENO) < 0)
		_exit(127);
	close_inherited_files();

	/* Its own session: PostgreSQL signals whole process groups of its children. */
	(void) setsid();
	/* Tied to the thread that forked; the supervisor has only one. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		fail_child("set the parent death signal", "");
	if (getppid() != launch->parent)
		_exit(127);				/* it died before the call above */
	(void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void) setrlimit(RLIMIT_CORE, &no_core);	/* inputs must not end in a file */
	raise_oom_score();
	umask(077);
	if (chdir(launch->working_directory) != 0)
		fail_child("change to directory", launch->working_directory);
	execve(launch->program, launch->arguments, launch->environment);
	fail_child("execute", launch->program);
}

/* Forks with all signals blocked, so that no handler of ours runs in the child. */
static pid_t
fork_server(Launch *launch)
{
	sigset_t	all;
	sigset_t	old;
	pid_t		pid;

	fflush(NULL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
	{
		run_child(launch);
		_exit(127);
	}
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

bool
ai_server_process_start(const AiServerOptions *options, AiServerProcess *process,
						StringInfo error)
{
	Launch		launch;
	int			pipe_fds[2];
	pid_t		pid;

	Assert(process->pid == 0 && process->output_fd < 0);
	memset(&launch, 0, sizeof(launch));
	if (!prepare_files(options, &launch, error))
		return false;
	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
	{
		appendStringInfo(error, "could not create pipe: %m");
		return false;
	}
	prepare_arguments(options, &launch);
	launch.parent = MyProcPid;
	launch.output_fd = pipe_fds[1];
	pid = fork_server(&launch);
	if (pid < 0)
		appendStringInfo(error, "could not fork inference server: %m");
	close(pipe_fds[1]);
	free_arguments(&launch);
	if (pid < 0 || fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK) != 0)
	{
		close(pipe_fds[0]);
		return false;
	}
	process->pid = pid;
	process->output_fd = pipe_fds[0];
	return true;
}

bool
ai_server_process_reap(AiServerProcess *process, StringInfo description)
{
	int			status;
	pid_t		pid;

	if (process->pid == 0)
		return false;
	pid = waitpid(process->pid, &status, WNOHANG);
	if (pid == 0 || (pid < 0 && errno == EINTR))
		return false;
	process->pid = 0;
	if (pid < 0)
		appendStringInfoString(description, "inference server is gone");
	else if (WIFSIGNALED(status))
		appendStringInfo(description, "inference server was terminated by signal %d: %s",
						 WTERMSIG(status), pg_strsignal(WTERMSIG(status)));
	else
		appendStringInfo(description, "inference server exited with code %d",
						 WEXITSTATUS(status));
	return true;
}

void
ai_server_process_close_output(AiServerProcess *process)
{
	if (process->output_fd >= 0)
		close(process->output_fd);
	process->output_fd = -1;
}

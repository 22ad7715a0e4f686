/*
 * guc.c
 *	  Defines the settings ai_runtime.* and checks what is assigned to them.
 *
 * Nothing here acts on a setting.
 */
#include "postgres.h"

#include <limits.h>

#include "utils/guc.h"
#include "utils/varlena.h"

#include "guc.h"
#include "protocol.h"

char	   *ai_guc_node_path;
char	   *ai_guc_server_path;
char	   *ai_guc_socket_directory;
bool		ai_guc_server_autostart = true;
char	   *ai_guc_execution_providers;
int			ai_guc_intra_op_threads = 1;
int			ai_guc_server_threads = 0;
int			ai_guc_session_memory_limit = 1024 * 1024;
bool		ai_guc_dynamic_batching = true;
int			ai_guc_max_batch_size = 1024;
int			ai_guc_max_queue_delay_us = 0;
int			ai_guc_server_log_level = 1;

int			ai_guc_connect_timeout = 5000;
int			ai_guc_request_timeout = 60000;
int			ai_guc_on_unavailable = AI_ON_UNAVAILABLE_ERROR;
int			ai_guc_nan_policy = AI_NAN_POLICY_ERROR;
int			ai_guc_spin_us = 50;
bool		ai_guc_notify_events = true;
bool		ai_guc_enable_batch_scan = true;

static const struct config_enum_entry log_levels[] = {
	{"debug", 0, false},
	{"info", 1, false},
	{"warning", 2, false},
	{"error", 3, false},
	{NULL, 0, false}
};

static const struct config_enum_entry on_unavailable_values[] = {
	{"error", AI_ON_UNAVAILABLE_ERROR, false},
	{"null", AI_ON_UNAVAILABLE_NULL, false},
	{NULL, 0, false}
};

static const struct config_enum_entry nan_policies[] = {
	{"error", AI_NAN_POLICY_ERROR, false},
	{"null", AI_NAN_POLICY_NULL, false},
	{"string", AI_NAN_POLICY_STRING, false},
	{NULL, 0, false}
};

/* Returns the name of a log level as the server's command line takes it. */
const char *
ai_guc_log_level_name(int level)
{
	Assert(level >= 0 && level < (int) lengthof(log_levels) - 1);
	return log_levels[level].name;
}

/* Accepts an absolute path, or nothing for the default below the data directory. */
static bool
check_socket_directory(char **newval, void **extra, GucSource source)
{
	(void) extra;
	(void) source;
	if (**newval == '\0' || is_absolute_path(*newval))
		return true;
	GUC_check_errdetail("The socket directory must be an absolute path.");
	return false;
}

/* Accepts a name that is looked up in PATH, or an absolute path. */
static bool
check_node_path(char **newval, void **extra, GucSource source)
{
	(void) extra;
	(void) source;
	if (**newval != '\0' && (strchr(*newval, '/') == NULL || is_absolute_path(*newval)))
		return true;
	GUC_check_errdetail("The program must be a name without a slash, or an absolute path.");
	return false;
}

/* Accepts an absolute path, or one below the library directory. */
static bool
check_server_path(char **newval, void **extra, GucSource source)
{
	(void) extra;
	(void) source;
	if (is_absolute_path(*newval) || strncmp(*newval, "$libdir/", strlen("$libdir/")) == 0)
		return true;
	GUC_check_errdetail("The file must be an absolute path, or one that starts with "
						"\"$libdir/\".");
	return false;
}

/* Accepts a list of execution providers that ends with the CPU. */
static bool
check_execution_providers(char **newval, void **extra, GucSource source)
{
	char	   *copy = pstrdup(*newval);
	List	   *names = NIL;
	ListCell   *cell;
	const char *last = "";
	bool		known = SplitIdentifierString(copy, ',', &names);

	(void) extra;
	(void) source;
	foreach(cell, names)
	{
		last = (const char *) lfirst(cell);
		known = known && (strcmp(last, "cpu") == 0 || strcmp(last, "cuda") == 0);
	}
	known = known && strcmp(last, "cpu") == 0;
	if (!known)
		GUC_check_errdetail("The providers are \"cpu\" and \"cuda\", separated by commas; "
							"\"cpu\" stands last.");
	list_free(names);
	pfree(copy);
	return known;
}

/* Defines what tells the supervisor where the server is and where it listens. */
static void
define_server_paths(void)
{
	DefineCustomStringVariable("ai_runtime.node_path",
							   "Node.js program that runs the inference server.",
							   "A name without a slash is looked up in PATH.",
							   &ai_guc_node_path, "node",
							   PGC_SIGHUP, 0, check_node_path, NULL, NULL);
	DefineCustomStringVariable("ai_runtime.server_path",
							   "Main file of the inference server.",
							   "\"$libdir\" stands for PostgreSQL's library directory.",
							   &ai_guc_server_path, "$libdir/ai_runtime/server/main.js",
							   PGC_SIGHUP, 0, check_server_path, NULL, NULL);
	DefineCustomStringVariable("ai_runtime.socket_directory",
							   "Directory of the inference server's socket.",
							   "Empty: a directory below the data directory that base "
							   "backups leave out.",
							   &ai_guc_socket_directory, "",
							   PGC_SIGHUP, 0, check_socket_directory, NULL, NULL);
}

/* Defines how the server runs. */
static void
define_server_limits(void)
{
	DefineCustomBoolVariable("ai_runtime.server_autostart",
							 "Starts the inference server and keeps it running.",
							 NULL, &ai_guc_server_autostart, true,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("ai_runtime.execution_providers",
							   "Execution providers that models run on, preferred ones first.",
							   "\"cpu\", or \"cuda,cpu\".",
							   &ai_guc_execution_providers, "cpu",
							   PGC_SIGHUP, GUC_LIST_INPUT,
							   check_execution_providers, NULL, NULL);
	DefineCustomIntVariable("ai_runtime.intra_op_threads",
							"Threads that one execution of a model may use.",
							NULL, &ai_guc_intra_op_threads, 1, 1, 256,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("ai_runtime.server_threads",
							"Executions that the server runs at the same time.",
							"0: as many as the machine has cores.",
							&ai_guc_server_threads, 0, 0, 1024,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("ai_runtime.session_memory_limit",
							"Memory for loaded models; the least recently used ones go first.",
							"0: no limit.",
							&ai_guc_session_memory_limit, 1024 * 1024, 0, INT_MAX,
							PGC_SIGHUP, GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomEnumVariable("ai_runtime.server_log_level",
							 "Least level of the server's messages that reach the log.",
							 NULL, &ai_guc_server_log_level, 1, log_levels,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/* Defines how the server puts rows together. */
static void
define_batching(void)
{
	DefineCustomBoolVariable("ai_runtime.dynamic_batching",
							 "Lets one execution hold rows of several requests.",
							 "Also lets a large request take several executions.",
							 &ai_guc_dynamic_batching, true,
							 PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("ai_runtime.max_batch_size",
							"Most rows of one execution.",
							"The server measures which size up to it is best for a model.",
							&ai_guc_max_batch_size, 1024, 1, AI_MAX_BATCH_SIZE,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("ai_runtime.max_queue_delay_us",
							"Microseconds that a request waits for others to share an execution.",
							"0: what waits already is enough.",
							&ai_guc_max_queue_delay_us, 0, 0, AI_MAX_QUEUE_DELAY_US,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
}

/* Defines what each session may choose for itself. */
static void
define_session_settings(void)
{
	DefineCustomIntVariable("ai_runtime.connect_timeout",
							"Longest wait for a connection to the inference server.",
							"Includes the wait for a server that is starting.",
							&ai_guc_connect_timeout, 5000, 1, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("ai_runtime.request_timeout",
							"Longest wait for the answer to one inference request.",
							"0: no limit but statement_timeout.",
							&ai_guc_request_timeout, 60000, 0, INT_MAX,
							PGC_USERSET, GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomEnumVariable("ai_runtime.on_unavailable",
							 "What a prediction gives while no inference server answers.",
							 NULL, &ai_guc_on_unavailable, AI_ON_UNAVAILABLE_ERROR,
							 on_unavailable_values, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomEnumVariable("ai_runtime.nan_policy",
							 "What becomes of NaN and infinite numbers in a prediction.",
							 "\"error\" raises one, \"null\" gives JSON null, \"string\" gives "
							 "\"NaN\", \"Infinity\" or \"-Infinity\".",
							 &ai_guc_nan_policy, AI_NAN_POLICY_ERROR,
							 nan_policies, PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("ai_runtime.enable_batch_scan",
							 "Lets the planner put batch inference under a query's predictions.",
							 "Off: row at a time.",
							 &ai_guc_enable_batch_scan, true,
							 PGC_USERSET, GUC_EXPLAIN, NULL, NULL, NULL);
	DefineCustomIntVariable("ai_runtime.spin_us",
							"Microseconds to poll for a reply before going to sleep.",
							"0: never. Polling stops by itself where it does not pay.",
							&ai_guc_spin_us, 50, 0, 10000,
							PGC_USERSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("ai_runtime.notify_events",
							 "Notifies the channel ai_model_events of changes to models.",
							 "A transaction that notifies cannot be prepared for a two-phase "
							 "commit: switch it off there.",
							 &ai_guc_notify_events, true,
							 PGC_USERSET, 0, NULL, NULL, NULL);
}

/* Defines every setting and keeps other names of the prefix from being set. */
void
ai_guc_init(void)
{
	define_server_paths();
	define_server_limits();
	define_batching();
	define_session_settings();
	MarkGUCPrefixReserved("ai_runtime");
}

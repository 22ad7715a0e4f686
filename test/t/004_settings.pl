
# Settings: what is missing is named, what changes is applied, what is wrong is refused.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $echo = q{SELECT ai_runtime._echo('\x01')};
my ($rc, $stdout, $stderr);

# Not preloaded.
my $bare = PostgreSQL::Test::Cluster->new('not_preloaded');
$bare->init;
$bare->append_conf('postgresql.conf', "shared_preload_libraries = 'auto_explain'");
$bare->start;
create_server_functions($bare);
($rc, $stdout, $stderr) = $bare->psql('postgres', "\\set VERBOSITY verbose\n$echo");
like($stderr, qr/55000: ai_runtime must be loaded via "shared_preload_libraries"/,
	'says that the library must be preloaded');
like($stderr, qr/^shared_preload_libraries = 'auto_explain, ai_runtime'$/m,
	'gives the line, with the libraries that are there already');
like($stderr, qr/restart PostgreSQL/, 'says that a restart is needed');
like($stderr, qr/the last assignment wins/, 'says which assignment counts');
is( $bare->safe_psql('postgres', 'SELECT preloaded, state FROM ai_runtime._server_state()'),
	'f|off',
	'state can be asked for without preloading');
is($bare->safe_psql('postgres', 'SELECT ai_runtime._model_statistics()'),
	'[]', 'statistics are empty without preloading');
$bare->stop;

# Something is missing: PostgreSQL starts all the same and says what.
my $node = new_node('settings');
$node->append_conf('postgresql.conf', "ai_runtime.node_path = 'no_such_node'");
$node->start;
create_server_functions($node);
($rc, $stdout, $stderr) = $node->psql('postgres',
	"\\set VERBOSITY verbose\nSET ai_runtime.connect_timeout = '300ms'; $echo");
like($stderr, qr/57P03: inference server is not running/, 'says that there is no server');
like( $stderr,
	qr/DETAIL: .*program "no_such_node" is not in PATH \(setting ai_runtime\.node_path\)/,
	'says that the program is missing, and which setting names it');
ok($node->log_contains(qr/could not start inference server: program "no_such_node"/),
	'tells the log, too');
is( $node->safe_psql(
		'postgres', q{
	SELECT state, pid IS NULL, next_restart_at IS NOT NULL FROM ai_runtime._server_state()}),
	'backing_off|t|t',
	'publishes when it will try again');
is($node->safe_psql('postgres', 'SELECT ai_runtime._model_statistics()'),
	'[]', 'statistics are empty while there is no server');

$node->append_conf('postgresql.conf', "ai_runtime.node_path = '/bin/false'");
$node->reload;
ok( $node->poll_query_until(
		'postgres', q{
	SELECT last_error = 'inference server exited with code 1' FROM ai_runtime._server_state()}),
	'publishes how a program ended');

$node->append_conf('postgresql.conf',
	"ai_runtime.node_path = 'node'\nai_runtime.server_path = '/nonexistent/main.js'");
$node->reload;
ok( $node->poll_query_until(
		'postgres', q{
	SELECT last_error LIKE '%"/nonexistent/main.js" (setting ai_runtime.server_path)%'
	FROM ai_runtime._server_state()}),
	'names a server file that is missing');

# Repaired by a reload, without waiting for the back-off to end.
$node->append_conf('postgresql.conf',
	q{ai_runtime.server_path = '$libdir/ai_runtime/server/main.js'});
$node->reload;
$node->poll_query_until('postgres', "SELECT state = 'running' FROM ai_runtime._server_state()");
my $pid = wait_until_ready($node);
is($node->safe_psql('postgres', $echo), '\x01', 'starts as soon as the setting is right');

# A changed setting restarts the server, another reload does not.
$node->reload;
$node->append_conf('postgresql.conf', 'ai_runtime.intra_op_threads = 2');
$node->reload;
ok( $node->poll_query_until(
		'postgres',
		"SELECT state = 'running' AND pid <> $pid FROM ai_runtime._server_state()"),
	'applies a changed setting by a new server');
ok(process_is_gone($pid), 'the old server is gone');
$pid = server_pid($node);
like(slurp_file("/proc/$pid/cmdline"), qr/--intra-op-threads\0002\0/,
	'new server runs with the changed setting');
my $restarts = $node->safe_psql('postgres', 'SELECT restarts FROM ai_runtime._server_state()');
$node->reload;
is($node->safe_psql('postgres', $echo), '\x01', 'answers after a reload');
is($node->safe_psql('postgres', 'SELECT restarts FROM ai_runtime._server_state()'),
	$restarts, 'a reload that changes nothing leaves the server alone');

# Off and on again.
$node->append_conf('postgresql.conf', 'ai_runtime.server_autostart = off');
$node->reload;
ok( $node->poll_query_until(
		'postgres',
		"SELECT state = 'off' AND pid IS NULL FROM ai_runtime._server_state()"),
	'server_autostart = off stops the server');
($rc, $stdout, $stderr) = $node->psql('postgres', $echo);
like($stderr, qr/inference server is not running/, 'a call fails at once while it is off');
like($stderr, qr/DETAIL: .*ai_runtime\.server_autostart is off/,
	'its detail says why, not how an earlier server ended');
like($stderr, qr/HINT: .*ai_runtime\.server_autostart/, 'its hint names the setting');
$node->append_conf('postgresql.conf', 'ai_runtime.server_autostart = on');
$node->reload;
ok( $node->poll_query_until('postgres', "SELECT state = 'running' FROM ai_runtime._server_state()"),
	'server_autostart = on starts it again');
foreach my $try (1 .. 5)
{
	$node->restart;
	is($node->safe_psql('postgres', $echo), '\x01',
		"a call right after PostgreSQL's start waits for the server ($try)");
}

# Wrong values.
foreach my $case (
	[ 'execution_providers', 'tpu', qr/The providers are "cpu" and "cuda"/ ],
	[ 'execution_providers', 'cuda', qr/"cpu" stands last/ ],
	[ 'socket_directory', 'relative', qr/must be an absolute path/ ],
	[ 'node_path', '', qr/must be a name without a slash, or an absolute path/ ],
	[ 'node_path', 'bin/node', qr/must be a name without a slash, or an absolute path/ ],
	[ 'server_path', 'main.js', qr/starts with "\$libdir\/"/ ],
	[ 'nan_policy', 'zero', qr/Available values: error, null, string/ ],
	[ 'no_such_setting', '1', qr/"ai_runtime" is a reserved prefix|unrecognized configuration/ ])
{
	my ($name, $value, $message) = @$case;

	($rc, $stdout, $stderr) =
	  $node->psql('postgres', "ALTER SYSTEM SET ai_runtime.$name = '$value'");
	like($stderr, $message, "refuses $name = '$value'");
}

# A directory whose path is too long for a socket's address.
my $long = $node->basedir . '/' . ('long_directory_name_' x 6);
mkdir $long or die "could not make $long: $!";
$node->append_conf('postgresql.conf', "ai_runtime.socket_directory = '$long/sockets'");
$pid = server_pid($node);
$node->reload;
$node->poll_query_until('postgres',
	"SELECT state = 'running' AND pid <> $pid FROM ai_runtime._server_state()");
is($node->safe_psql('postgres', $echo), '\x01', 'reaches a socket behind a path of any length');

$node->stop;
done_testing();

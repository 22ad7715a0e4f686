
# The supervisor starts the server, watches it and replaces it.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('supervision');
$node->start;
create_server_functions($node);
my $pid = wait_until_ready($node);

is( $node->safe_psql(
		'postgres', q{
	SELECT count(*) || ':' || count(datid) FROM pg_stat_activity
	WHERE backend_type = 'ai_runtime supervisor'}),
	'1:0',
	'shows one supervisor, connected to no database');
is( $node->safe_psql(
		'postgres', q{
	SELECT preloaded, state, restarts, version <> '', ort_version <> '', last_error IS NULL
	FROM ai_runtime._server_state()}),
	't|running|0|t|t|t',
	'publishes the state of the server');
is($node->safe_psql('postgres', q{SELECT ai_runtime._echo('\xdeadbeef')}),
	'\xdeadbeef', 'answers a call');
ok($node->poll_query_until('postgres', 'SELECT rss_bytes > 0 FROM ai_runtime._server_state()'),
	'publishes the figures of its heartbeat');
is( $node->safe_psql('postgres', q{SELECT jsonb_typeof(ai_runtime._server_metadata())}),
	'object', 'returns what the server tells about itself');
is( $node->safe_psql(
		'postgres', q{
	SELECT count(*) FROM generate_series(0, 300) AS power,
		LATERAL (SELECT decode(repeat('ab', power * power), 'hex') AS bytes) AS input
	WHERE ai_runtime._echo(bytes) <> bytes}),
	'0',
	'carries frames of many lengths unchanged');
is( $node->safe_psql(
		'postgres', q{
	SELECT sha256(ai_runtime._echo(bytes)) = sha256(bytes)
	FROM convert_to(repeat('0123456789abcdef', 4 * 1024 * 1024), 'UTF8') AS bytes}),
	't',
	'carries a frame of 64 MiB');

# What the process inherits.
my $status = slurp_file("/proc/$pid/status");
like($status, qr/^NoNewPrivs:\s*1$/m, 'server cannot gain privileges');
like($status, qr/^SigBlk:\s*0+$/m, 'server has no signal blocked');
like($status, qr/^Umask:\s*0077$/m, 'server creates files for its user alone');
is(slurp_file("/proc/$pid/oom_score_adj"), "1000\n",
	'server is the first victim when memory runs out');
my $cwd = readlink("/proc/$pid/cwd");
like($cwd, qr{/pgsql_tmp_ai_runtime/empty$}, 'server works in a directory of its own');
is_deeply([ glob("$cwd/*"), (stat($cwd))[2] & oct(777) ],
	[ oct(500) ], 'server works in an empty directory that it cannot write to');
my @files = map { readlink($_) // '' } glob("/proc/$pid/fd/*");
my $data_dir = $node->data_dir;
is(scalar(grep { m{^\Q$data_dir\E/(?!pgsql_tmp_ai_runtime)} } @files),
	0, 'server holds no file of the data directory');
is(scalar(grep { m{/dev/shm|/dev/zero|SYSV} } @files), 0, 'server holds no shared memory');
is(readlink("/proc/$pid/fd/0"), '/dev/null', 'server reads nothing from standard input');
my %environment = map { split /=/, $_, 2 } split /\0/, slurp_file("/proc/$pid/environ");
is_deeply(
	[ sort keys %environment ],
	[qw(HOME LANG ORT_DISABLE_TELEMETRY PATH)],
	'server inherits no more than four variables');
is($environment{ORT_DISABLE_TELEMETRY}, 1, 'telemetry of ONNX Runtime is off');
ok(!-e $environment{HOME}, 'server has no home that anything could be written to');
my $socket_path =
  $node->safe_psql('postgres', 'SELECT socket_path FROM ai_runtime._server_state()');
is((stat($socket_path))[2] & oct(777), oct(600), 'socket is for its user alone');
is((stat($cwd . '/..'))[2] & oct(777), oct(700), 'directory of the socket is for its user alone');

# Killed while idle: other sessions notice nothing.
my $session = $node->background_psql('postgres');
my $backend = $session->query('SELECT pg_backend_pid()');
is($session->query(q{SELECT ai_runtime._echo('\x01')}), '\x01', 'session has a connection');
kill 'KILL', $pid;
ok( $node->poll_query_until(
		'postgres',
		"SELECT state = 'running' AND pid <> $pid FROM ai_runtime._server_state()"),
	'restarts the server after SIGKILL');
is($session->query(q{SELECT ai_runtime._echo('\x02')}),
	'\x02', 'session goes on with the new server');
is($session->query('SELECT pg_backend_pid()'), $backend, 'session is still the same');
is( $node->safe_psql(
		'postgres', q{
	SELECT restarts, last_error LIKE '%terminated by signal 9%' FROM ai_runtime._server_state()}),
	'1|t',
	'counts the restart and keeps its reason');

# Killed with requests under way.
$pid = server_pid($node);
kill 'STOP', $pid;
my @queries = map { start_query($node, "SELECT ai_runtime._echo('\\x0$_')") } (1 .. 9) x 2;
wait_for_waiting_backends($node, scalar @queries);
kill 'KILL', $pid;
$_->{run}->finish foreach @queries;
is_deeply(
	[ map { $_->{stdout} } @queries ],
	[ map { "\\x0$_\n" } (1 .. 9) x 2 ],
	'answers every request that a killed server left behind');
is(join('', map { $_->{stderr} } @queries), '', 'no session saw an error');

# Alive but silent.
$pid = server_pid($node);
my $log_offset = -s $node->logfile;
kill 'STOP', $pid;
is($node->safe_psql('postgres', q{SELECT ai_runtime._echo('\x03')}),
	'\x03', 'answers although the server hangs');
isnt(server_pid($node), $pid, 'replaces a server that gives no sign of life');
ok($node->log_contains(qr/gave no sign of life for \d+ s and was killed/, $log_offset),
	'tells the log why');
ok(process_is_gone($pid), 'the silent server is gone');

# The supervisor itself ends.
$pid = server_pid($node);
$node->safe_psql(
	'postgres', q{
	SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE backend_type = 'ai_runtime supervisor'});
ok( $node->poll_query_until(
		'postgres',
		"SELECT state = 'running' AND pid <> $pid FROM ai_runtime._server_state()"),
	'supervisor comes back after it was terminated');
ok(process_is_gone($pid), 'its old server is gone');
is($session->query(q{SELECT ai_runtime._echo('\x04')}), '\x04', 'session still goes on');

# A supervisor cannot leave zombies behind.
my $supervisor = $node->safe_psql(
	'postgres', q{
	SELECT pid FROM pg_stat_activity WHERE backend_type = 'ai_runtime supervisor'});
my $children = join ' ', map { slurp_file("/proc/$_/stat") } split ' ',
  slurp_file("/proc/$supervisor/task/$supervisor/children");
unlike($children, qr/\) Z /, 'no zombie is left');

$session->quit;
$node->stop;
done_testing();


# A call can always be cancelled, times out on time, and ends when its client goes.
#
# The server is stopped by SIGSTOP, as one that hangs.  Its supervisor kills it
# after a few seconds, so every case stops a server of its own.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = new_node('cancel');
$node->start;
create_server_functions($node);

# Stops the server that runs now and returns its process ID.
sub hang_server
{
	my $pid = wait_until_ready($node);

	kill 'STOP', $pid;
	return $pid;
}

# Kills a server that hangs, so that the next case has another one.
sub replace_server
{
	my ($pid) = @_;

	kill 'KILL', $pid;
	$node->poll_query_until('postgres',
		"SELECT state = 'running' AND pid <> $pid FROM ai_runtime._server_state()")
	  or die 'the server does not come back';
	return;
}

my $echo = q{SELECT ai_runtime._echo('\x01')};
my $waiting_pid = q{SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Extension'
	AND backend_type = 'client backend'};

my $pid = hang_server();
my $query = start_query($node, $echo);
wait_for_waiting_backends($node, 1);
my $start = time();
$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM ($waiting_pid) AS s");
$query->{run}->finish;
cmp_ok(time() - $start, '<', 1, 'cancels at once');
like($query->{stderr}, qr/57014: canceling statement due to user request/, 'reports the cancel');

# The same session goes on, with a connection that holds no old reply.
my ($rc, $stdout, $stderr) = $node->psql(
	'postgres',
	"SET statement_timeout = '200ms'; $echo;",
	on_error_stop => 0);
like($stderr, qr/canceling statement due to statement timeout/, 'statement_timeout works');

($rc, $stdout, $stderr) = $node->psql(
	'postgres', qq{\\set VERBOSITY verbose
	SET ai_runtime.request_timeout = '150ms';
	$echo;
	SELECT 1 AS alive;},
	on_error_stop => 0);
like($stderr, qr/57014: inference timed out after 150 ms/, 'request_timeout has its own message');
like($stderr, qr/HINT: .*ai_runtime\.request_timeout/, 'its hint names the setting');
is($stdout, '1', 'session lives on');
replace_server($pid);

$pid = hang_server();
($rc, $stdout, $stderr) = $node->psql(
	'postgres', qq{
	SET ai_runtime.request_timeout = '150ms';
	BEGIN;
	SAVEPOINT s;
	SELECT ai_runtime._echo('\\x0a');
	ROLLBACK TO s;
	\\! kill -CONT $pid
	RESET ai_runtime.request_timeout;
	SELECT ai_runtime._echo('\\x0b');
	COMMIT;
	SELECT ai_runtime._echo('\\x0c');},
	on_error_stop => 0);
is($stdout, "\\x0b\n\\x0c", 'a late reply never answers a later call');

$pid = hang_server();
my $server_state = $node->safe_psql('postgres', 'SELECT state FROM ai_runtime._server_state()');
is($server_state, 'running', 'a server that hangs counts as running until it is missed');
$query = start_query($node, $echo);
wait_for_waiting_backends($node, 1);
my $backend = $node->safe_psql('postgres', $waiting_pid);
is($node->safe_psql('postgres', "SELECT pg_terminate_backend($backend, 2000)"),
	't', 'pg_terminate_backend ends a waiting session');
$query->{run}->finish;
like($query->{stderr}, qr/terminating connection due to administrator command/, 'and tells it');

$query = start_query($node, $echo);
wait_for_waiting_backends($node, 1);
$backend = $node->safe_psql('postgres', $waiting_pid);
$query->{run}->kill_kill(grace => 0);
ok( $node->poll_query_until(
		'postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = $backend"),
	'a session whose client was killed ends');
replace_server($pid);

# A barrier is absorbed by a session that waits.
$pid = hang_server();
$node->safe_psql('postgres', 'CREATE DATABASE barrier');
$query = start_query($node, $echo);
wait_for_waiting_backends($node, 1);
$node->safe_psql('postgres', "SET statement_timeout = '4s'; DROP DATABASE barrier");
pass('DROP DATABASE passes a session that waits');
replace_server($pid);
$query->{run}->finish;
is($query->{stdout}, "\\x01\n", 'the session has its answer afterwards');

# Latency of a cancel, over many.
my $count = 100;
my @latencies;
my $session = $node->background_psql('postgres', on_error_stop => 0);
my $session_pid = $session->query('SELECT pg_backend_pid()');
$pid = hang_server();
my $killer = $node->background_psql('postgres');
for my $i (1 .. $count)
{
	$session->query_until(qr/started/, "\\echo started\n$echo;\n\\echo ended $i\n");
	# A cancel that came before the wait would find nothing to cancel.
	my $waits = "SELECT count(*) FROM pg_stat_get_activity($session_pid)
		WHERE wait_event_type = 'Extension'";
	my $give_up = time() + 10;
	1 while $killer->query($waits) ne '1' && time() < $give_up;
	$start = time();
	$killer->query("SELECT pg_cancel_backend($session_pid)");
	$session->query_until(qr/ended $i\n/, '');
	push @latencies, (time() - $start) * 1000;
	last if server_pid($node) ne $pid;
}
@latencies = sort { $a <=> $b } @latencies;
note(sprintf 'cancel latency over %d: median %.1f ms, max %.1f ms',
	scalar @latencies, $latencies[ @latencies / 2 ], $latencies[-1]);
cmp_ok($latencies[-1], '<', 200, 'every cancel is answered within 200 ms');
$session->quit;
$killer->quit;
replace_server($pid);

$node->stop;
done_testing();


# However PostgreSQL ends, no inference server is left behind.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = new_node('shutdown');
my $echo = q{SELECT ai_runtime._echo('\x01')};

$node->append_conf('postgresql.conf', 'restart_after_crash = on');
$node->start;
create_server_functions($node);

# Stops with sessions that wait for a server that hangs.
sub stop_with_waiting_sessions
{
	my ($mode) = @_;
	my $pid = wait_until_ready($node);
	my $start;

	kill 'STOP', $pid;
	my @queries = map { start_query($node, $echo) } 1 .. 10;
	wait_for_waiting_backends($node, scalar @queries);
	$start = time();
	$node->stop($mode);
	cmp_ok(time() - $start, '<', 4, "$mode shutdown does not wait for the server");
	ok(process_is_gone($pid), "$mode shutdown leaves no server");
	$_->{run}->finish foreach @queries;
	return;
}

my $pid = wait_until_ready($node);
my $start = time();
$node->stop('fast');
cmp_ok(time() - $start, '<', 4, 'fast shutdown of an idle server is fast');
ok(process_is_gone($pid), 'fast shutdown leaves no server');

# A socket that a crash left behind is in nobody's way.
$node->start;
stop_with_waiting_sessions('fast');
$node->start;
stop_with_waiting_sessions('immediate');
$node->start;
$pid = wait_until_ready($node);
is($node->safe_psql('postgres', $echo), '\x01', 'starts after an immediate shutdown');

$node->stop('smart');
ok(process_is_gone($pid), 'smart shutdown leaves no server');

$node->start;
$pid = wait_until_ready($node);
my $supervisor = $node->safe_psql(
	'postgres', q{
	SELECT pid FROM pg_stat_activity WHERE backend_type = 'ai_runtime supervisor'});
$node->kill9;
ok(process_is_gone($pid), 'SIGKILL of the postmaster leaves no server');
ok(process_is_gone($supervisor), 'SIGKILL of the postmaster leaves no supervisor');

# SIGKILL of the supervisor is the worst case: PostgreSQL restarts all sessions.  The
# last children of a killed postmaster may hold its shared memory for a moment.
ok( wait_until(
		sub {
			return 1 if $node->start(fail_ok => 1);
			$node->stop('fast', fail_ok => 1);
			return 0;
		}),
	'starts after SIGKILL of the postmaster');
$pid = wait_until_ready($node);
$supervisor = $node->safe_psql(
	'postgres', q{
	SELECT pid FROM pg_stat_activity WHERE backend_type = 'ai_runtime supervisor'});
kill 'KILL', $supervisor;
ok(process_is_gone($pid), 'SIGKILL of the supervisor leaves no server');
$node->poll_query_until('postgres', "SELECT state = 'running' FROM ai_runtime._server_state()");
isnt(wait_until_ready($node), $pid, 'a new server runs after the crash restart');
is($node->safe_psql('postgres', $echo), '\x01', 'and answers');

$node->stop;
done_testing();

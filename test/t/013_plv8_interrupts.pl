# A loop of JavaScript ends when it is cancelled, when its session is terminated and when its client
# goes; and a server with plv8 preloaded starts, stops and has nothing of V8 in the postmaster.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', q(
shared_preload_libraries = 'plv8'
client_connection_check_interval = '100ms'
));
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION plv8');

my $postmaster = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
my @threads = glob("/proc/$postmaster/task/*");
is(scalar(@threads), 1, 'the postmaster has no thread of V8');

# Swallows whatever can be caught; the comment is how the session is found.
my $loop = q(DO $$ /* loops */ while (true) { try { while (true) {} } catch (e) {} } $$
	LANGUAGE plv8);
my $loops = q(pid <> pg_backend_pid() AND state = 'active' AND query LIKE '%/* loops */%');

# Starts a session that loops; returns it and its process ID once it does.
sub start_loop
{
	my $query = start_query($node, $loop);
	$node->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE $loops")
	  or die 'the loop does not start';
	return $query;
}

my $query = start_loop();
$node->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE $loops");
$query->{run}->finish;
like($query->{stderr}, qr/canceling statement due to user request/,
	'pg_cancel_backend ends a loop');

$query = start_loop();
$node->safe_psql('postgres',
	"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $loops");
$query->{run}->finish;
like($query->{stderr}, qr/terminating connection due to administrator command/,
	'pg_terminate_backend ends a loop');

$query = start_loop();
$query->{run}->kill_kill(grace => 0);
ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE $loops"),
	'a loop ends when its client goes');

# A fast shutdown does not wait for a loop.
$query = start_loop();
$node->stop('fast');
$query->{run}->finish;
like($query->{stderr}, qr/terminating connection due to administrator command/,
	'a fast shutdown ends a loop');

$node->start;
is($node->safe_psql('postgres', 'DO $$ plv8.elog(DEBUG1, 1) $$ LANGUAGE plv8; SELECT 1'), '1',
	'the server starts again and runs JavaScript');
$node->stop;
done_testing();

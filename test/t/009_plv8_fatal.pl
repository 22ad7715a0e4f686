# A broken V8 ends its session by FATAL, and never the cluster.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION plv8');

# Runs a statement in a session of its own, which must end by the FATAL error.
sub ends_its_session
{
	my ($statement, $name) = @_;
	my ($stdout, $stderr) = ('', '');
	$node->psql('postgres', $statement, stdout => \$stdout, stderr => \$stderr);
	like($stderr, qr/FATAL:  JavaScript failed fatally/, $name);
}

my $start = $node->safe_psql('postgres', "SELECT backend_start FROM pg_stat_activity
	WHERE backend_type = 'checkpointer'");
ends_its_session(q(SET plv8.v8_flags = '--allow-natives-syntax';
	DO $$ %AbortJS("on purpose") $$ LANGUAGE plv8), 'an internal check of V8 failed');
ends_its_session(q(SET plv8.memory_limit = '16MB';
	DO $$ new Array(2**26).fill(1.5).map(x => ({x})) $$ LANGUAGE plv8),
	'a single builtin needs more than limit and grace');
is($node->safe_psql('postgres', "SELECT backend_start FROM pg_stat_activity
	WHERE backend_type = 'checkpointer'"), $start, 'the cluster was not restarted');
is($node->safe_psql('postgres', 'DO $$ plv8.elog(NOTICE, 1) $$ LANGUAGE plv8; SELECT 1'), '1',
	'a new session runs JavaScript');
$node->stop;
done_testing();

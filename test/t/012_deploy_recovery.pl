
# A deployment is where its transaction is: on a standby when it is replayed, in a recovery to a
# point in time if it was committed by then, after COMMIT PREPARED, and never after a crash before.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $answer = q{SELECT ai_inference('m', ARRAY[3, 4]::real[]) ->> 'y'};
my ($doubled, $squared) = ('[6, 8]', '[9, 16]');

my $primary = new_node('deploys', has_archiving => 1, allows_streaming => 1);
$primary->append_conf('postgresql.conf', 'max_prepared_transactions = 2');
$primary->start;
$primary->safe_psql('postgres', 'CREATE EXTENSION ai_runtime CASCADE');
wait_until_ready($primary);
$primary->safe_psql('postgres', slurp_file("$FindBin::RealBin/../fixtures/onnx.sql"));
$primary->safe_psql('postgres', q{
	CREATE FUNCTION op(name text) RETURNS bytea LANGUAGE sql RETURN onnx.model(
		'{"x FP32[N,2]"}', '{"y FP32[N,2]"}', onnx.node(name, '{x,x}', '{y}'));
	SELECT ai_create_model('m', op('Add')), ai_create_version('m', op('Mul'));});
$primary->backup('base');

my $standby = PostgreSQL::Test::Cluster->new('follows');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->append_conf('postgresql.conf', 'archive_mode = off');
$standby->start;
wait_until_ready($standby);
is($standby->safe_psql('postgres', $answer), $doubled, 'standby predicts');

# Two-phase commit: it is deployed when the prepared transaction commits.
$primary->safe_psql('postgres', q{
	BEGIN;
	SET LOCAL ai_runtime.notify_events = off;
	SELECT ai_deploy('m', 2);
	PREPARE TRANSACTION 'deployment';});
is($primary->safe_psql('postgres', $answer), $doubled, 'a prepared deployment is not there');
$primary->stop('immediate');
$primary->start;
wait_until_ready($primary);
is($primary->safe_psql('postgres', $answer), $doubled, 'nor after a crash');
$primary->safe_psql('postgres', q{SELECT pg_create_restore_point('before')});
$primary->safe_psql('postgres', q{COMMIT PREPARED 'deployment'});
is($primary->safe_psql('postgres', $answer), $squared, 'COMMIT PREPARED deploys');
$primary->safe_psql('postgres', q{SELECT pg_create_restore_point('after')});
my ($rc, $stdout, $stderr) = $primary->psql('postgres', q{
	BEGIN; SELECT ai_rollback('m'); PREPARE TRANSACTION 'notified';});
like($stderr, qr/cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY/,
	'with notifications on there is no two-phase commit');

$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
is($standby->safe_psql('postgres', $answer), $squared, 'standby follows when it has replayed');
($rc, $stdout, $stderr) = $standby->psql('postgres', q{SELECT ai_rollback('m')},
	extra_params => ['-v', 'VERBOSITY=verbose']);
like($stderr, qr/25006/, 'nothing is deployed on a standby');
$standby->promote;
is($standby->safe_psql('postgres', q{SELECT ai_rollback('m')}), '1', 'but after its promotion');
is($standby->safe_psql('postgres', $answer), $doubled, 'where the rollback holds');
$standby->stop;

# A crash right after the commit loses nothing.
$primary->safe_psql('postgres', q{SELECT ai_rollback('m')});
$primary->stop('immediate');
$primary->start;
wait_until_ready($primary);
is($primary->safe_psql('postgres', $answer), $doubled, 'a committed rollback outlives a crash');
$primary->safe_psql('postgres', 'SELECT pg_switch_wal()');

foreach my $point ([ before => $doubled ], [ after => $squared ])
{
	my ($name, $expected) = @$point;
	my $restored = PostgreSQL::Test::Cluster->new("restored_$name");

	$restored->init_from_backup($primary, 'base', has_restoring => 1, standby => 0);
	$restored->append_conf('postgresql.conf', <<"CONF");
archive_mode = off
recovery_target_name = '$name'
recovery_target_action = 'promote'
CONF
	$restored->start;
	$restored->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()');
	wait_until_ready($restored);
	is($restored->safe_psql('postgres', $answer), $expected,
		"recovery to a point $name the deployment has the version of that time");
	$restored->stop;
}
$primary->stop;
done_testing();

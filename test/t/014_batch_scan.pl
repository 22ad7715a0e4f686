
# BatchInference nodes when servers die and statements are cancelled, in the session and in its
# workers: each row of the query has its own answer, or the query an error.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('batch_scan');
$node->append_conf('postgresql.conf', 'ai_runtime.connect_timeout = 30s');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ai_runtime CASCADE');
wait_until_ready($node);
$node->safe_psql(
	'postgres', "\\i $FindBin::RealBin/../fixtures/onnx.sql\n" . q{
	SELECT ai_create_model('double', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}',
		onnx.node('Add', '{x,x}', '{y}')));
	CREATE TABLE tagged AS SELECT id, ARRAY[id, 1]::real[] AS x
		FROM generate_series(1, 20000) AS id;
	ANALYZE tagged;
	-- Rows with the answer of another one, or none, among so many.
	CREATE VIEW wrong AS SELECT 20000 - count(*) FILTER (WHERE y = 2 * id) AS rows
		FROM (SELECT id, (ai_inference('double', x) -> 'y' ->> 0)::float8 AS y FROM tagged) AS s;
	CREATE FUNCTION cancelled() RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM rows FROM wrong;
		RETURN 'done';
	EXCEPTION WHEN query_canceled THEN
		RETURN 'cancelled';
	END $$;});

my $parallel = q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
	SET min_parallel_table_scan_size = 0; SET parallel_leader_participation = off;
	SET max_parallel_workers_per_gather = 2;};
my $waiting = q{SELECT count(*) > 0 FROM pg_stat_activity
	WHERE wait_event_type = 'Extension' AND query ~ 'ai_inference|wrong'};

like($node->safe_psql('postgres', 'EXPLAIN TABLE wrong'),
	qr/BatchInference/, 'rows are predicted set at a time');
like($node->safe_psql('postgres', "$parallel EXPLAIN TABLE wrong"),
	qr/Gather.*BatchInference/s, 'and in workers');

# Starts a query on a server that hangs, and waits until its batches are under way.
sub start_on_hanging_server
{
	my ($sql) = @_;
	my $pid = wait_until_ready($node);

	kill 'STOP', $pid;
	my $query = start_query($node, "$sql /* ai_inference */");
	$node->poll_query_until('postgres', $waiting) or die 'nobody waits for the server';
	return ($pid, $query);
}

my ($pid, $query) = start_on_hanging_server('TABLE wrong');
kill 'KILL', $pid;
$query->{run}->finish;
is($query->{stdout} . $query->{stderr}, "0\n", 'a scan goes on with the next server');

($pid, $query) = start_on_hanging_server("$parallel TABLE wrong");
kill 'KILL', $pid;
$query->{run}->finish;
is($query->{stdout} . $query->{stderr}, "0\n", 'workers go on with the next server');

# The same session predicts again, and gets no answer that was meant for the query before.
foreach my $settings ('', $parallel)
{
	($pid, $query) = start_on_hanging_server(
		"$settings SELECT cancelled() || ' ' || (SELECT rows FROM wrong)");
	$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity
		WHERE backend_type = 'client backend' AND query LIKE '%cancelled()%'
			AND pid <> pg_backend_pid()});
	kill 'CONT', $pid;
	$query->{run}->finish;
	is($query->{stdout} . $query->{stderr},
		"cancelled 0\n", 'a cancelled scan leaves nothing to the next one');
}

# Rescans that are over in the middle of a batch.
is( $node->safe_psql(
		'postgres', q{
	SELECT count(*) FROM generate_series(1, 30) AS i, LATERAL (
		SELECT ai_inference('double', x) -> 'y' ->> 0 = (2 * id)::text AS is_right
		FROM tagged WHERE id > i OFFSET i LIMIT 17) AS s WHERE is_right}),
	'510',
	'rescans that read a part get the right answers');

$node->stop;
done_testing();

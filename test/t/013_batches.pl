# Batches under way when servers die, models are unloaded and statements are cancelled: each row
# has its own answer, or the statement an error.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('batches');
$node->append_conf('postgresql.conf', 'ai_runtime.connect_timeout = 30s');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ai_runtime CASCADE');
my $pid = wait_until_ready($node);
$node->safe_psql(
	'postgres', "\\i $FindBin::RealBin/../fixtures/onnx.sql\n" . q{
	SELECT ai_create_model('double', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}',
		onnx.node('Add', '{x,x}', '{y}')));
	-- Rows of which each knows its answer, and those among them with another one.
	CREATE FUNCTION wrong(count int) RETURNS bigint LANGUAGE sql AS $$
		SELECT count - count(*) FILTER (WHERE error IS NULL
			AND output = jsonb_build_object('y', jsonb_build_array(2 * idx, 2)))
		FROM ai_inference_batch('double', (SELECT array_agg(jsonb_build_array(i, 1) ORDER BY i)
			FROM generate_series(1, count) AS i)) $$;
	CREATE FUNCTION cancelled(count int) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM wrong(count);
		RETURN 'done';
	EXCEPTION WHEN query_canceled THEN
		RETURN 'cancelled';
	END $$;});

is($node->safe_psql('postgres', 'SELECT wrong(10000) /* ai_inference */'),
	'0', 'every row has its own answer');

# Two batches wait; the next server has neither them nor the model.
kill 'STOP', $pid;
my $query = start_query($node, 'SELECT wrong(10000) /* ai_inference */');
wait_for_waiting_backends($node, 1);
kill 'KILL', $pid;
$query->{run}->finish;
is($query->{stdout} . $query->{stderr}, "0\n", 'batches go on with the next server');

# Whatever is under way, a model that was dropped is brought again.
my $unload = q{SELECT bool_or(ai_runtime._unload_model(decode(sha256, 'hex')))
	FROM ai_model_versions WHERE model = 'double'};
my @queries = map { start_query($node, "SELECT wrong(30000) /* ai_inference $_ */") } 1 .. 3;
my $unloaded = 0;
while (grep { eval { $_->{run}->pump_nb }; $_->{run}->pumpable } @queries)
{
	$unloaded += $node->safe_psql('postgres', $unload) eq 't' ? 1 : 0;
}
$_->{run}->finish foreach @queries;
is_deeply([ map { $_->{stdout} . $_->{stderr} } @queries ],
	[ ("0\n") x 3 ], 'a model that is unloaded all the time is loaded again');
cmp_ok($unloaded, '>', 0, 'it was');

# A statement that is cancelled with batches under way leaves nothing to the next one.
$pid = wait_until_ready($node);
kill 'STOP', $pid;
$query = start_query($node,
	q{SELECT cancelled(10000) || ' ' || wrong(3000) || ' ' || wrong(10) /* ai_inference */});
wait_for_waiting_backends($node, 1);
$node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity
	WHERE query ~ 'cancelled' AND pid <> pg_backend_pid()});
kill 'CONT', $pid;
$query->{run}->finish;
is($query->{stdout} . $query->{stderr}, "cancelled 0 0\n", 'a later batch gets its own answers');
is( $node->safe_psql(
		'postgres', q{
	SET statement_timeout = '5s';
	SELECT count(*) FROM generate_series(1, 20) AS i, LATERAL (SELECT
		set_config('ai_runtime.request_timeout', CASE i % 2 WHEN 0 THEN '1' ELSE '60000' END,
			false), wrong(CASE i % 2 WHEN 0 THEN 0 ELSE 2000 END)) AS t (s, wrong)
	WHERE wrong <> 0}),
	'0',
	'settings change between batches');

# A cursor that rests longer than a request may take, while its server dies.
is( $node->safe_psql(
		'postgres', q{
	SET ai_runtime.request_timeout = '2s';
	BEGIN;
	DECLARE answers CURSOR FOR SELECT (ai_inference('double', ARRAY[i, 1]::real[])
		-> 'y' ->> 0)::float8 - 2 * i FROM generate_series(1, 5000) AS i;
	CREATE TEMPORARY TABLE first AS SELECT restarts, clock_timestamp() AS at, pid
		FROM ai_runtime._server_state();
	MOVE 1 IN answers;
	DO $$
	BEGIN
		EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'kill -9 ' || (SELECT pid FROM first));
		WHILE (SELECT restarts FROM ai_runtime._server_state()) = (SELECT restarts FROM first)
			OR clock_timestamp() < (SELECT at + interval '2.1s' FROM first) LOOP
			PERFORM pg_sleep(0.02);
		END LOOP;
	END $$;
	DO $$
	DECLARE
		answer float8;
		right_ones int := 0;
		answers refcursor := 'answers';
	BEGIN
		LOOP
			FETCH answers INTO answer;
			EXIT WHEN NOT FOUND;
			right_ones := right_ones + (answer = 0)::int;
		END LOOP;
		CREATE TEMPORARY TABLE seen AS SELECT right_ones;
	END $$;
	SELECT right_ones FROM seen}),
	'4999',
	'the time of a request starts when somebody waits for it');

# No server.
$node->append_conf('postgresql.conf', 'ai_runtime.server_autostart = off');
$node->reload;
$node->poll_query_until('postgres', "SELECT state = 'off' FROM ai_runtime._server_state()");
my ($rc, $stdout, $stderr) =
  $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT wrong(3000)");
like($stderr, qr/57P03: inference server is not running/, 'no server is an error by default');
is( $node->safe_psql(
		'postgres', q{
	SET ai_runtime.on_unavailable = 'null';
	SELECT count(*), count(output), count(error)
	FROM ai_inference_batch('double', (SELECT array_agg('[1, 2]'::jsonb)
		FROM generate_series(1, 3000)))}),
	'3000|0|0',
	'on_unavailable = null gives NULL for each row');

$node->stop;
done_testing();

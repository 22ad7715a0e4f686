# Several requests under way on one connection: whatever comes back, in whatever
# order, each is answered with its own reply or with an SQL error.

use strict;
use warnings;

use Cwd qw(realpath);
use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('pipeline');
my $server = realpath("$FindBin::RealBin/../support/fault_server.mjs");

$node->append_conf('postgresql.conf', "ai_runtime.server_path = '$server'");
$node->start;
create_server_functions($node);
wait_until_ready($node);

# Sends texts all at once; returns OK if each came back as it was, or the SQLSTATE.
$node->safe_psql(
	'postgres', q{
	CREATE FUNCTION try_all(inputs text[]) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		bytes bytea[] := (SELECT array_agg(convert_to(input, 'UTF8') ORDER BY place)
			FROM unnest(inputs) WITH ORDINALITY AS part (input, place));
	BEGIN
		RETURN CASE WHEN ai_runtime._echo_all(bytes) = bytes THEN 'OK' ELSE 'WRONG' END;
	EXCEPTION WHEN query_canceled OR OTHERS THEN
		RETURN SQLSTATE;
	END $$;
	CREATE FUNCTION try_twice(inputs text[]) RETURNS text LANGUAGE sql AS
		$$ SELECT try_all(inputs) || ' ' || try_all('{next,again}') $$;});

# Returns what becomes of some texts, and of the next ones in the same session.
sub try_twice
{
	my ($inputs, $settings) = @_;

	return $node->safe_psql('postgres',
		($settings // '') . "SELECT try_twice('$inputs')");
}

# Cancels, or terminates, the session that waits.
sub end_query
{
	my ($function) = @_;

	$node->safe_psql('postgres', qq{SELECT $function(pid) FROM pg_stat_activity
		WHERE query ~ 'silence' AND pid <> pg_backend_pid()});
	return;
}

is(try_twice('{a,b,c}'), 'OK OK', 'three requests get three replies');
is(try_twice('{hold:1,hold:2,hold:3,d,e}'), 'OK OK', 'replies may come in another order');
is(try_twice('{hold:1,b,hold:2,hold:3,c}'), 'OK OK', 'and be mixed');
is(try_twice('{a,b,dribble}'), 'OK OK', 'replies may come byte by byte');

foreach my $case (
	[ 'garbage', '08P01' ],
	[ 'magic', '08P01' ],
	[ 'version', '08P01' ],
	[ 'type', '08P01' ],
	[ 'length_over_limit', '08P01' ],
	[ 'error_lengths', '08P01' ],
	[ 'error_code', '08P01' ],
	[ 'code:3', '22023' ],
	[ 'code:9', '08P01' ],
	[ 'code:5', '08006' ])
{
	my ($input, $state) = @$case;

	is(try_twice("{a,$input,c}"), "$state OK", "$input as second of three gives $state");
	is(try_twice("{hold:a,$input,c}"), "$state OK",
		"$input while another reply is held back gives $state");
}
is(try_twice('{a,twice,c}'), '08P01 OK', 'a second reply to one request is refused');
is( $node->safe_psql(
		'postgres', q{
	SELECT string_agg(DISTINCT try_twice(ARRAY['a', 'cut:' || n, 'c']), ',')
	FROM generate_series(0, 29) AS n}),
	'08006 OK',
	'a reply that is cut, at whatever byte, is a lost connection');

# Time runs for each of them; what came in time is not taken for another.
is(try_twice('{a,silence,c}', q{SET ai_runtime.request_timeout = '50ms'; }),
	'57014 OK', 'one that is not answered costs its timeout');
is( $node->safe_psql(
		'postgres', q{
	SET ai_runtime.request_timeout = '20ms';
	SELECT string_agg(try_twice('{silence,hold:b,silence}'), ',') FROM generate_series(1, 5)}),
	join(',', ('57014 OK') x 5),
	'and so does each of many');

# Both sockets full: requests of 64 MB in all, to a server that reads no further
# until its replies are read.
is( $node->safe_psql(
		'postgres', q{
	SET ai_runtime.request_timeout = '30s';
	SELECT bool_and(a = b) FROM (SELECT array_agg(convert_to(repeat(i::text, 1000000), 'UTF8'))
		FROM generate_series(1, 40) AS i) AS t (a), LATERAL ai_runtime._echo_all(a) AS b}),
	't', 'full sockets do not wait for each other');

# The server dies with requests under way: those before it are answered, it and
# those after it are sent again.
my $restarts = $node->safe_psql('postgres', 'SELECT restarts FROM ai_runtime._server_state()');
is(try_twice('{a,die,c}'), '08006 OK', 'a request that kills every server is given up');
is( $node->safe_psql('postgres', 'SELECT restarts FROM ai_runtime._server_state()'),
	$restarts + 2, 'it was tried twice');

# Killed from outside while requests are held back, then answered by the next one.
my $query = start_query($node, q{SELECT try_twice('{silence,hold:b,hold:c}') /* _echo */});
wait_for_waiting_backends($node, 1);
kill 'KILL', server_pid($node);
ok( $node->poll_query_until(
		'postgres', "SELECT restarts > $restarts + 2 FROM ai_runtime._server_state()"),
	'the server is replaced');
wait_for_waiting_backends($node, 1);
end_query('pg_cancel_backend');
$query->{run}->finish;
is($query->{stdout}, "57014 OK\n", 'what was under way waits for the next server, until a cancel');

# A session that ends, or whose client goes, with requests under way.
$query = start_query($node, q{SELECT try_all('{hold:a,silence,b}') /* _echo */});
wait_for_waiting_backends($node, 1);
end_query('pg_terminate_backend');
$query->{run}->finish;
like($query->{stderr}, qr/57P01/, 'a terminated session ends at once');

$node->stop;
done_testing();

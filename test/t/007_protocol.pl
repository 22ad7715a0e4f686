
# Whatever the other side of the socket sends, a session sees an SQL error and lives on.

use strict;
use warnings;

use Cwd qw(realpath);
use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('protocol');
my $server = realpath("$FindBin::RealBin/../support/fault_server.mjs");

$node->append_conf('postgresql.conf', "ai_runtime.server_path = '$server'");
$node->start;
create_server_functions($node);
wait_until_ready($node);
ok($node->log_contains(qr/inference server: a line that nobody knows/),
	'logs what it does not understand');
ok($node->log_contains(qr/inference server: x{8000,8192}$/m), 'cuts a line that is too long');

# Sends a text; returns the SQLSTATE, or OK, and what the next call in the same session gives.
$node->safe_psql(
	'postgres', q{
	CREATE FUNCTION try_echo(input text) RETURNS text LANGUAGE plpgsql AS $$
	BEGIN
		RETURN CASE WHEN ai_runtime._echo(convert_to(input, 'UTF8')) = convert_to(input, 'UTF8')
			THEN 'OK' ELSE 'WRONG' END;
	EXCEPTION WHEN query_canceled OR OTHERS THEN
		RETURN SQLSTATE;
	END $$;
	CREATE FUNCTION try_twice(input text) RETURNS text LANGUAGE sql AS
		$$ SELECT try_echo(input) || ' ' || try_echo('next') $$;});

foreach my $case (
	[ 'garbage', '08P01' ],
	[ 'magic', '08P01' ],
	[ 'version', '08P01' ],
	[ 'type', '08P01' ],
	[ 'request_id', '08P01' ],
	[ 'twice', '08P01' ],
	[ 'length_over_limit', '08P01' ],
	[ 'length_negative', '08P01' ],
	[ 'error_lengths', '08P01' ],
	[ 'error_short', '08P01' ],
	[ 'error_code', '08P01' ],
	[ 'error_utf8', '22023' ],
	[ 'error_not_utf8', '22023' ],
	[ 'dribble', 'OK' ],
	[ 'code:1', '42704' ],
	[ 'code:2', '42710' ],
	[ 'code:3', '22023' ],
	[ 'code:4', '0A000' ],
	[ 'code:5', '08006' ],
	[ 'code:6', '53200' ],
	[ 'code:7', '57014' ],
	[ 'code:8', '57014' ],
	[ 'code:9', '08P01' ],
	[ 'code:10', 'XX000' ],
	[ 'code:11', '42704' ])
{
	my ($input, $state) = @$case;

	is($node->safe_psql('postgres', "SELECT try_twice('$input')"),
		"$state OK", "$input gives $state, and the next call is answered");
}

# A reply cut at every byte; the request is repeated once, then the session is told.
is( $node->safe_psql(
		'postgres', q{
	SELECT string_agg(DISTINCT try_twice('cut:' || n), ',') FROM generate_series(0, 29) AS n}),
	'08006 OK',
	'a reply that is cut, at whatever byte, is a lost connection');

# The server dies at every try of one request.
my $restarts = $node->safe_psql('postgres', 'SELECT restarts FROM ai_runtime._server_state()');
is($node->safe_psql('postgres', q{SELECT try_twice('die')}),
	'08006 OK', 'a request that kills every server is given up');
is( $node->safe_psql('postgres', 'SELECT restarts FROM ai_runtime._server_state()'),
	$restarts + 2, 'it was tried twice');

# Messages.
my ($rc, $stdout, $stderr) =
  $node->psql('postgres', q{SELECT ai_runtime._echo('code:3')}, on_error_stop => 0);
like($stderr, qr/ERROR:  a message\nDETAIL:  A detail\.\nHINT:  A hint\./,
	'message, detail and hint of the server arrive');
($rc, $stdout, $stderr) = $node->psql('postgres', q{SELECT ai_runtime._echo('error_utf8')});
like($stderr, qr/ERROR:  100 \xe2\x82\xac\nDETAIL:  \xc3\x84\xc3\x96/, 'so do other letters');
$node->safe_psql('postgres',
	q{CREATE DATABASE latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'});
create_server_functions($node, 'latin1');
($rc, $stdout, $stderr) = $node->psql('latin1', q{SELECT ai_runtime._echo('error_utf8')});
like($stderr, qr/ERROR:  100 \?\?\?\n/, 'what an encoding does not have becomes question marks');
($rc, $stdout, $stderr) = $node->psql('latin1', q{SELECT ai_runtime._echo('error_not_utf8')});
like($stderr, qr/ERROR:  a\?b/, 'so does what is no UTF-8');

# Calls that were abandoned in a subtransaction never answer a later one.
is( $node->safe_psql(
		'postgres', q{
	SET ai_runtime.request_timeout = '20ms';
	SELECT string_agg(try_twice('silence'), ',') FROM generate_series(1, 5)}),
	join(',', ('57014 OK') x 5),
	'a silent server costs its timeout and no more');

# More sessions than a hung server has room for: the kernel then refuses to connect.
my $pid = server_pid($node);
kill 'STOP', $pid;
my @queries = map { start_query($node, "SELECT ai_runtime._echo('\\x0$_')") } 1 .. 9;
wait_for_waiting_backends($node, 9);
($rc, $stdout, $stderr) = $node->psql(
	'postgres', qq{\\set VERBOSITY verbose
	SET ai_runtime.connect_timeout = '100ms';
	SELECT ai_runtime._echo('\\x00');});
like($stderr, qr/57P03: could not connect to inference server within 100 ms/,
	'no room to connect ends with connect_timeout');
like($stderr, qr/DETAIL: .*too many connections are waiting/, 'and says what is in the way');
kill 'CONT', $pid;
$_->{run}->finish foreach @queries;
is_deeply(
	[ map { $_->{stdout} . $_->{stderr} } @queries ],
	[ map { "\\x0$_\n" } 1 .. 9 ],
	'whoever waits longer is answered');

$node->stop;
done_testing();

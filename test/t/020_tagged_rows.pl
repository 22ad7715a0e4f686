
# Rows that carry their numbers through the identity model, by several sessions at once, while
# statements are cancelled and the server is killed: none comes back with the number of another.
#
# AI_RUNTIME_SEED repeats the statements of a run; the seed stands in the output.  The long form
# is a part of the benchmarks: npm run bench -- tagged-rows.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $rows_wanted = 100_000;
my $table_rows = 20_000;
my $sessions = 4;
my $statements_each = 12;
my $kills_wanted = 4;
my $cancels_wanted = 5;
my $cancels_each = 3;    # round
my $max_rounds = 200;

my $seed = $ENV{AI_RUNTIME_SEED} // int(time() * 1000) % 1_000_000_000;
srand($seed);
note("AI_RUNTIME_SEED=$seed");

my $node = new_node('tagged_rows');
$node->append_conf('postgresql.conf', "client_min_messages = warning\nlog_statement = none");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ai_runtime CASCADE');
wait_until_ready($node);
$node->safe_psql('postgres', "\\i $FindBin::RealBin/../fixtures/onnx.sql");
$node->safe_psql('postgres', <<"SQL");
SELECT ai_create_model('identity', onnx.model('{"x INT64[N,1]"}', '{"y INT64[N,1]"}',
	onnx.node('Identity', '{x}', '{y}')));
CREATE TABLE tagged AS SELECT id, ARRAY[id] AS x, jsonb_build_object('x', ARRAY[id]) AS doc
	FROM generate_series(1::int8, $table_rows) AS id;
CREATE UNIQUE INDEX ON tagged (id);
ANALYZE tagged;
SQL

sub pick { return $_[ int(rand(@_)) ]; }

# Ways to hand a row its own number, and to take it back.
my @calls = (
	"(ai_inference('identity', ARRAY[id])->>'y')::int8",
	"(ai_inference('identity', x)->>'y')::int8",
	"(ai_inference('identity', doc)->>'y')::int8",
	"(ai_inference('identity', x)->'y')::int8",
	"(ai_inference('identity', x)->>'y')::float8::int8");
my $counted = 'count(*), count(*) FILTER (WHERE y IS DISTINCT FROM id)';

# A statement, how many rows go through the model, and the lines that it must print.
sub draw_statement
{
	my $call = pick(@calls);
	my $count = 1 + int($table_rows / 4 * rand()**3);
	my $first = 1 + int(rand($table_rows - $count));
	my $where = "id BETWEEN $first AND $first + $count - 1";
	my $shape = int(rand(5));

	if ($shape == 0)
	{
		my $limit = 1 + int(rand($count));
		return {
			sql => "SELECT id, $call FROM (SELECT * FROM tagged WHERE $where ORDER BY id) AS r"
			  . " LIMIT $limit",
			rows => $limit,
			lines => [ map { "$_|$_" } $first .. $first + $limit - 1 ]
		};
	}
	if ($shape == 1)
	{
		my $each = 1 + int(rand(50));
		my $outer = 1 + int($count / $each / 4);
		return {
			sql => "SELECT $counted FROM generate_series(1, $outer) AS o, LATERAL ("
			  . "SELECT id, $call AS y FROM tagged WHERE id > o * $each LIMIT $each) AS r",
			rows => $outer * $each,
			lines => [ $outer * $each . '|0' ]
		};
	}
	my $sql =
		$shape == 2
	  ? "SELECT count(*), 0 FROM tagged WHERE $where AND $call = id"
	  : $shape == 3
	  ? "SELECT id, $call FROM tagged WHERE $where ORDER BY id"
	  : "SELECT $counted FROM (SELECT id, $call AS y FROM tagged WHERE $where) AS r";
	my @lines = $shape == 3 ? map { "$_|$_" } $first .. $first + $count - 1 : "$count|0";
	return { sql => $sql, rows => $count, lines => \@lines };
}

# Starts a psql that runs some statements; each one's lines follow a line with its place.
sub start_session
{
	my @statements = map { draw_statement() } 1 .. $statements_each;
	my %session = (statements => \@statements, stdout => '', stderr => '');
	my $script = join('', map { "\\echo #$_\n$statements[$_]{sql};\n" } 0 .. $#statements);

	# Its standard input stays open until it is told to end.
	$script .= "\\q\n";

	$session{run} = IPC::Run::start(
		[
			$node->installed_command('psql'), '-X', '-A', '-t', '-q',
			'-v', 'VERBOSITY=verbose',
			'-d', $node->connstr('postgres') . ' application_name=tagged'
		],
		'<', \$script, '>', \$session{stdout}, '2>', \$session{stderr});
	return \%session;
}

my ($rows, $cancels, $kills) = (0, 0, 0);
my @wrong;

# Compares what a session printed with what its statements must give; nothing follows the place
# of a statement that ended with an error, which must be one of those that this test provokes.
sub check_session
{
	my ($session) = @_;
	my @statements = @{ $session->{statements} };
	my @states = $session->{stderr} =~ /ERROR:\s+(\w{5}):/g;
	my %printed = $session->{stdout} =~ /^#(\d+)\n((?:(?!#).*\n)*)/mg;
	my $failed = 0;

	foreach my $i (0 .. $#statements)
	{
		my $expected = join('', map { "$_\n" } @{ $statements[$i]{lines} });
		my $got = $printed{$i} // '';

		if ($got eq $expected) { $rows += $statements[$i]{rows}; }
		elsif ($got eq '') { $failed++; }
		else { push @wrong, "$statements[$i]{sql}\n" . substr($got, 0, 500); }
	}
	push @wrong, "$failed statements failed: $session->{stderr}" if $failed != @states;
	push @wrong, $session->{stderr} if grep { !/^(57014|57P03|08006)$/ } @states;
	$cancels += grep { $_ eq '57014' } @states;
}

my $control = $node->background_psql('postgres');
my $cancel = q{SELECT count(pg_cancel_backend(pid)) FROM (SELECT pid FROM pg_stat_activity
	WHERE application_name = 'tagged' AND state = 'active' ORDER BY random() LIMIT 1) AS one};
my $rounds = 0;
while ($rounds++ < $max_rounds
	&& ($rows < $rows_wanted || $kills < $kills_wanted || $cancels < $cancels_wanted))
{
	my @running = map { start_session() } 1 .. $sessions;
	my $killed = $kills >= $kills_wanted;
	my $cancels_left = $cancels_each;

	while (grep { $_->{run}->pumpable } @running)
	{
		$_->{run}->pump_nb foreach grep { $_->{run}->pumpable } @running;
		$cancels_left -= $control->query($cancel) if $cancels_left > 0 && rand() < 0.3;
		next if $killed || rand() < 0.5;
		my $state = $control->query("SELECT pid FROM ai_stat_server WHERE state = 'running'");
		next if $state !~ /^\d+$/;
		kill 'KILL', $state;
		$killed = 1;
		$kills++;
	}
	$_->{run}->finish foreach @running;
	check_session($_) foreach @running;
}
note("$rows rows, $cancels cancelled, $kills servers killed, $rounds rounds");
diag($_) foreach @wrong[ 0 .. ($#wrong > 4 ? 4 : $#wrong) ];
is(scalar(@wrong), 0, 'no row comes back with the number of another');
cmp_ok($rows, '>=', $rows_wanted, 'as many rows as wanted went through');
cmp_ok($kills, '>=', $kills_wanted, 'servers were killed meanwhile');
cmp_ok($cancels, '>=', $cancels_wanted, 'statements were cancelled meanwhile');

$control->quit;
$node->stop;
done_testing();

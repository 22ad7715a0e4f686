
# Random inputs, valid and mutated, for ONNX's own test models: each call ends in jsonb or in an
# error of a documented SQLSTATE, and no session is lost.
#
# AI_RUNTIME_SEED repeats a run; the seed stands in the output.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $seconds = 15;
my $models_in_use = 60;
my @folders = glob('/usr/share/libonnx-testdata/data/node/*');
die "the Debian package libonnx-testdata is missing\n" if !@folders;

my $seed = $ENV{AI_RUNTIME_SEED} // int(time() * 1000) % 1_000_000_000;
srand($seed);
note("AI_RUNTIME_SEED=$seed");

# What README lists, and what SQL itself says of JSON, numbers and depth.
my %documented = map { $_ => 1 } qw(22023 22003 22004 0A000 53200 57014 54000 54001 42704);

my $node = new_node('random_inputs');
$node->append_conf('postgresql.conf', 'ai_runtime.request_timeout = 5s');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION ai_runtime CASCADE');
wait_until_ready($node);

# Tells the result of some SQL: 'ok', or its SQLSTATE and message.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	result jsonb;
BEGIN
	EXECUTE statement INTO result;
	PERFORM result::text::jsonb;
	RETURN 'ok';
EXCEPTION WHEN query_canceled OR OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SQL

sub pick { return $_[ int(rand(@_)) ]; }

my @scalars = (
	'null', 'true', 'false', '0', '-0', '1', '-1', '2.5', '1e10', '1e39', '1e400', '-1e400',
	'65504', '65536', '9223372036854775807', '18446744073709551616', '1e-400', '"NaN"',
	'"Infinity"', '"-Infinity"', '"nan"', '""', '"a"', '"12"', '"\u00e4\u2603"', '{}', '[]');

# A number or a string that fits a type most of the time.
sub element
{
	my ($type) = @_;

	return pick(@scalars) if rand() < 0.01;
	return pick('true', 'false') if $type eq 'BOOL';
	return '"' . pick('a', 'b c', '12', '') . '"' if $type eq 'BYTES';
	return int(rand(5)) if $type =~ /INT/;
	return sprintf('%.3g', rand(10) - 5);
}

sub nested
{
	my ($type, @dims) = @_;

	return element($type) if !@dims;
	my $size = shift @dims;
	$size = int(rand(4)) if rand() < 0.005;
	return '[' . join(',', map { nested($type, @dims) } 1 .. $size) . ']';
}

sub tensor_object
{
	my ($type, @dims) = @_;
	my @shape = map { /^\d+$/ && rand() < 0.9 ? $_ : pick(0, 1, 2, -1, 1.5, '1e18', '"N"') } @dims;
	my $data = pick('"data":' . nested($type, @dims), '"raw":"AAAAAAAAAAA="', '"raw":"%"', '');

	$type = pick('FP32', 'INT64', 'BYTES', 'FP99', '') if rand() < 0.1;
	return '{"shape":[' . join(',', @shape) . qq(],"datatype":"$type") . ($data ? ",$data}" : '}');
}

# A value for an input in words, such as FP32[N,2].
sub value_for
{
	my ($words) = @_;

	return '[' . join(',', map { value_for($1) } 1 .. int(rand(3))) . ']'
	  if $words =~ /^seq\((.*)\)$/;
	return rand() < 0.2 ? 'null' : value_for($1) if $words =~ /^optional\((.*)\)$/;
	my ($type, $dims) = $words =~ /^(\w+)\[(.*)\]$/ or return '{}';
	my @dims = split(/,/, $dims eq '...' ? pick('', '2', '2,3') : $dims);
	@dims = map { /^\d+$/ ? $_ : 1 + int(rand(2)) } @dims;
	return rand() < 0.15 ? tensor_object($type, @dims) : nested($type, @dims);
}

# Takes something away, doubles it, or puts something else in its place.
sub mutate
{
	my ($json) = @_;
	my $at = int(rand(length($json)));

	return pick(@scalars) if rand() < 0.1;
	return '[' x 70 . $json . ']' x 70 if rand() < 0.05;
	return $json =~ s/-?\d[\d.e+-]*/pick(@scalars)/er if rand() < 0.5;
	return $json =~ s/\[([^\[\]]*)\]/[$1,$1]/r if rand() < 0.5;
	return $json =~ s/"[^"]*"/"x"/r if rand() < 0.5;
	substr($json, $at, 1 + int(rand(4))) = pick('', ',', '[', '{', '"');
	return $json;
}

my @options = (
	('{}') x 20, '{"output_format": "raw"}', '{"output_format": "tensor"}', 'null',
	'{"outputs": ["no such"]}', '{"timeout_ms": 1}', '{"timeout_ms": "x"}', '[]');

# The number of elements that the fixed dimensions of an input make.
sub size_of
{
	my ($words) = @_;
	my $size = 1;

	$size *= $_ foreach $words =~ /(?<=[\[,])(\d+)(?=[,\]])/g;
	return $size;
}

# The models: those that this server takes, and whose inputs are small.
my %inputs;
foreach my $n (1 .. $models_in_use)
{
	my $file = pick(@folders) . '/model.onnx';

	next if $file =~ /_crash|loop|optional/i || !-e $file;
	my ($rc, $out) = $node->psql('postgres',
		"SELECT ai_create_model('m$n', pg_read_binary_file('$file'));"
		  . " SELECT inputs FROM ai_model_versions WHERE model = 'm$n'");
	next if $rc != 0;
	my $row = (split(/\n/, $out))[-1];
	my @words = split(/, (?=\S+ )/, $row);
	next if grep { size_of($_) > 200 } @words;
	$inputs{"m$n"} = { words => \@words, file => $file };
}
my @names = sort keys %inputs;
cmp_ok(scalar(@names), '>', 10, 'enough models to draw from');

sub one_call
{
	my $name = pick(@names);
	my @members = map {
		my ($input, $type) = split(/ /, $_, 2);
		qq("$input":) . value_for($type)
	} @{ $inputs{$name}{words} };
	my $json = '{' . join(',', @members) . '}';

	$json = mutate($json) if rand() < 0.4;
	$name .= pick(':1', ':2', '@x', ':') if rand() < 0.05;
	my $options = pick(@options);
	my $policy = pick('error', 'null', 'string');
	return "SET ai_runtime.nan_policy = '$policy';"
	  . " SELECT attempt(\$x\$SELECT ai_inference('$name', \$j\$$json\$j\$::text,"
	  . " '$options')\$x\$);\n";
}

my $end = time() + $seconds;
my %seen;
my @bad;
my $calls = 0;
my $restarts_before = $node->safe_psql('postgres', 'SELECT restarts FROM ai_stat_server');
while (time() < $end)
{
	my @batch = map { one_call() } 1 .. 100;
	my ($rc, $out, $err) = $node->psql('postgres', join('', @batch));
	my @lines = grep { $_ ne '' } split(/\n/, $out);
	my @results = grep { /^(?:ok|[0-9A-Z]{5} )/ } @lines;

	$calls += @batch;
	push @bad, "session: $rc $err" if $rc != 0 || @results != @batch;
	foreach my $i (0 .. $#results)
	{
		my $state = substr($results[$i], 0, 5);

		$state = 'ok' if $results[$i] eq 'ok';
		$seen{$state}++;
		next if $state eq 'ok' || $documented{$state};
		next if $state eq 'XX000' && $results[$i] =~ /inference server reported/;
		push @bad, "$results[$i]\n$batch[$i]";
	}
}
note("$calls calls: " . join(', ', map { "$_ $seen{$_}" } sort keys %seen));
diag($_) foreach @bad[ 0 .. ($#bad > 4 ? 4 : $#bad) ];
is(scalar(@bad), 0, 'every call ends in jsonb or in a documented error');
cmp_ok($seen{ok} // 0, '>', $calls / 10, 'a good part of the calls predicts');

unlike(slurp_file($node->logfile), qr/terminated by signal|TRAP:|was terminated/,
	'nothing was terminated by a signal');
is($node->safe_psql('postgres', 'SELECT restarts FROM ai_stat_server'),
	$restarts_before, 'the server was not restarted');

$node->stop;
done_testing();

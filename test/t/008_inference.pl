
# Predictions go on when servers die, on a standby too, and say so when there is none.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $model = '/usr/share/libonnx-testdata/data/node/test_abs/model.onnx';
my $node = new_node('inference', allows_streaming => 1);
$node->append_conf('postgresql.conf', 'ai_runtime.connect_timeout = 30s');
$node->start;

$node->safe_psql('postgres', 'CREATE EXTENSION ai_runtime CASCADE');
my $pid = wait_until_ready($node);
$node->safe_psql('postgres', "SELECT ai_create_model('abs', pg_read_binary_file('$model'))");

# A tensor of shape [3, 4, 5] and the same without its signs.
my $row = '[' . join(',', map { -$_ } 1 .. 5) . ']';
my $input = '[' . join(',', ('[' . join(',', ($row) x 4) . ']') x 3) . ']';
(my $output = $input) =~ s/-//g;
my $query = "SELECT ai_inference('abs', '$input'::jsonb) = '{\"y\": $output}'";

is($node->safe_psql('postgres', $query), 't', 'predicts');
kill 'KILL', $pid;
is($node->safe_psql('postgres', $query),
	't', 'predicts with a new server, which asks for the model');

$pid = wait_until_ready($node);
kill 'STOP', $pid;
my @queries = map { start_query($node, $query) } 1 .. 5;
wait_for_waiting_backends($node, scalar @queries);
kill 'KILL', $pid;
$_->{run}->finish foreach @queries;
is_deeply(
	[ map { $_->{stdout} . $_->{stderr} } @queries ],
	[ ("t\n") x @queries ],
	'every prediction that a killed server left behind is made');

# A standby predicts with the models of its primary.
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('inference_standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
wait_until_ready($standby);
is($standby->safe_psql('postgres', $query), 't', 'standby predicts');
$standby->stop;

# No server.
$node->append_conf('postgresql.conf', 'ai_runtime.server_autostart = off');
$node->reload;
$node->poll_query_until('postgres', "SELECT state = 'off' FROM ai_runtime._server_state()");
my ($rc, $stdout, $stderr) =
  $node->psql('postgres', "\\set VERBOSITY verbose\n$query");
like($stderr, qr/57P03: inference server is not running/, 'no server is an error by default');
is( $node->safe_psql(
		'postgres', "SET ai_runtime.on_unavailable = 'null';
	SELECT ai_inference('abs', '$input'::jsonb) IS NULL"),
	't',
	'on_unavailable = null gives NULL instead');

$node->stop;
done_testing();

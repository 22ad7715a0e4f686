
# A dump in any form, and pg_upgrade, carry models, states, aliases and history along: what is
# restored predicts the same to the bit, and goes on from there.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# All that a restored database must have in common with the dumped one.
my $registry = q{
	SELECT md5(string_agg(v::text, '|' ORDER BY model, version)) FROM ai_model_versions AS v
	UNION ALL SELECT md5(string_agg(m::text, '|' ORDER BY name)) FROM ai_models AS m
	UNION ALL SELECT md5(string_agg(d::text, '|' ORDER BY model)) FROM ai_deployments AS d
	UNION ALL SELECT md5(string_agg(e::text, '|' ORDER BY id)) FROM ai_runtime.model_events AS e
	UNION ALL SELECT md5(string_agg(c::text, '|' ORDER BY sha256, seq))
		FROM ai_runtime.model_chunks AS c};
my $predictions = q{
	SELECT md5(string_agg(ai_inference('scored', x, '{"output_format": "raw"}')::text, '|'
		ORDER BY id)) || md5(string_agg(ai_inference('scored@old', x)::text, '|' ORDER BY id))
	FROM rows};

my $node = new_node('dumped');
$node->start;
fill($node);
my $expected = $node->safe_psql('ai', "$registry; $predictions");
is(() = $expected =~ /^[0-9a-f]{32,64}$/mg, 6, 'there is something to compare');
my $dumps = $node->backup_dir;
mkdir $dumps;

restore('plain', ['--format=plain'], sub { $node->command_ok(['psql', '-X', '-v', 'ON_ERROR_STOP=1',
	'-d', $node->connstr('plain'), '-f', "$dumps/plain"], 'a plain dump is restored') });
restore('custom', ['--format=custom'], sub { pg_restore('custom') });
restore('parallel', ['--format=directory', '--jobs=2'], sub { pg_restore('parallel', '--jobs=3') });
restore('sections', ['--format=custom'],
	sub { pg_restore('sections', "--section=$_") foreach qw(pre-data data post-data) });

# Without the extension's rows there are no models, but everything works.
$node->command_ok(['pg_dump', '-d', $node->connstr('ai'), '--schema-only', '--format=custom',
	'-f', "$dumps/schema"], 'a schema is dumped');
$node->safe_psql('postgres', 'CREATE DATABASE schema');
pg_restore('schema');
is($node->safe_psql('schema', 'SELECT count(*) FROM ai_models'), '0', 'a schema has no models');
is($node->safe_psql('schema', 'SELECT count(*) FROM rows'), '0', 'and its table is there');

$node->stop;
my $upgraded = new_node('upgraded');
my $bin = $node->config_data('--bindir');
command_ok(
	['pg_upgrade', '--no-sync', '-d', $node->data_dir, '-D', $upgraded->data_dir,
		'-b', $bin, '-B', $bin, '-s', $node->host, '-p', $node->port, '-P', $upgraded->port],
	'pg_upgrade runs');
$upgraded->start;
compare($upgraded, 'ai', 'after pg_upgrade');
$upgraded->stop;
done_testing();

# Makes database "ai" with versions in several states and rows to predict for.
sub fill
{
	my ($made) = @_;
	my $fixtures = "$FindBin::RealBin/../fixtures/onnx.sql";

	$made->safe_psql('postgres', 'CREATE DATABASE ai');
	$made->safe_psql('ai', 'CREATE EXTENSION ai_runtime CASCADE');
	is($made->safe_psql('ai', 'SELECT ai_runtime._wait_until_ready(30000)'),
		't', 'server is ready');
	$made->safe_psql('ai', slurp_file($fixtures));
	$made->safe_psql('ai', q{
		CREATE FUNCTION op(name text) RETURNS bytea LANGUAGE sql RETURN onnx.model(
			'{"x FP32[N,2]"}', '{"y FP32[N,2]"}', onnx.node(name, '{x}', '{y}'));
		CREATE TABLE rows AS SELECT id, ARRAY[sin(id), id / 1000.0]::real[] AS x
			FROM generate_series(1, 10000) AS id;
		SELECT ai_create_model('scored', op('Tanh')), ai_create_model('other', op('Tanh'));
		SELECT ai_create_version('scored', op('Sigmoid')), ai_create_version('scored', op('Exp'),
			'{"output": {"first": {"from": "y", "index": 0}}}');
		SELECT ai_deploy('scored', 2, options => '{"reason": "better"}');
		SELECT ai_alias('scored', 'old', 1), ai_archive('scored', 3);});
	return;
}

# Dumps, makes a database of that name, restores into it and compares.
sub restore
{
	my ($name, $options, $how) = @_;

	$node->command_ok(
		['pg_dump', @$options, '-d', $node->connstr('ai'), '-f', "$dumps/$name"],
		"pg_dump makes the $name one");
	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$how->();
	compare($node, $name, "after the $name dump");
	return;
}

sub pg_restore
{
	my ($name, @options) = @_;

	$node->command_ok(
		['pg_restore', '--exit-on-error', @options, '-d', $node->connstr($name), "$dumps/$name"],
		"pg_restore takes $name @options");
	return;
}

# The restored database has and says the same, and can be worked with.
sub compare
{
	my ($restored, $database, $when) = @_;

	is($restored->safe_psql($database, 'SELECT ai_runtime._wait_until_ready(30000)'),
		't', "server is ready $when");
	is($restored->safe_psql($database, "$registry; $predictions"),
		$expected, "registry and predictions are the same $when");
	is($restored->safe_psql($database, q{SELECT ai_rollback('scored')}), '1', "rolls back $when");
	is($restored->safe_psql($database, q{SELECT event FROM ai_history('scored') LIMIT 1}),
		'deployed', "history goes on $when");
	return;
}

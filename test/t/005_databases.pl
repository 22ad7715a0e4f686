
# The supervisor is in nobody's way: databases come and go while the server serves.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = new_node('databases');
my $echo = q{SELECT ai_runtime._echo('\x01')};

$node->start;
create_server_functions($node);
wait_until_ready($node);

foreach my $round (1 .. 3)
{
	$node->safe_psql('postgres', 'CREATE DATABASE one');
	create_server_functions($node, 'one');
	is($node->safe_psql('one', $echo), '\x01', "round $round: answers in a new database");
	$node->safe_psql('postgres', 'CREATE DATABASE two TEMPLATE one');
	is($node->safe_psql('two', $echo), '\x01', "round $round: answers in a copy of it");
	$node->safe_psql('postgres', 'ALTER DATABASE two RENAME TO three');
	$node->safe_psql('postgres', 'DROP DATABASE one');
	$node->safe_psql('postgres', 'DROP DATABASE three');
}

# Texts of the server in databases of other encodings.
$node->safe_psql('postgres',
	q{CREATE DATABASE latin1 TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'});
create_server_functions($node, 'latin1');
is($node->safe_psql('latin1', $echo), '\x01', 'answers in a LATIN1 database');
is($node->safe_psql('latin1', 'SELECT jsonb_typeof(ai_runtime._server_metadata())'),
	'object', 'converts the texts of the server');

# The extension itself.
$node->safe_psql('postgres', 'CREATE DATABASE with_extension');
$node->safe_psql('with_extension', 'CREATE EXTENSION ai_runtime CASCADE');
is($node->safe_psql('with_extension', $echo), '\x01', 'answers after CREATE EXTENSION');
my $session = $node->background_psql('with_extension');
is($session->query($echo), '\x01', 'answers in a session of its own');
$node->safe_psql('with_extension', 'DROP EXTENSION ai_runtime');
is( $node->safe_psql('with_extension',
		q{SELECT count(*) FROM pg_proc WHERE proname ~ '^_echo$'}),
	'0', 'DROP EXTENSION takes its functions along');
$session->quit;
$node->safe_psql('with_extension', 'CREATE EXTENSION ai_runtime CASCADE');
is($node->safe_psql('with_extension', $echo), '\x01', 'can be created again');
$node->safe_psql('postgres', 'DROP DATABASE with_extension');

$node->stop;
done_testing();

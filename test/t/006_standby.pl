
# A hot standby has a server of its own.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../support";
use AiRuntimeTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $echo = q{SELECT ai_runtime._echo('\x01')};
my $primary = new_node('primary', allows_streaming => 1);
$primary->start;
create_server_functions($primary);
my $primary_pid = wait_until_ready($primary);

$primary->backup('base');
ok(!-e $primary->backup_dir . '/base/pgsql_tmp_ai_runtime',
	'a base backup leaves the socket directory out');

my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
my $standby_pid = wait_until_ready($standby);
isnt($standby_pid, $primary_pid, 'standby has a server of its own');
is($standby->safe_psql('postgres', 'SELECT pg_is_in_recovery()'), 't', 'standby is in recovery');
is($standby->safe_psql('postgres', $echo), '\x01', 'standby answers');
kill 'KILL', $standby_pid;
is($standby->safe_psql('postgres', $echo), '\x01', 'standby answers after its server was killed');
is(server_pid($primary), $primary_pid, 'server of the primary is untouched');

$standby->promote;
is($standby->safe_psql('postgres', $echo), '\x01', 'answers after the promotion');

$standby->stop;
$primary->stop;
done_testing();

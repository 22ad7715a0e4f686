
# AiRuntimeTest.pm
#	What the TAP tests share: a cluster with ai_runtime preloaded, the server's
#	process, and sessions that wait in the background.
#
# Every wait is for a state, never for a time.

package AiRuntimeTest;

use strict;
use warnings;

use Exporter 'import';
use File::Basename;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep time);

our @EXPORT = qw(
  new_node create_server_functions server_pid wait_until_ready process_is_gone
  wait_until start_query wait_for_waiting_backends $waiting_backends
);

# Sessions that wait for the server.
our $waiting_backends = q{
	SELECT count(*) FROM pg_stat_activity
	WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
	  AND wait_event_type = 'Extension' AND query ~ '_echo|ai_inference'};

# Returns an initialised node that is not started yet.
sub new_node
{
	my ($name, %init) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(%init);
	$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'ai_runtime'
client_connection_check_interval = 200ms
ai_runtime.connect_timeout = 20s
CONF
	return $node;
}

# Creates the C functions of the server's process side, without the extension:
# these tests need neither plv8 nor a model.
sub create_server_functions
{
	my ($node, $database) = @_;
	my $path = dirname(__FILE__) . '/../../sql/20_server_functions.sql';
	my $script = slurp_file($path);

	$script =~ s/MODULE_PATHNAME/ai_runtime/g;
	$node->safe_psql($database // 'postgres', "CREATE SCHEMA ai_runtime;\n$script");
}

# Returns the process ID of the running server, after waiting for it.
sub wait_until_ready
{
	my ($node) = @_;

	is($node->safe_psql('postgres', 'SELECT ai_runtime._wait_until_ready(30000)'),
		't', 'server is ready');
	return server_pid($node);
}

sub server_pid
{
	my ($node) = @_;

	return $node->safe_psql('postgres', 'SELECT pid FROM ai_runtime._server_state()');
}

# Waits until the code returns true; gives up after the tests' usual timeout.
sub wait_until
{
	my ($code) = @_;
	my $end = time() + $PostgreSQL::Test::Utils::timeout_default;

	while (time() < $end)
	{
		return 1 if $code->();
		usleep(20_000);
	}
	return 0;
}

# True as soon as no such process is left; a zombie of another's counts as gone.
sub process_is_gone
{
	my ($pid) = @_;

	return wait_until(
		sub {
			open(my $file, '<', "/proc/$pid/stat") or return 1;
			my $line = <$file> // '';
			close($file);
			return $line eq '' || $line =~ /\) [ZX] /;
		});
}

# Starts psql with some SQL in the background.  Returns a hash with its harness
# (run: finish it), its standard output and its standard error.
sub start_query
{
	my ($node, $sql) = @_;
	my %query = (stdout => '', stderr => '');

	$query{run} = IPC::Run::start(
		[
			$node->installed_command('psql'), '-X', '-A', '-t', '-q',
			'-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-c', $sql
		],
		'<', '/dev/null', '>', \$query{stdout}, '2>', \$query{stderr});
	return \%query;
}

# Waits until so many sessions wait for the server.
sub wait_for_waiting_backends
{
	my ($node, $count) = @_;

	$node->poll_query_until('postgres', $waiting_backends, $count)
	  or die "there are not $count sessions that wait for the server";
	return;
}

1;

# What JavaScript starts from: a snapshot that proves right, else a code cache, else source.
# Whatever is wrong with the file, results are right and the log says why.
use strict;
use warnings;
use Digest::SHA qw(sha256);
use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "log_min_messages = debug1");
$node->start;
my $installed = $node->config_data('--pkglibdir') . '/plv8.snapshot';
my ($bundle_file) = glob($node->config_data('--sharedir') . '/plv8/ai_runtime_*.js');
if (!defined $bundle_file)
{
	plan skip_all => 'the system has upstream plv8, which has no snapshot';
}
my ($bundle) = $bundle_file =~ m{/(\w+)\.js$};

# Two functions that stand on the bundle, as the stubs of ai_runtime do, and one that does not.
$node->safe_psql('postgres', qq(
	CREATE EXTENSION plv8;
	DO \$do\$ BEGIN EXECUTE format('CREATE FUNCTION load_bundle() RETURNS void LANGUAGE plv8 AS %L',
		pg_read_file('$bundle_file')); END \$do\$;
	CREATE FUNCTION on_bundle() RETURNS text LANGUAGE plv8 AS \$\$
		'plv8 bundle $bundle';
		const had = '$bundle' in globalThis;
		if (!had) plv8.find_function('load_bundle')();
		return had + ', ' + typeof globalThis.$bundle.ai_health \$\$;
	CREATE FUNCTION plain() RETURNS text LANGUAGE plv8 AS
		\$\$ return String(/^ai_runtime/.test(Object.getOwnPropertyNames(globalThis))) \$\$;
	CREATE FUNCTION start_facts() RETURNS text LANGUAGE sql SECURITY DEFINER
		AS \$\$ SELECT string_agg(concat_ws('/',
		f->>'snapshot', f->>'bundle' = '$bundle', f->>'functions_from_cache'), ',')
		FROM json_array_elements(plv8_info()::json) AS f \$\$;
	CREATE ROLE other;
	GRANT EXECUTE ON FUNCTION on_bundle() TO other;));

# What a new session that reads this file answers: whether the bundle was there, whether it is
# now, and where it came from.
sub answer
{
	my ($file, $more) = @_;
	return $node->safe_psql('postgres', "SET plv8.snapshot = '$file'; " . ($more // '')
		. "SELECT on_bundle(); SELECT start_facts();");
}

sub contents { return slurp_file($installed) }

# A file of its own with these bytes.
my $files = 0;
sub file_of
{
	my ($bytes) = @_;
	my $file = $node->basedir . '/snapshot' . $files++;
	open(my $out, '>:raw', $file) or die $!;
	print $out $bytes;
	close($out);
	return $file;
}

# The bytes with another byte at that place.
sub flipped
{
	my ($at) = @_;
	my $bytes = contents();
	substr($bytes, $at, 1) = chr(ord(substr($bytes, $at, 1)) ^ 0x40);
	return $bytes;
}

# The bytes with another text at that place of the header, and a digest that fits it.
sub forged
{
	my ($at, $text) = @_;
	my $bytes = contents();
	my $head = 8 + 4 + 4 + 64 + 32 + 48;
	my $all = $head + 32 + unpack('L', substr($bytes, 12, 4)) * (64 + 8 + 8 + 32 + 48);
	substr($bytes, $at, length $text) = $text;
	substr($bytes, $head, 32) = "\0" x 32;
	substr($bytes, $head, 32) = sha256(substr($bytes, 0, $all));
	return $bytes;
}

my ($blob_at, $blob_bytes) = unpack('QQ', substr(contents(), 112, 16));
is(answer('$libdir/plv8.snapshot'), "true, function\ntrue/t/0", 'the snapshot has the bundle');
is(answer(file_of(contents())), "true, function\ntrue/t/0", 'so has a copy of it');
is(answer(''), "false, function\nfalse/0", 'an empty setting stands for source');

my @cases = (
	[ 'a flipped byte of the blob', flipped($blob_at + 5000), 'false/1', 'its blob is damaged' ],
	[ 'its last byte', flipped($blob_at + $blob_bytes - 1), 'false/1', 'its blob is damaged' ],
	[ 'a flipped byte of the header', flipped(90), 'false/0', 'its header is damaged' ],
	[ 'a flipped byte of a bundle\'s digest', flipped(8 + 8 + 64 + 32 + 48 + 32 + 80), 'false/0',
		'its header is damaged' ],
	[ 'another V8', forged(16, '10.2.154.26-node.99'), 'false/0', 'by another version of V8' ],
	[ 'another build', forged(80, 'x' x 24), 'false/0', 'by another build of plv8' ],
	[ 'another format', forged(8, pack('L', 9)), 'false/0', 'its format is another' ],
	[ 'a blob beyond the end', forged(120, pack('Q', 2**33)), 'false/0', 'it is cut off' ],
	[ 'too many bundles', forged(12, pack('L', 65)), 'false/0', 'it is cut off' ],
	[ 'half of it', substr(contents(), 0, length(contents()) / 2), 'false/0', 'it is cut off' ],
	[ 'half of its header', substr(contents(), 0, 100), 'false/0', 'it is not a snapshot' ],
	[ 'nothing', '', 'false/0', 'its size is not a snapshot' ],
	[ 'something else', 'x' x 100_000, 'false/0', 'it is not a snapshot' ]);
for my $case (@cases)
{
	my ($name, $bytes, $facts, $reason) = @$case;
	my $from = -s $node->logfile;
	is(answer(file_of($bytes)), "false, function\n$facts", "$name: right results without it");
	like(slurp_file($node->logfile, $from), qr/JavaScript starts without the snapshot .*$reason/,
		"$name: the log says why");
}

my $from = -s $node->logfile;
my $secret = file_of(contents());
chmod 0, $secret;
is(answer($secret), "false, function\nfalse/0", 'a file that cannot be read');
is(answer($node->basedir), "false, function\nfalse/0", 'a folder');
is(answer($node->basedir . '/absent'), "false, function\nfalse/0", 'no file');
like(slurp_file($node->logfile, $from), qr/Permission denied.*it is no file.*No such file/s,
	'the log says why');

$from = -s $node->logfile;
is(answer('$libdir/plv8.snapshot', "SET plv8.v8_flags = '--stack-size=900'; "),
	"false, function\nfalse/0", 'flags of V8 stand for source');
like(slurp_file($node->logfile, $from), qr/plv8.v8_flags is set.*did not take the code cache/s,
	'the log says why');
is(answer(file_of(flipped(length(contents()) - 1)), 'SELECT plain(); '),
	"false\nfalse, function\ntrue/0", 'a damaged code cache stands for source');

# Several bundles, each in a context of its own, with what they hold of plv8.
sub bundle_file
{
	my ($name, $text) = @_;
	my $file = $node->basedir . "/$name.js";
	open(my $out, '>', $file) or die $!;
	print $out $text;
	close($out);
	return $file;
}
my $tool = $node->config_data('--pkglibdir') . '/ai_runtime/bin/plv8_snapshot';
my $several = $node->basedir . '/several.snapshot';
my ($one, $two) = (bundle_file('one', q(const run = plv8.execute, seen = new Map([[1n, /x/u]]);
	let calls = 0;
	globalThis.one = { sql: () => run('SELECT 7 AS n')[0].n, calls: () => ++calls,
		kept: () => [seen.get(1n), new Uint8Array([1, 2]), JSON.stringify({ n: 5n })].join(),
		say: (x) => console.log(x) };)),
	bundle_file('two', 'Array.prototype.extra = () => "extra"; globalThis.two = [2].at(0);'));
my $three = bundle_file('three', 'Array.prototype.extra = () => 3; globalThis.three = 3;');
my ($stdout, $stderr) = run_command([ $tool, $several, $one, $two, $three ]);
like($stdout, qr/3 bundles/, 'a snapshot of three bundles');
like($stderr, qr/two gets a code cache only: TypeError/, 'one wants what V8 lacks at that time');
$node->safe_psql('postgres', q(
	CREATE FUNCTION on_one() RETURNS text LANGUAGE plv8 AS $$ 'plv8 bundle one';
		one.say('said');
		return [one.sql(), one.calls(), one.calls(), one.kept(), typeof two, typeof three, [].extra,
			[1].at(-1)].join('|') $$;
	CREATE FUNCTION on_two() RETURNS text LANGUAGE plv8 AS
		$$ "plv8 bundle two"; return typeof two $$;
	CREATE FUNCTION on_three() RETURNS text LANGUAGE plv8 AS
		$$ "plv8 bundle three"; return [typeof one, three, [].extra()].join() $$;
	CREATE FUNCTION on_four() RETURNS text LANGUAGE plv8 AS
		$$ 'plv8 bundle three, four'; return typeof three $$;));
for my $case ([ 'one', '7|1|2|/x/u,1,2,{"n":"5"}|undefined|undefined||1' ],
	[ 'two', 'undefined' ], [ 'three', 'undefined,3,3' ], [ 'four', 'undefined' ])
{
	my ($name, $answer) = @$case;
	is($node->safe_psql('postgres', "SET plv8.snapshot = '$several'; SELECT on_$name()"), $answer,
		"a function on bundle $name");
}
for my $case ([ 'throws', 'throw new Error("no")', qr/throws: Error: no/ ],
	[ 'calls', 'plv8.execute("SELECT 1")', qr/there is no database here/ ],
	[ 'broken', 'return 1 +', qr/broken: SyntaxError/ ])
{
	my ($name, $text, $reason) = @$case;
	command_fails_like([ $tool, $several, bundle_file($name, $text) ], $reason,
		"no snapshot of a bundle that is wrong: $name");
}
is($node->safe_psql('postgres', "SET plv8.snapshot = '$several'; SELECT on_three()"),
	'undefined,3,3', 'the file is still the one before');

# Roles beside each other, and a role whose first function does not want the bundle.
is(answer('$libdir/plv8.snapshot', 'SELECT plain(); '), "false\nfalse, function\ntrue/1",
	'a role that began without the bundle takes it from the code cache');
is(answer('$libdir/plv8.snapshot', 'SELECT plain(); SET ROLE other; '),
	"false\ntrue, function\ntrue/0,true/t/0", 'each role begins as its first function wants');
is(answer('$libdir/plv8.snapshot', 'SELECT on_bundle(); SELECT plv8_reset(); '),
	"true, function\n\ntrue, function\ntrue/t/0", 'a reset begins with it anew');
is(answer('$libdir/plv8.snapshot', q(SET plv8.allow_eval = off; DO $$ try { eval('1') }
	catch (e) { plv8.elog(INFO, 'refused') } $$ LANGUAGE plv8; SELECT plv8_reset();)),
	"\ntrue, function\ntrue/t/0", 'settings hold');

# An error in our TypeScript is told by its line there, wherever JavaScript started from.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'ai_runtime'
ai_runtime.server_autostart = off");
$node->restart;
$node->safe_psql('postgres', 'CREATE EXTENSION ai_runtime');
for my $file ('$libdir/plv8.snapshot', '')
{
	my ($name, $stderr) = ($file eq '' ? 'from source' : 'from the snapshot', '');
	$node->psql('postgres', "SET plv8.snapshot = '$file'; SELECT ai_drop_model('absent')",
		stderr => \$stderr);
	my ($source, $line) = $stderr =~ /CONTEXT:  JavaScript at dropModel \((\S+):(\d+):\d+\)\n/;
	my @lines = split(/\n/, slurp_file("$FindBin::RealBin/../../$source"));
	is($source, 'src/plv8/registry/drop.ts', "$name: the error names its source");
	like($lines[$line - 1], qr/throw new SqlError\('undefined_object'/, "$name: and its line");
	like($stderr, qr{at src/plv8/functions/ai_drop_model\.ts:\d+:\d+$}, "$name: and its caller");
	unlike($stderr, qr/define\.ts|$bundle|stub/, "$name: and nothing of what stands between");
}

# A snapshot is code: only a superuser names it, also ahead of the library's loading.
$node->psql('postgres', "SET ROLE other; SET plv8.snapshot = ''; SELECT on_bundle()",
	stdout => \$stdout, stderr => \$stderr);
like($stdout, qr/^true, function$/, 'nobody else has a session start from another file');
like($stderr, qr/permission denied to set parameter "plv8.snapshot"/, 'and hears of it');

# The postmaster reads the file once, and starts nothing of V8.
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'plv8'");
$node->restart;
is(answer('$libdir/plv8.snapshot'), "true, function\ntrue/t/0", 'preloaded, it has the bundle');
my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
is(scalar(() = glob "/proc/$postmaster/task/*"), 1, 'the postmaster has one thread');
is(answer(file_of(flipped($blob_at))), "false, function\nfalse/1",
	'a session may still be given another file');

for my $case ([ flipped($blob_at), 'false/1', 'damaged' ], [ '', 'false/0', 'empty' ])
{
	my ($bytes, $facts, $name) = @$case;
	my $file = file_of($bytes);
	$node->append_conf('postgresql.conf', "plv8.snapshot = '$file'");
	$node->restart;
	is($node->safe_psql('postgres', 'SELECT on_bundle(); SELECT start_facts()'),
		"false, function\n$facts", "a preloaded file that is $name costs speed only");
}
like(slurp_file($node->logfile), qr/LOG:  JavaScript starts without the snapshot .*size/,
	'the log of the server\'s start says why');
$node->stop;
done_testing();

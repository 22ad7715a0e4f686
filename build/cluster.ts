/**
 * The private cluster that `npm run db:start`, the demo and the benchmarks use: its own data
 * folder, a Unix socket in a folder that only its user (and root) may enter, no TCP. Settings that
 * matter for speed are PostgreSQL's own defaults, fsync included.
 */
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { shown, state } from './paths';
import { asServerUser, serverUser } from './server_user';
import { installedText, preloadLibraries } from './setup/native';
import { SetupError, stampText } from './setup/step';

export const DATABASE = 'ai';
const LOG_TAIL_LINES = 30;
/** How long what a crash left behind may take to go. */
const CRASH_WAIT_MS = 5000;
const PAUSE_MS = 100;

/** What psql, libpq and the pg package need to connect, as environment variables. */
export function connectionEnv(): { PGHOST: string; PGUSER: string; PGDATABASE: string } {
  return { PGHOST: state().socketFolder, PGUSER: 'postgres', PGDATABASE: DATABASE };
}

const logFile = (): string => path.join(state().socketFolder, 'postgresql.log');
/** What the running cluster was started with, and what its database was made from. */
const startedMark = (): string => path.join(state().cluster, 'ai_runtime.started');
const databaseMark = (): string => path.join(state().cluster, 'ai_runtime.database');

interface Outcome {
  readonly status: number | null;
  readonly output: string;
}

/** Runs a program of PostgreSQL as the server's user. */
function pgProgram(name: string, ...args: string[]): Outcome {
  const { bin, cluster } = state();
  // Output goes to a pipe only of those that end: pg_ctl's child would keep one open.
  const stdio = name === 'pg_ctl' ? 'ignore' : 'pipe';
  const result = spawnSync(path.join(bin, name), args, {
    ...asServerUser(bin),
    cwd: path.dirname(cluster),
    encoding: 'utf8',
    stdio: ['ignore', stdio, stdio],
  });
  return { status: result.status, output: `${result.stdout ?? ''}${result.stderr ?? ''}` };
}

/**
 * Runs SQL as superuser in a database; returns what psql printed, unaligned and without headers.
 */
export function runSql(sql: string, database = DATABASE): string {
  const args = ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', sql];
  const psql = spawnSync(path.join(state().bin, 'psql'), args, {
    env: { ...process.env, ...connectionEnv() },
    encoding: 'utf8',
  });
  if (psql.status !== 0) {
    throw new SetupError(`error: ${psql.stderr.trim()}`, `the server's log is ${shown(logFile())}`);
  }
  return psql.stdout.trimEnd();
}

/** Makes a folder that belongs to the server's user alone. */
function ownFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, gid } = serverUser();
  chownSync(folder, uid, gid);
  chmodSync(folder, 0o700);
}

function settings(): string {
  const quoted = (value: string): string => `'${value.replaceAll("'", "''")}'`;
  return `# Written by build/cluster.ts at every start.
listen_addresses = ''
unix_socket_directories = ${quoted(state().socketFolder)}
shared_preload_libraries = '${preloadLibraries()}'
client_connection_check_interval = '500ms'
log_line_prefix = '%m [%p] %b: '
ai_runtime.node_path = ${quoted(process.execPath)}
`;
}

/** Makes the data folder; an interrupted initdb leaves nothing that looks like one. */
function initialize(): void {
  const { cluster } = state();
  if (existsSync(path.join(cluster, 'postgresql.conf.made'))) return;
  rmSync(cluster, { recursive: true, force: true });
  ownFolder(cluster);
  const options = ['--no-sync', '--auth=trust', '--username=postgres', '--encoding=UTF8'];
  const initdb = pgProgram('initdb', ...options, '--locale=C.UTF-8', '-D', cluster);
  if (initdb.status !== 0) {
    throw new SetupError(`${initdb.output}\nerror: initdb failed`, 'mend what it names, try again');
  }
  appendFileSync(path.join(cluster, 'postgresql.conf'), "include 'ai_runtime.conf'\n");
  writeFileSync(path.join(cluster, 'postgresql.conf.made'), '');
}

/** Waits; PostgreSQL's programs are run one after another, so blocking is what is wanted. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Whether the postmaster was killed and its parent has not yet taken note. */
function isZombie(): boolean {
  const pid = readOr(path.join(state().cluster, 'postmaster.pid')).split('\n')[0];
  return /\) Z /.test(readOr(`/proc/${pid}/stat`));
}

/** Whether the cluster runs. */
export function isRunning(): boolean {
  const { cluster } = state();
  for (let waited = 0; isZombie() && waited < CRASH_WAIT_MS; waited += PAUSE_MS) pause(PAUSE_MS);
  return existsSync(cluster) && pgProgram('pg_ctl', 'status', '-D', cluster).status === 0;
}

/** Stops the cluster if it runs; returns whether it did. */
export function stopCluster(): boolean {
  if (!isRunning()) return false;
  const stop = pgProgram('pg_ctl', 'stop', '-w', '-m', 'fast', '-D', state().cluster);
  if (stop.status !== 0) {
    throw new SetupError('error: the cluster does not stop', `look at ${shown(logFile())}`);
  }
  return true;
}

const readOr = (file: string): string => (existsSync(file) ? readFileSync(file, 'utf8') : '');

/**
 * Starts the cluster unless it runs what is installed now, and makes the database. An existing
 * database keeps the extension it has, so that no data goes; `fresh` makes it anew.
 */
export function startCluster(options: { fresh?: boolean } = {}): void {
  const { cluster, socketFolder } = state();
  ownFolder(socketFolder);
  initialize();
  const current = installedText();
  if (isRunning() && readOr(startedMark()) !== current) stopCluster();
  if (!isRunning()) {
    writeFileSync(path.join(cluster, 'ai_runtime.conf'), settings(), { mode: 0o644 });
    startServer();
    writeFileSync(startedMark(), current);
  }
  makeDatabase(options.fresh ?? false);
}

/** Starts the server; the last sessions of one that was killed are given time to end. */
function startServer(): void {
  const args = ['start', '-w', '-t', '60', '-l', logFile(), '-D', state().cluster];
  for (let waited = 0; ; waited += PAUSE_MS) {
    if (pgProgram('pg_ctl', ...args).status === 0) return;
    const tail = readOr(logFile()).trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
    if (!tail.includes('pre-existing shared memory block') || waited >= CRASH_WAIT_MS) {
      throw new SetupError(`${tail}\n\nerror: the cluster does not start`, 'mend what it names');
    }
    pause(PAUSE_MS);
  }
}

function makeDatabase(fresh: boolean): void {
  if (fresh) runSql(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`, 'postgres');
  const found = runSql(`SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`, 'postgres');
  if (found === '') runSql(`CREATE DATABASE ${DATABASE}`, 'postgres');
  const extension = runSql("SELECT 1 FROM pg_extension WHERE extname = 'ai_runtime'");
  if (extension === '') {
    runSql('SET client_min_messages = warning; CREATE EXTENSION ai_runtime CASCADE');
    writeFileSync(databaseMark(), stampText('sql'));
  } else if (readOr(databaseMark()) !== stampText('sql')) {
    process.stderr.write(
      `notice: database "${DATABASE}" has the SQL of an older build;` +
        ' npm run db:start -- --fresh makes it anew, without its data\n',
    );
  }
}

/**
 * Where things lie in this checkout, and where its PostgreSQL lives.
 *
 * State (the private PostgreSQL, its cluster, the tests' scratch) stands under build/out. When the
 * server's user cannot reach that folder, or its path is too long for a Unix socket, state goes to
 * a folder under /var/tmp named after the checkout, and build/out holds links to it.
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { serverUser } from './server_user';

export const PG_MAJOR = 15;
/** sun_path has 108 bytes; names such as /socket/.s.PGSQL.5432 follow the state folder. */
const MAX_STATE_PATH_BYTES = 60;

/** The checkout: build/run.mjs changes to it before it runs a program. */
export const root = process.cwd();
export const out = path.join(root, 'build', 'out');

/** The only version number. */
export const version = (
  JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }
).version;

/** An installed PostgreSQL that we build for and install into. */
export interface Prefix {
  readonly prefix: string;
  readonly bin: string;
  readonly pgConfig: string;
  readonly share: string;
  readonly pkglib: string;
  readonly pgxs: string;
}

/** Its prefix is a copy of the system's PostgreSQL, which itself is never touched. */
export interface State extends Prefix {
  readonly folder: string;
  readonly cluster: string;
  readonly socketFolder: string;
  readonly scratch: string;
}

/** A path relative to the checkout, for messages. */
export function shown(file: string): string {
  const relative = path.relative(root, file);
  return relative.startsWith('..') ? file : relative;
}

/** Whether another user may walk through every folder down to this one. */
function reachableByOthers(folder: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    if ((lstatSync(at).mode & 0o001) === 0) return false;
    if (at === path.dirname(at)) return true;
  }
}

/** The folder that state goes to; made, and ours. */
function stateFolder(): string {
  mkdirSync(out, { recursive: true, mode: 0o755 });
  const short = Buffer.byteLength(out) <= MAX_STATE_PATH_BYTES;
  if (short && (!serverUser().other || reachableByOthers(out))) return out;
  const digest = createHash('sha256').update(`${root}\0${process.getuid?.()}`).digest('hex');
  const folder = `/var/tmp/ai_runtime-${digest.slice(0, 12)}`;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // Anybody may make a folder there: go on only in one of our own.
  const found = lstatSync(folder);
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) {
    throw new Error(`${folder} is not a folder of this user alone; remove it`);
  }
  return folder;
}

/** Makes build/out/NAME a link to where the state stands, unless it stands there itself. */
function link(folder: string, name: string): void {
  if (folder === out) return;
  const at = path.join(out, name);
  const target = path.join(folder, name);
  const found = lstatSync(at, { throwIfNoEntry: false });
  if (found?.isSymbolicLink() && readlinkSync(at) === target) return;
  rmSync(at, { recursive: true, force: true });
  symlinkSync(target, at);
}

/** The folder of the PostgreSQL with assertions, beside the copy. */
const CHECKED = 'postgresql-checked';

/** The copy of the system's PostgreSQL. */
function copyIn(folder: string): Prefix {
  const prefix = path.join(folder, 'postgresql');
  const lib = path.join(prefix, `usr/lib/postgresql/${PG_MAJOR}`);
  return {
    prefix,
    bin: path.join(lib, 'bin'),
    pgConfig: path.join(lib, 'bin/pg_config'),
    share: path.join(prefix, `usr/share/postgresql/${PG_MAJOR}`),
    pkglib: path.join(lib, 'lib'),
    pgxs: path.join(lib, 'lib/pgxs'),
  };
}

/** The PostgreSQL with assertions; with "postgres" in its prefix it adds no folder of that name. */
function checkedPrefixIn(folder: string): Prefix {
  const prefix = path.join(folder, CHECKED);
  return {
    prefix,
    bin: path.join(prefix, 'bin'),
    pgConfig: path.join(prefix, 'bin/pg_config'),
    share: path.join(prefix, 'share'),
    pkglib: path.join(prefix, 'lib'),
    pgxs: path.join(prefix, 'lib/pgxs'),
  };
}

let known: State | undefined;

/**
 * Where this checkout's PostgreSQL lives. AI_RUNTIME_POSTGRES=checked has a program of ours run on
 * the PostgreSQL with assertions; there is no set-up then.
 */
export function state(): State {
  if (known !== undefined) return known;
  const folder = stateFolder();
  for (const name of ['postgresql', CHECKED, 'cluster', 'scratch']) link(folder, name);
  // The tests' cluster stands beside the user's, never in its place.
  const cluster = process.env.AI_RUNTIME_CLUSTER ?? '';
  const checked = process.env.AI_RUNTIME_POSTGRES === 'checked';
  known = {
    ...(checked ? checkedPrefixIn(folder) : copyIn(folder)),
    folder,
    cluster: path.join(folder, `cluster${cluster}`),
    socketFolder: path.join(folder, `socket${cluster}`),
    scratch: path.join(folder, 'scratch'),
  };
  return known;
}

/** The PostgreSQL with assertions that the rings cassert and valgrind run. */
export const checkedPrefix = (): Prefix => checkedPrefixIn(state().folder);

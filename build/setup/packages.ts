/**
 * The Debian packages that are installed, and how: nothing but the packages comes of it, in
 * particular no cluster of Debian's own, and an installation that was interrupted is taken up.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PG_MAJOR } from '../paths';
import { type Log, SetupError, type Step } from './step';

type Packages = Readonly<Record<string, string>>;

const SERVER_PACKAGE = `postgresql-${PG_MAJOR}`;

/** Everything that is built and run with, each with what needs it. */
const PACKAGES: Packages = {
  [SERVER_PACKAGE]: 'the server, copied into a private prefix',
  [`postgresql-server-dev-${PG_MAJOR}`]: 'headers, PGXS, pg_regress',
  'g++': 'native code',
  make: 'native code',
  python3: 'node-gyp',
  libuv1: 'libnode',
  'libnghttp2-14': 'libnode',
  libbrotli1: 'libnode',
  libicu72: 'libnode',
};

/** What only the tests need. */
const TEST_PACKAGES: Packages = {
  'libgtest-dev': 'test ring native',
  'libipc-run-perl': 'test ring tap',
  'libonnx-testdata': 'test ring conformance',
  'clang-format': 'test ring lint',
  bzip2: "test ring cassert: PostgreSQL's source",
  valgrind: 'test ring valgrind',
};

const CREATE_CLUSTER = '/etc/postgresql-common/createcluster.conf';
const NO_CLUSTER = 'create_main_cluster = false';
const DPKG_STATUS = '/var/lib/dpkg/status';
/** Another apt, such as the one that a new machine runs on its own, gets this long to end. */
const APT_WAIT_MS = 10 * 60_000;
const APT_PAUSE_MS = 3000;

/** The packages of the list that are not installed. */
function missingOf(names: readonly string[]): string[] {
  const format = '${db:Status-Abbrev}${Package}\n';
  const query = spawnSync('dpkg-query', ['-W', '-f', format, ...names], { encoding: 'utf8' });
  if (query.error) {
    throw new SetupError(
      'dpkg-query: not found',
      'the set-up is made for Debian 12; elsewhere use a container of it',
    );
  }
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => line.startsWith('ii'))
      .map((line) => line.slice(2).trim()),
  );
  return names.filter((name) => !installed.has(name));
}

const installArguments = (missing: readonly string[]): string[] => [
  'install',
  '-y',
  '--no-install-recommends',
  ...missing,
];

/** The line for root to run; `configured` tells whether Debian's file about clusters is there. */
export function rootLine(missing: readonly string[], configured: boolean): string {
  const install = `apt-get ${installArguments(missing).join(' ')}`;
  if (!missing.includes(SERVER_PACKAGE) || configured) return `apt-get update && ${install}`;
  // The question whether to keep the file is what noninteractive answers.
  return [
    `mkdir -p ${path.dirname(CREATE_CLUSTER)}`,
    `echo '${NO_CLUSTER}' > ${CREATE_CLUSTER}`,
    'apt-get update',
    `DEBIAN_FRONTEND=noninteractive ${install}`,
  ].join(' && ');
}

/** Whether the last command of a log did not get one of apt's locks. */
export function isLocked(text: string): boolean {
  const last = text.slice(text.lastIndexOf('\n$ ') + 1);
  return /^E: (Could not get lock|Unable to lock)/m.test(last);
}

/** Runs apt-get; root waits while another apt holds one of its locks. */
export async function aptGet(log: Log, args: readonly string[], cwd?: string): Promise<void> {
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, ...(cwd && { cwd }) };
  const deadline = performance.now() + APT_WAIT_MS;
  for (let waiting = false; ; waiting = true) {
    try {
      return await log.command('apt-get', ['-o', 'Acquire::Retries=3', ...args], options);
    } catch (error) {
      const refused = process.getuid?.() === 0 && isLocked(log.tail());
      if (!refused || performance.now() > deadline) throw error;
      if (!waiting) process.stderr.write('waiting for another apt to end … ');
      log.text('another apt is at work');
      await pause(APT_PAUSE_MS);
    }
  }
}

/**
 * Debian makes and starts a cluster with a new server package; ours is private, so it shall not.
 * Afterwards Debian's file is as it would be without us.
 */
async function withoutCluster(run: () => Promise<void>): Promise<void> {
  const mark = `${NO_CLUSTER}  # while ai_runtime installs its packages\n`;
  const readBack = (): string =>
    existsSync(CREATE_CLUSTER) ? readFileSync(CREATE_CLUSTER, 'utf8').replaceAll(mark, '') : '';
  mkdirSync(path.dirname(CREATE_CLUSTER), { recursive: true });
  writeFileSync(CREATE_CLUSTER, `${readBack()}${mark}`);
  try {
    await run();
  } finally {
    // Where there was none before, the package leaves its own beside ours.
    const fromPackage = `${CREATE_CLUSTER}.ucf-dist`;
    const own = readBack();
    if (own !== '') writeFileSync(CREATE_CLUSTER, own);
    else if (existsSync(fromPackage)) renameSync(fromPackage, CREATE_CLUSTER);
    else rmSync(CREATE_CLUSTER);
  }
}

async function installPackages(names: readonly string[], log: Log): Promise<void> {
  const missing = missingOf(names);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `error: Debian packages are missing: ${missing.join(' ')}`,
      'run this line as root, then the same command again:\n\n' +
        `${rootLine(missing, existsSync(CREATE_CLUSTER))}\n`,
    );
  }
  await withoutCluster(async () => {
    // What was interrupted before; what this cannot mend, apt-get names.
    const env = { DEBIAN_FRONTEND: 'noninteractive' };
    const configure = ['--force-confold', '--configure', '-a'];
    await log.command('dpkg', configure, { env }).catch(() => {});
    // One source of many may be out of reach: whether the packages come is what counts.
    await aptGet(log, ['update']).catch(() => {});
    const options = ['-o', 'Dpkg::Options::=--force-confold', '--fix-broken', '--no-remove'];
    await aptGet(log, [...options, ...installArguments(missing)]);
  });
}

/** A step that installs packages, each given with what needs it. */
export function packagesStep(id: string, name: string, packages: Packages): Step {
  const names = Object.keys(packages);
  return {
    id,
    name,
    inputs: () => {
      // dpkg rewrites its file at every change, so one look at it tells whether to ask.
      const { mtimeMs, size } = statSync(DPKG_STATUS);
      return JSON.stringify([names, mtimeMs, size]);
    },
    run: (log) => installPackages(names, log),
    hint: 'look whether apt-get works here (apt-get update), then run the same command again',
  };
}

/** What apt installs to build and to run. */
export const debianPackages = packagesStep('debian-packages', 'Debian packages', PACKAGES);

/** The same and what the tests need, so that who is not root is told of all at once. */
export const testPackages = packagesStep('test-packages', 'Debian packages, also for the tests', {
  ...PACKAGES,
  ...TEST_PACKAGES,
});

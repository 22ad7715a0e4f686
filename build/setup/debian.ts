/**
 * Debian packages: those installed by apt, and those only extracted under build/out because they
 * must not be installed (libnode beside NodeSource's node; ONNX Runtime's headers from the next
 * release).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { out, PG_MAJOR } from '../paths';
import { debianSource } from './apt_source';
import { type Log, SetupError, type Step } from './step';

type Packages = Readonly<Record<string, string>>;

/** Everything that is built and run with, each with what needs it. */
const PACKAGES: Packages = {
  [`postgresql-${PG_MAJOR}`]: 'the server, copied into a private prefix',
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
};

const CREATE_CLUSTER = '/etc/postgresql-common/createcluster.conf';
const DPKG_STATUS = '/var/lib/dpkg/status';

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

async function installPackages(names: readonly string[], log: Log): Promise<void> {
  const missing = missingOf(names);
  if (missing.length === 0) return;
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  if (process.getuid?.() !== 0) {
    throw new SetupError(
      `error: Debian packages are missing: ${missing.join(' ')}`,
      `run this as root, then the same command again:\n\n  apt-get ${install.join(' ')}\n`,
    );
  }
  // Debian makes and starts a cluster with the server; ours is private, so it shall not.
  if (!existsSync(CREATE_CLUSTER)) {
    mkdirSync(path.dirname(CREATE_CLUSTER), { recursive: true });
    writeFileSync(
      CREATE_CLUSTER,
      '# Written by the set-up of ai_runtime.\ncreate_main_cluster = false\n',
    );
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await log.command('apt-get', ['update'], { env });
  await log.command('apt-get', ['-o', 'Dpkg::Options::=--force-confold', ...install], { env });
}

function packagesStep(id: string, name: string, packages: Packages): Step {
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

/** What apt installs for the tests, besides. */
export const testPackages = packagesStep(
  'test-packages',
  'Debian packages for the tests',
  TEST_PACKAGES,
);

/** Extracts every .deb of a folder into the named folder of build/out, replacing it whole. */
async function extract(log: Log, downloads: string, name: string): Promise<void> {
  const fresh = path.join(out, `${name}.new`);
  rmSync(fresh, { recursive: true, force: true });
  mkdirSync(fresh, { recursive: true });
  for (const file of readdirSync(downloads).filter((one) => one.endsWith('.deb'))) {
    await log.command('dpkg-deb', ['-x', path.join(downloads, file), fresh]);
  }
  rmSync(path.join(out, name), { recursive: true, force: true });
  renameSync(fresh, path.join(out, name));
}

/** A folder for downloads, empty. */
function emptyFolder(name: string): string {
  const folder = path.join(out, 'downloads', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

const NODE_LIBRARY_PACKAGES = ['libnode-dev', 'libnode108', 'libc-ares2'];

/** V8 as a library: Debian's libnode, which cannot be installed beside another node. */
export const nodeLibrary: Step = {
  id: 'node-library',
  name: 'libnode (extracted, not installed)',
  inputs: () => JSON.stringify(NODE_LIBRARY_PACKAGES),
  outputs: () => [path.join(out, 'node/usr/include/node/v8.h')],
  run: async (log) => {
    const folder = emptyFolder('node');
    const download = ['download', ...NODE_LIBRARY_PACKAGES];
    try {
      await log.command('apt-get', download, { cwd: folder });
    } catch (error) {
      // A bare machine has no package lists yet.
      if (process.getuid?.() !== 0) throw error;
      await log.command('apt-get', ['update']);
      await log.command('apt-get', download, { cwd: folder });
    }
    await extract(log, folder, 'node');
  },
  hint: 'run apt-get update as root, then the same command again',
};

const ONNXRUNTIME_PACKAGE = 'libonnxruntime-dev';
const ONNXRUNTIME_SUITE = 'trixie';

/**
 * The headers of ONNX Runtime: Debian has them from its next release on; its library we do not use.
 */
export const onnxruntimeHeaders: Step = {
  id: 'onnxruntime-headers',
  name: 'ONNX Runtime headers (extracted, not installed)',
  inputs: () => JSON.stringify([ONNXRUNTIME_PACKAGE, ONNXRUNTIME_SUITE]),
  outputs: () => [path.join(out, 'onnxruntime/usr/include/onnxruntime')],
  run: async (log) => {
    const folder = emptyFolder('onnxruntime');
    const lists = path.join(folder, 'lists');
    const archives = path.join(folder, 'cache');
    for (const made of [lists, archives]) {
      mkdirSync(path.join(made, 'partial'), { recursive: true });
    }
    const source = path.join(folder, 'debian.sources');
    writeFileSync(source, debianSource(ONNXRUNTIME_SUITE));
    // A state of its own: the machine's apt never hears of the other release.
    const own = [
      `Dir::Etc::sourcelist=${source}`,
      'Dir::Etc::sourceparts=-',
      `Dir::State::lists=${lists}`,
      `Dir::Cache=${archives}`,
      'Acquire::Languages=none',
      `APT::Sandbox::User=${process.getuid?.() === 0 ? 'root' : ''}`,
    ].flatMap((option) => ['-o', option]);
    await log.command('apt-get', [...own, 'update']);
    await log.command('apt-get', [...own, 'download', ONNXRUNTIME_PACKAGE], { cwd: folder });
    await extract(log, folder, 'onnxruntime');
  },
  hint: `the Debian mirror of this machine must carry the suite ${ONNXRUNTIME_SUITE}`,
};

/** The installed version of a package. */
export function packageVersion(name: string): string {
  return execFileSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' });
}

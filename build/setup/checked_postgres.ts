/**
 * A PostgreSQL with its assertions on and ready for valgrind, built from Debian's source package,
 * and our code built and installed into it. Only the rings cassert and valgrind need it.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { checkedPrefix, out, PG_MAJOR } from '../paths';
import { debianSource, releaseName } from './apt_source';
import { emptyFolder, ownAptState } from './debian';
import { installedText, installFiles, make } from './native';
import { aptGet } from './packages';
import { digestOf, type Log, type Step, stampText } from './step';

const SOURCE_PACKAGE = `postgresql-${PG_MAJOR}`;

const CONFIGURE = [
  '--enable-cassert',
  '--enable-debug',
  '--without-readline',
  '--without-zlib',
  'CFLAGS=-O1 -fno-omit-frame-pointer',
  'CPPFLAGS=-DUSE_VALGRIND',
];

/** The folders whose `make install` is all that the tests need. */
const BUILT = ['src', 'src/test/regress', 'src/test/isolation'];

/** Downloads the source package of this machine's release and extracts it; returns its folder. */
async function fetchSource(log: Log): Promise<string> {
  const folder = emptyFolder('postgresql-source');
  const own = ownAptState(folder, debianSource(releaseName(), 'deb-src'));
  await aptGet(log, [...own, 'update']);
  await aptGet(log, [...own, 'source', '--download-only', SOURCE_PACKAGE], folder);
  const archive = readdirSync(folder).find((name) => /\.orig\.tar\.\w+$/.test(name));
  if (archive === undefined) throw new Error(`${SOURCE_PACKAGE} has no source archive`);
  await log.command('tar', ['-xf', path.join(folder, archive), '-C', folder]);
  const source = readdirSync(folder).find((name) =>
    existsSync(path.join(folder, name, 'configure')),
  );
  if (source === undefined) throw new Error(`${archive} holds no PostgreSQL`);
  return path.join(folder, source);
}

/** What PostgreSQL itself says that valgrind shall not tell of. */
export const suppressions = (): string => path.join(checkedPrefix().share, 'valgrind.supp');

export const checkedPostgres: Step = {
  id: 'checked-postgresql',
  name: 'PostgreSQL with assertions (from source, some minutes)',
  inputs: () => JSON.stringify([checkedPrefix().prefix, SOURCE_PACKAGE, CONFIGURE]),
  outputs: () => [path.join(checkedPrefix().bin, 'postgres'), suppressions()],
  run: async (log) => {
    const { prefix: folder } = checkedPrefix();
    const source = await fetchSource(log);
    rmSync(folder, { recursive: true, force: true });
    // Built beside the source, as Debian's is: only then does PGXS build extensions so, too.
    const made = path.join(source, 'made');
    mkdirSync(made);
    await log.command('../configure', [`--prefix=${folder}`, ...CONFIGURE], { cwd: made });
    const jobs = `-j${availableParallelism()}`;
    for (const part of BUILT) {
      await log.command('make', ['-s', jobs, '-C', path.join(made, part), 'install']);
    }
    copyFileSync(path.join(source, 'src/tools/valgrind.supp'), suppressions());
    rmSync(path.dirname(source), { recursive: true, force: true });
  },
  hint: `the Debian mirror of this machine must carry the source package ${SOURCE_PACKAGE}`,
};

/** Where our code is built for it, apart from what goes into the copy of the system's. */
const BUILD = path.join(out, 'checked');

export const checkedInstall: Step = {
  id: 'checked-install',
  name: 'our code for the PostgreSQL with assertions',
  inputs: () => digestOf([], installedText(), stampText('checked-postgresql')),
  outputs: () => [path.join(checkedPrefix().pkglib, 'plv8.so')],
  scratch: [BUILD],
  run: async (log) => {
    const target = checkedPrefix();
    const extension = `BUILD_DIR=${path.join(BUILD, 'extension')}`;
    await make(log, 'native/extension', target, extension, 'install');
    const flags = 'CXXFLAGS=-O1 -g -fno-omit-frame-pointer -D_GLIBCXX_ASSERTIONS';
    const provider = `OUT=${path.join(BUILD, 'plv8')}`;
    installFiles(target);
    await make(log, 'native/plv8', target, provider, flags, 'install');
  },
  hint: 'read the messages of the compiler above; mend them, run the same command again',
};

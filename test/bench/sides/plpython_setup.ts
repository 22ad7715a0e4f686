/**
 * PL/Python and scikit-learn, which only the benchmarks want: scikit-learn is installed, PL/Python
 * is extracted and put into the private PostgreSQL, so that the system's stays as it is.
 */
import { copyFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { out, PG_MAJOR, state } from '../../../build/paths';
import { emptyFolder, extract, packageVersion } from '../../../build/setup/debian';
import { aptGet, packagesStep } from '../../../build/setup/packages';
import { runStep, type Step, stampText } from '../../../build/setup/step';

const PACKAGE = `postgresql-plpython3-${PG_MAJOR}`;
const EXTRACTED = 'plpython';

const packages = packagesStep('bench-packages', 'Debian packages of the benchmarks', {
  'python3-sklearn': 'PL/Python beside us',
  'libpython3.11': 'plpython3.so',
});

/** Of the very version that the private PostgreSQL was copied from. */
const wanted = (): string => `${PACKAGE}=${packageVersion(`postgresql-${PG_MAJOR}`)}`;

const plpython: Step = {
  id: 'bench-plpython',
  name: 'PL/Python (into the private PostgreSQL)',
  inputs: () => JSON.stringify([wanted(), stampText('prefix')]),
  outputs: () => [path.join(state().share, 'extension/plpython3u.control')],
  run: async (log) => {
    const folder = emptyFolder(EXTRACTED);
    await aptGet(log, ['download', wanted()], folder);
    await extract(log, folder, EXTRACTED);
    const { pkglib, share } = state();
    const system = path.join(out, EXTRACTED, 'usr');
    const lib = path.join(system, `lib/postgresql/${PG_MAJOR}/lib`);
    copyFileSync(path.join(lib, 'plpython3.so'), path.join(pkglib, 'plpython3.so'));
    const extensions = path.join(system, `share/postgresql/${PG_MAJOR}/extension`);
    for (const name of readdirSync(extensions).filter((one) => one.startsWith('plpython3u'))) {
      copyFileSync(path.join(extensions, name), path.join(share, 'extension', name));
    }
  },
  hint: `the Debian mirror of this machine must carry ${PACKAGE} of the installed version`,
};

/** Installs both; who may not is told what to do by an error. */
export async function installPlpython(): Promise<void> {
  await runStep(packages);
  await runStep(plpython);
}

/**
 * Debian packages that are only extracted under build/out, because they must not be installed:
 * libnode beside NodeSource's node; ONNX Runtime's headers from the next release.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { out } from '../paths';
import { debianSource } from './apt_source';
import { aptGet } from './packages';
import type { Log, Step } from './step';

/** Extracts every .deb of a folder into the named folder of build/out, replacing it whole. */
export async function extract(log: Log, downloads: string, name: string): Promise<void> {
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
export function emptyFolder(name: string): string {
  const folder = path.join(out, 'downloads', name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/**
 * Options that give apt-get a state of its own below a folder, with one source: the machine's apt
 * never hears of what is in it.
 */
export function ownAptState(folder: string, source: string): string[] {
  const lists = path.join(folder, 'lists');
  const archives = path.join(folder, 'cache');
  for (const made of [lists, archives]) mkdirSync(path.join(made, 'partial'), { recursive: true });
  const file = path.join(folder, 'debian.sources');
  writeFileSync(file, source);
  return [
    `Dir::Etc::sourcelist=${file}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${lists}`,
    `Dir::Cache=${archives}`,
    'Acquire::Languages=none',
    `APT::Sandbox::User=${process.getuid?.() === 0 ? 'root' : ''}`,
  ].flatMap((option) => ['-o', option]);
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
      await aptGet(log, download, folder);
    } catch (error) {
      // A bare machine has no package lists yet.
      if (process.getuid?.() !== 0) throw error;
      await aptGet(log, ['update']);
      await aptGet(log, download, folder);
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
    const own = ownAptState(folder, debianSource(ONNXRUNTIME_SUITE));
    await aptGet(log, [...own, 'update']);
    await aptGet(log, [...own, 'download', ONNXRUNTIME_PACKAGE], folder);
    await extract(log, folder, 'onnxruntime');
  },
  hint: `the Debian mirror of this machine must carry the suite ${ONNXRUNTIME_SUITE}`,
};

/** The installed version of a package. */
export function packageVersion(name: string): string {
  return execFileSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' });
}

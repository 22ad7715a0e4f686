/**
 * The private PostgreSQL and all that is built into it: extension, provider of plv8, server, SQL.
 */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { out, PG_MAJOR, type Prefix, root, state, version } from '../paths';
import { packageVersion } from './debian';
import { digestOf, filesUnder, type Log, SetupError, type Step, stampText } from './step';

const SYSTEM_LIB = `/usr/lib/postgresql/${PG_MAJOR}`;
const SYSTEM_SHARE = `/usr/share/postgresql/${PG_MAJOR}`;
const COMPILER_HINT =
  'read the messages of the compiler above; mend them, run the same command again';

/** Whether the system's PostgreSQL has plv8 already: then it provides the language, not ours. */
export function upstreamPlv8(): boolean {
  return existsSync(path.join(SYSTEM_SHARE, 'extension/plv8.control'));
}

/**
 * What a cluster preloads. Our plv8 starts from its snapshot faster when the postmaster has it;
 * upstream's would hang there.
 */
export function preloadLibraries(): string {
  return upstreamPlv8() ? 'ai_runtime' : 'ai_runtime, plv8';
}

/** The private PostgreSQL: a copy of the system's, which finds its files relative to itself. */
export const prefix: Step = {
  id: 'prefix',
  name: 'private PostgreSQL',
  inputs: () => {
    const { mtimeMs } = statSync(path.join(SYSTEM_LIB, 'bin/postgres'));
    const extensions = statSync(path.join(SYSTEM_SHARE, 'extension')).mtimeMs;
    return JSON.stringify([state().prefix, mtimeMs, extensions]);
  },
  outputs: () => [state().pgConfig, path.join(state().share, 'postgres.bki')],
  run: async (log) => {
    const { prefix: folder } = state();
    const fresh = `${folder}.new`;
    const old = `${folder}.old`;
    for (const stale of [fresh, old]) rmSync(stale, { recursive: true, force: true });
    log.text(`copies postgresql-${PG_MAJOR} ${packageVersion(`postgresql-${PG_MAJOR}`)}`);
    for (const from of [SYSTEM_LIB, SYSTEM_SHARE]) {
      cpSync(from, path.join(fresh, from), { recursive: true, verbatimSymlinks: true });
    }
    symlinkSync('/usr/include', path.join(fresh, 'usr/include'));
    if (existsSync(folder)) renameSync(folder, old);
    renameSync(fresh, folder);
    rmSync(old, { recursive: true, force: true });
  },
  hint: 'look whether the disk is full, then run the same command again',
};

/** Runs make in a folder of native/, for a PostgreSQL. */
export async function make(
  log: Log,
  folder: string,
  prefix: Prefix,
  ...targets: string[]
): Promise<void> {
  await log.command('make', [
    '--no-print-directory',
    `-j${availableParallelism()}`,
    '-C',
    path.join(root, folder),
    `PG_CONFIG=${prefix.pgConfig}`,
    `AI_RUNTIME_VERSION=${version}`,
    ...targets,
  ]);
}

export const extension: Step = {
  id: 'extension',
  name: 'extension (C)',
  inputs: () =>
    digestOf(filesUnder('native/extension', 'native/protocol'), version, stampText('prefix')),
  scratch: [path.join(out, 'extension')],
  run: async (log) => make(log, 'native/extension', state()),
  hint: COMPILER_HINT,
};

export const plv8: Step = {
  id: 'plv8',
  name: 'plv8 provider (C++)',
  inputs: () =>
    upstreamPlv8()
      ? 'upstream'
      : digestOf(filesUnder('native/plv8'), stampText('node-library'), stampText('prefix')),
  scratch: [path.join(out, 'plv8')],
  run: async (log) => {
    if (upstreamPlv8()) {
      process.stderr.write('the system has plv8, so ours is not built … ');
      return;
    }
    await make(log, 'native/plv8', state());
  },
  hint: COMPILER_HINT,
};

/** The folder that holds the headers of the Node that runs us. */
function nodeHeaders(): string {
  const folder = path.dirname(path.dirname(process.execPath));
  if (!existsSync(path.join(folder, 'include/node/node_api.h'))) {
    throw new SetupError(
      `error: the headers of Node are not in ${folder}/include/node`,
      'use a Node that brings them: that of nodejs.org, NodeSource or the node container image',
    );
  }
  return folder;
}

const ADDON_FOLDER = path.join(root, 'native/server');
const ADDON = path.join(ADDON_FOLDER, 'build/Release/ai_runtime_server.node');

export const addon: Step = {
  id: 'addon',
  name: 'inference server (C++)',
  inputs: () =>
    digestOf(
      filesUnder('native/server/binding.gyp', 'native/server/src', 'native/server/include').concat(
        filesUnder('native/protocol'),
      ),
      version,
      process.version,
      stampText('onnxruntime-headers'),
    ),
  outputs: () => [ADDON],
  scratch: [path.join(ADDON_FOLDER, 'build')],
  run: async (log) => {
    const gyp = path.join(root, 'node_modules/node-gyp/bin/node-gyp.js');
    const headers = nodeHeaders();
    const options = ['-C', ADDON_FOLDER, `--nodedir=${headers}`];
    // What gyp writes holds the way from the checkout to the headers, and the names of the sources.
    const gypFile = path.join(ADDON_FOLDER, 'binding.gyp');
    const sources = filesUnder('native/server/src');
    const configured = digestOf([gypFile], ADDON_FOLDER, headers, process.version, ...sources);
    const mark = path.join(ADDON_FOLDER, 'build', `configured-${configured.slice(0, 12)}`);
    if (!existsSync(mark)) {
      await log.command(process.execPath, [gyp, 'configure', ...options]);
      writeFileSync(mark, '');
    }
    const jobs = `--jobs=${availableParallelism()}`;
    await log.command(process.execPath, [gyp, 'build', jobs, ...options]);
  },
  hint: COMPILER_HINT,
};

const MAIN = path.join(out, 'server/main.js');

export const serverProgram: Step = {
  id: 'server-program',
  name: 'inference server (TypeScript)',
  inputs: () => digestOf(filesUnder('src/server', 'src/shared', 'package.json')),
  outputs: () => [MAIN],
  run: async () => {
    await build({
      entryPoints: [path.join(root, 'src/server/main.ts')],
      outfile: MAIN,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'cjs',
      external: ['*.node'],
      define: { AI_RUNTIME_VERSION: JSON.stringify(version) },
      logLevel: 'error',
    });
  },
  hint: 'mend src/server, then run the same command again',
};

export const sql: Step = {
  id: 'sql',
  name: 'install script (TypeScript and SQL)',
  inputs: () => digestOf(filesUnder('sql', 'src/plv8', 'src/shared', 'build/generate'), version),
  outputs: () => [path.join(out, 'sql', `ai_runtime--${version}.sql`)],
  run: async (log) => {
    const program = path.join(root, 'build/generate/main.ts');
    await log.command(process.execPath, [path.join(root, 'build/run.mjs'), program]);
  },
  hint: 'mend what the generator names, then run the same command again',
};

/** Replaces a file by rename, so that a process that has it mapped keeps the old one. */
function installFile(from: string, to: string): void {
  mkdirSync(path.dirname(to), { recursive: true });
  copyFileSync(from, `${to}.new`);
  chmodSync(`${to}.new`, 0o644);
  renameSync(`${to}.new`, to);
}

/** Installs what the generator made: the extension's SQL, the bundle with its source map. */
function installGenerated(prefix: Prefix): void {
  const made = path.join(out, 'sql');
  const bundles = path.join(prefix.share, 'plv8');
  mkdirSync(bundles, { recursive: true });
  for (const old of readdirSync(bundles).filter((one) => one.startsWith('ai_runtime_'))) {
    rmSync(path.join(bundles, old));
  }
  for (const name of readdirSync(made)) {
    const folder = /\.(sql|control)$/.test(name) ? 'extension' : 'plv8';
    installFile(path.join(made, name), path.join(prefix.share, folder, name));
  }
}

/** Digest of all that gets installed; a running cluster compares it with what it started with. */
export function installedText(): string {
  const parts = ['prefix', 'extension', 'plv8', 'addon', 'server-program', 'sql'];
  return digestOf([], ...parts.map(stampText));
}

const ONNXRUNTIME = path.join(
  root,
  `node_modules/onnxruntime-node/bin/napi-v6/linux/${process.arch}/libonnxruntime.so.1`,
);

/** Installs what make does not: the server, the install scripts and the bundle. */
export function installFiles(prefix: Prefix): void {
  const server = path.join(prefix.pkglib, 'ai_runtime/server');
  installFile(MAIN, path.join(server, 'main.js'));
  // Node asks the nearest package.json above main.js; the checkout's would make it an ES module.
  writeFileSync(path.join(server, 'package.json'), '{ "type": "commonjs" }\n');
  installFile(ADDON, path.join(server, 'ai_runtime_server.node'));
  installFile(ONNXRUNTIME, path.join(server, 'libonnxruntime.so.1'));
  installGenerated(prefix);
}

export const install: Step = {
  id: 'install',
  name: 'installation into the private PostgreSQL',
  inputs: installedText,
  outputs: () => [
    path.join(state().pkglib, 'ai_runtime.so'),
    path.join(state().pkglib, 'ai_runtime/server/libonnxruntime.so.1'),
    path.join(state().pkglib, 'ai_runtime/server/package.json'),
    path.join(state().share, 'extension/ai_runtime.control'),
    path.join(state().share, 'extension/plv8.control'),
    ...(upstreamPlv8() ? [] : [path.join(state().pkglib, 'plv8.snapshot')]),
  ],
  run: async (log) => {
    await make(log, 'native/extension', state(), 'install');
    installFiles(state());
    // After the bundle, which the start-up snapshot holds.
    if (!upstreamPlv8()) await make(log, 'native/plv8', state(), 'install');
  },
  hint: 'read the messages above; mend what they name, then run the same command again',
};

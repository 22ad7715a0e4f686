// Runs one of our TypeScript programs: node build/run.mjs FILE.ts [ARGS]
//
// The first file that runs on a bare machine, so plain JavaScript without a dependency. Installs
// the npm packages of the lockfile when they are not those already there, bundles FILE with esbuild
// into build/out/run/ and runs it with Node in this same process. Never builds anything native:
// build/setup.ts does.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { takeLock } from './lock.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const out = path.join(root, 'build', 'out');
const npmStamp = path.join(root, 'node_modules', '.ai_runtime-stamp');
const npmLog = path.join(out, 'log', 'npm.log');

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** The text the stamp must hold for node_modules to be what the lockfile says. */
function npmStampText() {
  const lock = readFileSync(path.join(root, 'package-lock.json'));
  const digest = createHash('sha256').update(lock).digest('hex');
  return `${digest} ${process.platform}-${process.arch}\n`;
}

/** @param {string} file */
function readOrEmpty(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** Installs the lockfile's packages unless the stamp says that they are there. */
async function installPackages() {
  if (readOrEmpty(npmStamp) === npmStampText()) return;
  const release = await takeLock(path.join(out, 'setup.lock'), 'set-up');
  if (readOrEmpty(npmStamp) !== npmStampText()) {
    const started = Date.now();
    process.stderr.write('  npm packages … ');
    mkdirSync(path.dirname(npmLog), { recursive: true });
    // No install script runs: onnxruntime-node's would fetch a CUDA library from elsewhere.
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    const npm = spawnSync('npm', args, { cwd: root, encoding: 'utf8' });
    writeFileSync(npmLog, `${npm.stdout ?? ''}${npm.stderr ?? ''}${npm.error ?? ''}\n`);
    if (npm.status !== 0) {
      fail(`failed\n${readOrEmpty(npmLog).split('\n').slice(-25).join('\n')}
error: npm ci did not succeed (its output: ${path.relative(root, npmLog)})
hint: it needs the npm registry that npm is configured for; then run the same command again`);
    }
    writeFileSync(`${npmStamp}.new`, npmStampText());
    renameSync(`${npmStamp}.new`, npmStamp);
    process.stderr.write(`${((Date.now() - started) / 1000).toFixed(1)} s\n`);
  }
  release();
}

/** Bundles `file` and resolves to the path of the JavaScript. @param {string} file */
async function bundle(file) {
  const esbuild = await import('esbuild');
  const name = path.relative(root, path.resolve(root, file)).replaceAll(path.sep, '-');
  const outfile = path.join(out, 'run', `${name.replace(/\.ts$/, '')}.mjs`);
  await esbuild.build({
    entryPoints: [path.resolve(root, file)],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'error',
  });
  return outfile;
}

const [file, ...args] = process.argv.slice(2);
if (file === undefined) fail('usage: node build/run.mjs FILE.ts [ARGS]');
if (Number(process.versions.node.split('.')[0]) < 20) {
  fail(`error: Node ${process.versions.node} is too old\nhint: install Node 20 or newer`);
}
process.chdir(root);
await installPackages();
const program = await bundle(file);
process.setSourceMapsEnabled(true);
process.argv = [process.execPath, program, ...args];
await import(pathToFileURL(program).href);

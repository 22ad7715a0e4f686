// One set-up, and one run of a ring, at a time per checkout. Plain JavaScript: it runs before any
// package is installed.
//
// The lock is held by a child `flock … cat` whose standard input is ours: it goes when this process
// goes, however that happens, so there is no stale lock to clean up.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

const SAY_SO_AFTER_MS = 1000;

/**
 * Waits for the lock on `file` and resolves to the function that gives it back.
 * @param {string} file
 * @param {string} holding what another holder is doing, for the user who waits
 * @returns {Promise<() => void>}
 */
export async function takeLock(file, holding) {
  mkdirSync(path.dirname(file), { recursive: true });
  const holder = spawn('flock', ['-o', file, 'sh', '-c', 'echo held; exec cat >/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const notice = setTimeout(() => {
    process.stderr.write(`waiting for another ${holding} in this checkout to end …\n`);
  }, SAY_SO_AFTER_MS);
  await new Promise((resolve, reject) => {
    holder.once('error', reject);
    holder.once('exit', (code) => reject(new Error(`cannot lock ${file}: flock exited ${code}`)));
    holder.stdout.once('data', resolve);
  }).finally(() => clearTimeout(notice));
  holder.removeAllListeners('exit');
  holder.unref();
  return () => {
    holder.stdin.end();
  };
}

/**
 * A copy of what the tests of a server read, for the server's user: it may not reach the checkout,
 * and must not write to it. Keeps the layout, so that relative paths between tests go on to work.
 */
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from 'node:fs';
import path from 'node:path';
import { root, state } from '../paths';
import { serverUser } from '../server_user';

const COPIED = ['test', 'sql', 'src/plv8', 'native/plv8/test', 'package.json'];

/** Makes the copy anew; returns its folder. */
export function copySources(ring: string): string {
  const folder = path.join(state().scratch, `source-${ring}`);
  rmSync(folder, { recursive: true, force: true });
  for (const name of COPIED) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  return folder;
}

/** The process of the cluster whose data are in a folder, if it runs: it works in that folder. */
export function postmasterOf(data: string): number | undefined {
  const file = path.join(data, 'postmaster.pid');
  try {
    const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
    return readlinkSync(`/proc/${pid}/cwd`) === data ? pid : undefined;
  } catch {
    return undefined;
  }
}

const STOP_MS = 10_000;

/**
 * Stops the clusters that a run which was killed left behind in a folder: with their data removed
 * they would go on for good. SIGQUIT is PostgreSQL's immediate shutdown.
 */
export function stopClusters(folder: string): void {
  const names = existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
    : [];
  const left = names
    .filter((name) => path.basename(name) === 'postmaster.pid')
    .map((name) => path.dirname(path.join(realpathSync(folder), name)));
  for (const data of left) {
    const pid = postmasterOf(data);
    if (pid === undefined) continue;
    process.kill(pid, 'SIGQUIT');
    const end = Date.now() + STOP_MS;
    while (postmasterOf(data) === pid && Date.now() < end) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
    if (postmasterOf(data) === pid) process.kill(pid, 'SIGKILL');
  }
}

/** An empty folder that belongs to the server's user. */
export function scratchFolder(name: string): string {
  const folder = path.join(state().scratch, name);
  stopClusters(folder);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { uid, gid } = serverUser();
  chownSync(folder, uid, gid);
  return folder;
}

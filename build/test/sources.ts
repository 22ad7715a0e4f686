/**
 * A copy of what the tests of a server read, for the server's user: it may not reach the checkout,
 * and must not write to it. Keeps the layout, so that relative paths between tests go on to work.
 */
import { chownSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root, state } from '../paths';
import { serverUser } from '../server_user';

const COPIED = ['test', 'sql', 'native/plv8/test', 'package.json'];

/** Makes the copy anew; returns its folder. */
export function copySources(ring: string): string {
  const folder = path.join(state().scratch, `source-${ring}`);
  rmSync(folder, { recursive: true, force: true });
  for (const name of COPIED) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  return folder;
}

/** An empty folder that belongs to the server's user. */
export function scratchFolder(name: string): string {
  const folder = path.join(state().scratch, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const { uid, gid } = serverUser();
  chownSync(folder, uid, gid);
  return folder;
}

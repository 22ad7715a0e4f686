/**
 * Who PostgreSQL runs as: it refuses root, so root runs it as `postgres`; anybody else as
 * themselves.
 */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import path from 'node:path';

export interface ServerUser {
  readonly name: string;
  /** Whether it is another user than the one that runs us. */
  readonly other: boolean;
  readonly uid: number;
  readonly gid: number;
}

/** The user that PostgreSQL's processes run as; root's `postgres` exists once apt has run. */
export function serverUser(): ServerUser {
  const { username, uid, gid } = userInfo();
  if (uid !== 0) return { name: username, other: false, uid, gid };
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith('postgres:'));
  const [, , postgresUid, postgresGid] = line?.split(':') ?? [];
  return { name: 'postgres', other: true, uid: Number(postgresUid), gid: Number(postgresGid) };
}

/**
 * What to hand to spawn() for a process of the server's user, with an environment of nothing else.
 */
export function asServerUser(
  bin: string,
  more: Readonly<Record<string, string>> = {},
): { uid: number; gid: number; env: Record<string, string> } {
  const { name, uid, gid } = serverUser();
  if (Number.isNaN(uid)) throw new Error('there is no user "postgres"; run npm run build first');
  const env = {
    PATH: `${bin}:${path.dirname(process.execPath)}:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    LANG: 'C.UTF-8',
    HOME: '/nonexistent',
    USER: name,
    LOGNAME: name,
    ...more,
  };
  return { uid, gid, env };
}

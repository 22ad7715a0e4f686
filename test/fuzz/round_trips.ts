/** Random values of random types through function(x) { return x }: the regress test, reseeded. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { connectionEnv } from '../../build/cluster';
import { root, state } from '../../build/paths';

const TIMEOUT_MS = 10 * 60_000;

/** Runs the test once; returns whether every value came back. */
export function roundTrips(database: string, seed: number): boolean {
  // setseed() takes a number from 0 to 1.
  const fraction = ((seed >>> 0) / 2 ** 32).toFixed(9);
  const args = ['-Xq', '-v', `seed=${fraction}`, '-d', database];
  args.push('-f', path.join(root, 'native/plv8/test/sql/fuzz.sql'));
  const { stdout, stderr, status } = spawnSync(path.join(state().bin, 'psql'), args, {
    env: { ...process.env, ...connectionEnv(), PGOPTIONS: '-c client_min_messages=notice' },
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
  });
  const went = [...stderr.matchAll(/NOTICE: {2}(\d+) or more values went there and back/g)];
  const wrong = /WARNING|ERROR|FATAL/.test(stderr) || status !== 0 || went.length === 0;
  const total = went.reduce((sum, [, count]) => sum + Number(count), 0);
  process.stdout.write(`values: seed ${seed} (${fraction}), ${total} or more there and back\n`);
  if (wrong) process.stdout.write(`${stdout}${stderr}\n`);
  return !wrong;
}

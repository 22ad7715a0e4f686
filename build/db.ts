/**
 * `npm run db:start [-- --fresh]`, `db:stop` and `db:psql [-- ARGS]`: the private cluster by hand.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { connectionEnv, startCluster, stopCluster } from './cluster';
import { state } from './paths';
import { orExplain, withSetUp } from './setup/all';

const [command, ...args] = process.argv.slice(2);

function start(): void {
  startCluster({ fresh: args.includes('--fresh') });
  const { PGHOST, PGUSER, PGDATABASE } = connectionEnv();
  process.stdout.write(`running: PGHOST=${PGHOST} PGUSER=${PGUSER} PGDATABASE=${PGDATABASE}\n`);
}

function psql(): void {
  startCluster();
  const { status } = spawnSync(path.join(state().bin, 'psql'), args, {
    env: { ...process.env, ...connectionEnv() },
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
}

switch (command) {
  case 'start':
    await withSetUp(start);
    break;
  case 'stop':
    await orExplain(() => {
      process.stdout.write(stopCluster() ? 'stopped\n' : 'it was not running\n');
    });
    break;
  case 'psql':
    await withSetUp(psql, { quiet: true });
    break;
  default:
    process.stderr.write('usage: npm run db:start [-- --fresh] | db:stop | db:psql [-- ARGS]\n');
    process.exitCode = 2;
}

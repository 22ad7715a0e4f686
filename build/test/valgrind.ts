/**
 * Ring valgrind: tests of plv8 with every process of the server under memcheck, on the PostgreSQL
 * with assertions, whose memory contexts tell valgrind what is allocated.
 *
 * pg_regress starts `postgres` from a folder of programs; in the one it gets here that is a script
 * which runs the real one under valgrind. Each process writes what it did wrong into a log.
 */
import { chmodSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { checkedPrefix } from '../paths';
import { suppressions } from '../setup/checked_postgres';
import { runSuite, SUITES, type Suite } from './pg_regress';
import { type Counts, none, type Ring, type RingContext } from './ring';
import { scratchFolder } from './sources';

/** A single test takes half a minute: those that convert, catch and nest most. */
const ONLY = ['errors', 'hostile', 'spi', 'triggers', 'types', 'window'];

const SUITE: Suite = { ...SUITES.plv8, name: 'valgrind-plv8', only: ONLY };

/** The program's options; V8 writes machine code, hence the check of code that changed. */
function options(logs: string): string[] {
  return [
    '--quiet',
    '--leak-check=no',
    '--smc-check=all-non-file',
    '--num-callers=20',
    '--error-limit=no',
    `--suppressions=${suppressions()}`,
    `--log-file=${logs}/%p.log`,
  ];
}

/** A folder with all programs of the prefix, the server's under valgrind. */
function makePrograms(logs: string): string {
  const { bin } = checkedPrefix();
  const folder = scratchFolder('valgrind-bin');
  for (const name of readdirSync(bin)) {
    if (name !== 'postgres') symlinkSync(path.join(bin, name), path.join(folder, name));
  }
  const server = path.join(folder, 'postgres');
  const command = ['valgrind', ...options(logs), path.join(bin, 'postgres'), '"$@"'].join(' ');
  writeFileSync(server, `#!/bin/sh\nexec ${command}\n`);
  chmodSync(server, 0o755);
  return folder;
}

/** One test more: that there are logs, and nothing in them. */
function judgeLogs(context: RingContext, folder: string): Counts {
  const logs = readdirSync(folder).map((name) => path.join(folder, name));
  const told = logs.filter((file) => readFileSync(file).length > 0);
  for (const file of told) {
    context.say(`--- ${file}`);
    context.say(readFileSync(file, 'utf8').split('\n').slice(0, 60).join('\n'));
  }
  const clean = logs.length > 0 && told.length === 0;
  context.say(`valgrind: ${logs.length} processes, ${told.length} with errors`);
  return { ...none(), [clean ? 'passed' : 'failed']: 1 };
}

export const valgrind: Ring = {
  name: 'valgrind',
  needsSetUp: true,
  needsChecked: true,
  run: async (context) => {
    const logs = scratchFolder('valgrind-logs');
    const counts = await runSuite(SUITE, context, checkedPrefix(), makePrograms(logs));
    const { passed, failed } = judgeLogs(context, logs);
    return { ...counts, passed: counts.passed + passed, failed: counts.failed + failed };
  },
};

/** Ring tap: Perl programs of test/t on PostgreSQL::Test::Cluster, one after another. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { state } from '../paths';
import { asServerUser } from '../server_user';
import { add, type Counts, none, type Ring, type RingContext } from './ring';
import { copySources, scratchFolder } from './sources';

const TIMEOUT_MS = 10 * 60_000;

/** The counts of one program's output; a wrong or missing plan, or a bad end, is a failure. */
export function countTap(output: string, succeeded: boolean): Counts {
  const counts = none();
  let planned: number | undefined;
  for (const line of output.split('\n')) {
    const plan = /^1\.\.(\d+)(\s*#\s*skip)?/i.exec(line);
    if (plan !== null) {
      planned = Number(plan[1]);
      if (plan[2] !== undefined) counts.skipped += 1;
    }
    const result = /^(not )?ok\b(.*)$/.exec(line);
    if (result === null) continue;
    const [, not, rest = ''] = result;
    if (/#\s*(skip|todo)/i.test(rest)) counts.skipped += 1;
    else counts[not === undefined ? 'passed' : 'failed'] += 1;
  }
  const told = counts.passed + counts.failed + counts.skipped;
  const wrong = planned === undefined || (planned > 0 && planned !== told);
  if (counts.failed === 0 && (wrong || !succeeded)) counts.failed += 1;
  return counts;
}

async function runProgram(context: RingContext, source: string, name: string): Promise<Counts> {
  const { bin, pgxs } = state();
  const folder = scratchFolder(`tap/${name}`);
  const libraries = ['-I', path.join(pgxs, 'src/test/perl'), '-I', path.join(source, 'test/t')];
  const user = asServerUser(bin, {
    TESTDIR: folder,
    PG_REGRESS: path.join(pgxs, 'src/test/regress/pg_regress'),
    AI_RUNTIME_NODE: process.execPath,
  });
  const program = path.join(source, 'test/t', `${name}.pl`);
  const ran = await context.command('perl', [...libraries, program], {
    ...user,
    cwd: folder,
    timeoutMs: TIMEOUT_MS,
  });
  const counts = countTap(ran.output, ran.succeeded);
  if (counts.failed > 0) {
    context.say(`tap: ${name} failed`);
    context.tail(ran.output);
    showLogs(context, path.join(folder, 'tmp_check/log'));
  }
  return counts;
}

function showLogs(context: RingContext, folder: string): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (name.startsWith('regress_log')) continue;
    context.say(`--- the end of ${name}`);
    context.say(readFileSync(path.join(folder, name), 'utf8').split('\n').slice(-25).join('\n'));
  }
}

export const tap: Ring = {
  name: 'tap',
  needsSetUp: true,
  run: async (context) => {
    const source = copySources(context.ring);
    const folder = path.join(source, 'test/t');
    const names = (existsSync(folder) ? readdirSync(folder) : [])
      .filter((name) => name.endsWith('.pl'))
      .map((name) => name.slice(0, -'.pl'.length))
      .filter((name) => context.filter === undefined || name.includes(context.filter))
      .sort();
    const counts = none();
    if (names.length === 0) counts.failed += 1;
    scratchFolder('tap');
    for (const name of names) add(counts, await runProgram(context, source, name));
    return counts;
  },
};

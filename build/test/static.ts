/** Rings lint and unit: what needs no server. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { out, root } from '../paths';
import { filesUnder } from '../setup/step';
import { atLeastOneFailure, type Counts, none, type Ring } from './ring';

const MINUTE_MS = 60_000;

const programs = path.join(root, 'node_modules/.bin');

/** Debian's; the set-up for the tests installs it, and this ring goes without the set-up. */
const CLANG_FORMAT = '/usr/bin/clang-format';

/** C++ that has a .clang-format of its own. */
function formattedSources(): string[] {
  return filesUnder('native/server').filter((name) => /\.(cc|h)$/.test(name));
}

/** The checks of ring lint, each one test. */
const CHECKS: readonly { name: string; command: string; args: () => string[] }[] = [
  {
    name: 'biome',
    command: path.join(programs, 'biome'),
    args: () => ['check', '--error-on-warnings', '.'],
  },
  { name: 'tsc', command: path.join(programs, 'tsc'), args: () => ['-p', '.'] },
  { name: 'tsc-plv8', command: path.join(programs, 'tsc'), args: () => ['-p', 'src/plv8'] },
  {
    name: 'clang-format',
    command: CLANG_FORMAT,
    args: () => ['--dry-run', '--Werror', ...formattedSources()],
  },
];

export const lint: Ring = {
  name: 'lint',
  needsSetUp: false,
  run: async (context) => {
    const counts = none();
    for (const { name, command, args } of CHECKS) {
      if (context.filter !== undefined && context.filter !== name) continue;
      if (command === CLANG_FORMAT && !existsSync(command)) {
        context.say('lint: clang-format is not installed, so it is left out; npm test installs it');
        counts.skipped += 1;
        continue;
      }
      const ran = await context.command(command, args(), {
        timeoutMs: 3 * MINUTE_MS,
        cwd: root,
      });
      if (!ran.succeeded) context.tail(ran.output);
      counts[ran.succeeded ? 'passed' : 'failed'] += 1;
    }
    return counts;
  },
};

interface VitestReport {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
  testResults: { status: string; assertionResults: unknown[] }[];
}

/** The counts of vitest's report; a file that could not even be loaded is a failure. */
export function countVitest(report: VitestReport): Counts {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

export const unit: Ring = {
  name: 'unit',
  needsSetUp: false,
  run: async (context) => {
    const report = path.join(out, 'log/vitest.json');
    rmSync(report, { force: true });
    const args = ['run', '--dir', 'test/unit', '--testTimeout', '60000', '--reporter=default'];
    args.push('--reporter=json', `--outputFile=${report}`);
    if (context.filter !== undefined) args.push(context.filter);
    const ran = await context.command(path.join(programs, 'vitest'), args, {
      timeoutMs: 5 * MINUTE_MS,
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
    });
    if (!ran.succeeded) context.tail(ran.output, 120);
    if (!existsSync(report)) return { ...none(), failed: 1 };
    const counts = countVitest(JSON.parse(readFileSync(report, 'utf8')));
    return atLeastOneFailure(counts, ran.succeeded);
  },
};

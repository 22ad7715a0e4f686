/** Ring native: GoogleTest on the server's library, without Node and without PostgreSQL. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { out, root } from '../paths';
import { atLeastOneFailure, type Counts, none, type Ring } from './ring';

const TIMEOUT_MS = 20 * 60_000;

interface GtestReport {
  testsuites: { testsuite: { result: string; status: string; failures?: unknown[] }[] }[];
}

/** The counts of GoogleTest's report. */
export function countGtest(report: GtestReport): Counts {
  const counts = none();
  for (const { result, status, failures } of report.testsuites.flatMap((one) => one.testsuite)) {
    if (status !== 'RUN' || result === 'SKIPPED') counts.skipped += status === 'RUN' ? 1 : 0;
    else counts[failures === undefined ? 'passed' : 'failed'] += 1;
  }
  return counts;
}

function gtestRing(name: string, target: string): Ring {
  return {
    name,
    needsSetUp: true,
    run: async (context) => {
      const report = path.join(out, `log/${name}.json`);
      rmSync(report, { force: true });
      const tests = [`--gtest_output=json:${report}`, '--gtest_brief=1'];
      if (context.filter !== undefined) tests.push(`--gtest_filter=*${context.filter}*`);
      const make = ['--no-print-directory', `-j${availableParallelism()}`];
      make.push('-C', path.join(root, 'native/server'), target, `TEST_ARGS=${tests.join(' ')}`);
      const ran = await context.command('make', make, { timeoutMs: TIMEOUT_MS });
      if (!ran.succeeded) context.tail(ran.output);
      if (!existsSync(report)) return { ...none(), failed: 1 };
      const counts = countGtest(JSON.parse(readFileSync(report, 'utf8')));
      return atLeastOneFailure(counts, ran.succeeded);
    },
  };
}

export const native = gtestRing('native', 'test');
/** The same tests under AddressSanitizer and UndefinedBehaviorSanitizer. */
export const sanitized = gtestRing('sanitized', 'test-asan');

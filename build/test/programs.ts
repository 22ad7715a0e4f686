/**
 * Rings conformance and demo: our own programs on the tests' cluster. That cluster stands beside
 * the one of `npm run db:start`, is made anew for each ring and stopped after it.
 */
import path from 'node:path';
import { root } from '../paths';
import { type Counts, none, type Ring, type RingContext } from './ring';

const TIMEOUT_MS = 20 * 60_000;
const run = path.join(root, 'build/run.mjs');

async function onFreshCluster(
  context: RingContext,
  then: (env: NodeJS.ProcessEnv) => Promise<Counts>,
): Promise<Counts> {
  const options = {
    cwd: root,
    env: { ...process.env, AI_RUNTIME_CLUSTER: `-${context.ring}` },
    timeoutMs: TIMEOUT_MS,
  };
  const db = (...args: string[]) =>
    context.command(process.execPath, [run, 'build/db.ts', ...args], options);
  const started = await db('start', '--fresh');
  if (!started.succeeded) {
    context.tail(started.output);
    return { ...none(), failed: 1 };
  }
  try {
    return await then(options.env);
  } finally {
    await db('stop');
  }
}

/** The closing line of a program of ours, if it came to it. */
export function countClosing(output: string): Counts | undefined {
  const line = output.trimEnd().split('\n').pop() ?? '';
  const found = /^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line);
  if (found === null) return undefined;
  const [, passed, failed, skipped] = found;
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped ?? 0) };
}

export const conformance: Ring = {
  name: 'conformance',
  needsSetUp: true,
  run: (context) =>
    onFreshCluster(context, async (env) => {
      const filter = context.filter === undefined ? [] : [context.filter];
      const args = [run, 'test/conformance/main.ts', ...filter];
      const ran = await context.command(process.execPath, args, { env, timeoutMs: TIMEOUT_MS });
      const counts = countClosing(ran.output);
      const ok = counts !== undefined && (ran.succeeded || counts.failed > 0);
      context.tail(ran.output, ok && counts.failed === 0 ? 12 : 60);
      return ok ? counts : { ...none(), ...counts, failed: 1 };
    }),
};

export const demo: Ring = {
  name: 'demo',
  needsSetUp: true,
  run: (context) =>
    onFreshCluster(context, async (env) => {
      const args = [run, 'build/demo/main.ts'];
      const ran = await context.command(process.execPath, args, { env, timeoutMs: TIMEOUT_MS });
      if (!ran.succeeded) context.tail(ran.output, 120);
      return { ...none(), [ran.succeeded ? 'passed' : 'failed']: 1 };
    }),
};

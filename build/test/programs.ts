/**
 * Rings conformance, batch, demo and fuzz: our own programs on the tests' cluster. That cluster
 * stands beside the one of `npm run db:start`, is made anew for each ring and stopped after it.
 */
import path from 'node:path';
import { root } from '../paths';
import { upstreamPlv8 } from '../setup/native';
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

/** Runs a program that counts its tests itself. */
async function countingProgram(
  context: RingContext,
  program: string,
  env: NodeJS.ProcessEnv,
  timeoutMs: number,
): Promise<Counts> {
  const filter = context.filter === undefined ? [] : [context.filter];
  const ran = await context.command(process.execPath, [run, program, ...filter], {
    env,
    timeoutMs,
  });
  const counts = countClosing(ran.output);
  const ok = counts !== undefined && (ran.succeeded || counts.failed > 0);
  context.tail(ran.output, ok && counts.failed === 0 ? 12 : 60);
  return ok ? counts : { ...none(), ...counts, failed: 1 };
}

export const conformance: Ring = {
  name: 'conformance',
  needsSetUp: true,
  run: (context) =>
    onFreshCluster(context, (env) =>
      countingProgram(context, 'test/conformance/main.ts', env, TIMEOUT_MS),
    ),
};

/** Generated queries; by hand it may be given many more. */
export const batch: Ring = {
  name: 'batch',
  needsSetUp: true,
  run: (context) =>
    onFreshCluster(context, (env) => {
      const runs = Number(process.env.AI_RUNTIME_PROPERTY_RUNS ?? 0);
      return countingProgram(context, 'test/properties/main.ts', env, TIMEOUT_MS + 200 * runs);
    }),
};

/** It may run for as long as it is told. */
export const fuzz: Ring = {
  name: 'fuzz',
  needsSetUp: true,
  run: async (context) => {
    if (upstreamPlv8()) {
      context.say('fuzz: skipped, the system has upstream plv8, and this is a test of ours');
      return { ...none(), skipped: 1 };
    }
    return onFreshCluster(context, (env) => {
      const seconds = Number(process.env.AI_RUNTIME_FUZZ_SECONDS ?? 0);
      const timeoutMs = TIMEOUT_MS + 2000 * seconds;
      return countingProgram(context, 'test/fuzz/main.ts', env, timeoutMs);
    });
  },
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

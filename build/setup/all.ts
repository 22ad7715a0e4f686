/** The whole set-up: every step in order, under the checkout's lock. */
import path from 'node:path';
import { takeLock } from '../lock.mjs';
import { out } from '../paths';
import { checkedInstall, checkedPostgres } from './checked_postgres';
import { nodeLibrary, onnxruntimeHeaders } from './debian';
import { addon, extension, install, plv8, prefix, serverProgram, sql } from './native';
import { debianPackages, testPackages } from './packages';
import { runStep, SetupError, type Step, upToDate } from './step';

/** In the order of their dependence. */
const STEPS: readonly Step[] = [
  debianPackages,
  nodeLibrary,
  onnxruntimeHeaders,
  prefix,
  sql,
  serverProgram,
  addon,
  plv8,
  extension,
  install,
];

export interface SetUpOptions {
  /** Says nothing when there was nothing to do. */
  readonly quiet?: boolean;
  /** Also installs what only the tests need. */
  readonly forTests?: boolean;
  /** Also builds a PostgreSQL with assertions, and our code for it. */
  readonly checked?: boolean;
}

/**
 * Brings the checkout's build up to date; prints a line a step that ran, and one at the end.
 */
export async function setUp(options: SetUpOptions = {}): Promise<void> {
  // A program that runs on the PostgreSQL with assertions must not make it the copy of another.
  if (process.env.AI_RUNTIME_POSTGRES !== undefined) return;
  const started = performance.now();
  // Files that PostgreSQL's user reads are made here, whatever the shell's mask says.
  process.umask(0o022);
  const steps = [
    ...(options.forTests ? [testPackages] : []),
    ...STEPS,
    ...(options.checked ? [checkedPostgres, checkedInstall] : []),
  ];
  let ran = 0;
  if (!steps.every(upToDate)) {
    const release = await takeLock(path.join(out, 'setup.lock'), 'set-up');
    try {
      for (const step of steps) ran += (await runStep(step)) ? 1 : 0;
    } finally {
      release();
    }
  }
  if (ran === 0 && options.quiet) return;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const done =
    ran === 0 ? `all ${steps.length} steps up to date` : `${ran} of ${steps.length} steps`;
  process.stderr.write(`set-up: ${done} (${seconds} s)\n`);
}

/** Runs something; ends the process with what went wrong and what to do. */
export async function orExplain(run: () => void | Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stderr.write(`\n${error.message}\nhint: ${error.hint}\n`);
    process.exitCode = 1;
  }
}

/** Runs the set-up, then something that needs it. */
export async function withSetUp(
  then: () => void | Promise<void>,
  options: SetUpOptions = {},
): Promise<void> {
  await orExplain(async () => {
    await setUp(options);
    await then();
  });
}

/**
 * Rings plv8, regress and isolation: pg_regress, each with a temporary cluster of its own; and what
 * rings on another PostgreSQL need to run the same tests.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Prefix, state } from '../paths';
import { asServerUser } from '../server_user';
import { preloadLibraries, upstreamPlv8 } from '../setup/native';
import { atLeastOneFailure, type Counts, none, type Ring, type RingContext } from './ring';
import { copySources, scratchFolder } from './sources';

const TIMEOUT_MS = 15 * 60_000;

/** The counts of what pg_regress prints, of so many tests; one it does not tell of is a failure. */
export function countRegress(output: string, expected: number): Counts {
  const counts = none();
  for (const line of output.split('\n')) {
    const result = /^(?:test\s|\s+|ok |not ok ).*\.\.\.\s+(ok|FAILED|failed)\b/.exec(line)?.[1];
    if (result !== undefined) counts[result === 'ok' ? 'passed' : 'failed'] += 1;
  }
  counts.failed += Math.max(0, expected - counts.passed - counts.failed);
  return counts;
}

/** Tests and how they are run. */
export interface Suite {
  /** Names its scratch folder: the ring, or a part of one. */
  readonly name: string;
  /** Below the checkout: the folder with the tests and expected/. */
  readonly inputs: string;
  /** The folder and ending of the tests in it. */
  readonly folder: string;
  readonly ending: string;
  readonly program: string;
  readonly config: string;
  /** Which of the tests where none is named; all without it. */
  readonly only?: readonly string[];
}

/** What the other tests of a folder stand on, where there is such a test. */
const FIRST = 'setup';

/** The suite's tests, the first one ahead of the alphabet; with a filter that one and the named. */
function testsOf(source: string, suite: Suite, filter: string | undefined): string[] {
  const folder = path.join(source, suite.inputs, suite.folder);
  const chosen = filter === undefined ? suite.only : [filter];
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.endsWith(suite.ending))
    .map((name) => name.slice(0, -suite.ending.length))
    .filter((name) => chosen === undefined || chosen.includes(name) || name === FIRST)
    .sort((a, b) => Number(b === FIRST) - Number(a === FIRST) || a.localeCompare(b, 'en'));
}

/** Runs a suite on a PostgreSQL; its programs come from `bin` where that is not the prefix's. */
export async function runSuite(
  suite: Suite,
  context: RingContext,
  { bin: ownBin, pgxs }: Prefix = state(),
  bin: string = ownBin,
): Promise<Counts> {
  const source = copySources(suite.name);
  const tests = testsOf(source, suite, context.filter);
  if (tests.length === 0) {
    context.say(`${suite.name}: there is no such test in ${suite.inputs}/${suite.folder}`);
    return { ...none(), failed: 1 };
  }
  const output = scratchFolder(suite.name);
  const config = path.join(state().scratch, `${suite.name}.conf`);
  writeFileSync(config, suite.config, { mode: 0o644 });
  const args = [
    `--bindir=${bin}`,
    `--inputdir=${path.join(source, suite.inputs)}`,
    `--outputdir=${output}`,
    `--temp-instance=${path.join(output, 'instance')}`,
    `--temp-config=${config}`,
    '--encoding=UTF8',
    '--no-locale',
    ...tests,
  ];
  const ran = await context.command(path.join(pgxs, suite.program), args, {
    ...asServerUser(bin, { PGCTLTIMEOUT: '300' }),
    cwd: output,
    timeoutMs: TIMEOUT_MS,
  });
  if (!ran.succeeded) showFailure(context, output, ran.output);
  return atLeastOneFailure(countRegress(ran.output, tests.length), ran.succeeded);
}

function showFailure(context: RingContext, folder: string, output: string): void {
  context.tail(output);
  const diffs = path.join(folder, 'regression.diffs');
  if (existsSync(diffs)) {
    const text = readFileSync(diffs, 'utf8').split('\n');
    context.say(text.slice(0, 400).join('\n'));
    if (text.length > 400) context.say(`… ${text.length - 400} more lines in ${diffs}`);
    return;
  }
  for (const name of ['initdb.log', 'postmaster.log']) {
    const log = path.join(folder, 'log', name);
    if (existsSync(log)) {
      context.say(readFileSync(log, 'utf8').split('\n').slice(-40).join('\n'));
    }
  }
}

const PRELOADED = `shared_preload_libraries = '${preloadLibraries()}'
client_connection_check_interval = '500ms'
ai_runtime.node_path = '${process.execPath}'
`;

export const SUITES: Readonly<Record<'plv8' | 'regress' | 'isolation', Suite>> = {
  plv8: {
    name: 'plv8',
    inputs: 'native/plv8/test',
    folder: 'sql',
    ending: '.sql',
    program: 'src/test/regress/pg_regress',
    config: '',
  },
  regress: {
    name: 'regress',
    inputs: 'test',
    folder: 'sql',
    ending: '.sql',
    program: 'src/test/regress/pg_regress',
    config: PRELOADED,
  },
  isolation: {
    name: 'isolation',
    inputs: 'test/isolation',
    folder: 'specs',
    ending: '.spec',
    program: 'src/test/isolation/pg_isolation_regress',
    config: PRELOADED,
  },
};

function ring(suite: Suite): Ring {
  return {
    name: suite.name,
    needsSetUp: true,
    run: async (context) => {
      if (suite === SUITES.plv8 && upstreamPlv8()) {
        context.say('plv8: skipped, the system has upstream plv8 and ours is not built');
        return { ...none(), skipped: 1 };
      }
      return runSuite(suite, context);
    },
  };
}

export const plv8 = ring(SUITES.plv8);
export const regress = ring(SUITES.regress);
export const isolation = ring(SUITES.isolation);

/**
 * Ring batch: generated queries give the same rows with ai_runtime.enable_batch_scan on and off.
 * README.md says what is generated and what "the same" means.
 *
 *   npm test -- batch                     the fixed seeds, and fresh ones
 *   npm test -- batch 17                  one seed
 *   AI_RUNTIME_PROPERTY_RUNS=100000 npm test -- batch    so many scenarios, of fresh seeds
 */
import fc from 'fast-check';
import { checkBatchFunction } from './batch_function';
import { Coverage } from './coverage';
import { dropDatabase, makeDatabase } from './database';
import { type Examination, examine } from './examination';
import { printFailure, printReport, shortfalls } from './report';
import type { Scenario } from './scenario';
import { scenarios } from './scenario_arbitrary';
import { Session } from './session';

const RUNS_PER_SEED = 250;
const FIXED_SEEDS = 40;
const FRESH_SEEDS = 2;
const SESSIONS = 2;
/** After so many failures the rest is not run: they are likely to be the same. */
const FAILURE_LIMIT = 8;

interface Run {
  readonly coverage: Coverage;
  failed: number;
  passed: number;
  /** How often a session ended. */
  ended: number;
}

/** The seeds of this run; fresh ones are as good as random, and printed. */
function seeds(): number[] {
  const [chosen] = process.argv.slice(2);
  if (chosen !== undefined) return [Number(chosen)];
  const fresh = (count: number): number[] => {
    const first = 1000 + Math.floor(Math.random() * 2 ** 30);
    return Array.from({ length: count }, (_, i) => first + i);
  };
  const runs = process.env.AI_RUNTIME_PROPERTY_RUNS;
  if (runs !== undefined) return fresh(Math.ceil(Number(runs) / RUNS_PER_SEED));
  return [...Array.from({ length: FIXED_SEEDS }, (_, i) => i + 1), ...fresh(FRESH_SEEDS)];
}

/** Checks the scenarios of one seed, and shrinks the first that fails. */
async function checkSeed(session: Session, run: Run, seed: number): Promise<void> {
  let failure: { scenario: Scenario; examination: Examination } | undefined;
  const property = fc.asyncProperty(scenarios(), async (scenario) => {
    const examination = await examine(session, scenario);
    const { verdict, setPath, ended } = examination;
    if (ended) run.ended += 1;
    // What comes after a failure is fast-check making it smaller.
    if (failure === undefined) run.coverage.add(scenario, setPath, verdict);
    if (verdict.kind !== 'different') return;
    failure = { scenario, examination };
    throw new Error(verdict.why);
  });
  const { failed, errorInstance } = await fc.check(property, { seed, numRuns: RUNS_PER_SEED });
  if (!failed) {
    run.passed += 1;
    console.log(`ok: seed ${seed}`);
    return;
  }
  run.failed += 1;
  if (failure === undefined) throw errorInstance;
  printFailure(seed, failure.scenario, failure.examination);
}

async function work(run: Run, queue: number[]): Promise<void> {
  const session = await Session.open();
  for (let seed = queue.shift(); seed !== undefined; seed = queue.shift()) {
    if (run.failed >= FAILURE_LIMIT) break;
    await checkSeed(session, run, seed);
  }
  await session.end();
}

const queue = seeds();
const all = queue.length;
const first = queue[0] ?? 1;
console.log(`seeds ${queue.join(' ')}`);
const started = performance.now();
await makeDatabase();
const run: Run = { coverage: new Coverage(), failed: 0, passed: 0, ended: 0 };
await Promise.all(Array.from({ length: SESSIONS }, () => work(run, queue)));
const wrong = await checkBatchFunction(first);
if (wrong === undefined) run.passed += 1;
else run.failed += 1;
console.log(wrong === undefined ? 'ok: ai_inference_batch()' : `\nnot ok: ${wrong}`);
dropDatabase();
printReport(run.coverage, (performance.now() - started) / 1000);
const missing = all >= FIXED_SEEDS ? shortfalls(run.coverage) : [];
if (run.ended > 0) missing.push(`sessions ended ${run.ended} times`);
for (const text of missing) console.log(`not ok: ${text}`);
const failed = run.failed + missing.length;
console.log(`${run.passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && run.passed === all + 1 ? 0 : 1;

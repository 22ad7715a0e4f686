/**
 * `npm test [-- RING [TEST]]`: all rings, one of them, or one test. The last line counts them all.
 */
import path from 'node:path';
import { takeLock } from './lock.mjs';
import { out } from './paths';
import { setUp } from './setup/all';
import { SetupError } from './setup/step';
import { cassert } from './test/checked';
import { native, sanitized } from './test/native';
import { isolation, plv8, regress } from './test/pg_regress';
import { batch, conformance, demo, fuzz } from './test/programs';
import { add, type Counts, closingLine, none, type Ring, RingContext } from './test/ring';
import { lint, unit } from './test/static';
import { tap } from './test/tap';
import { valgrind } from './test/valgrind';

/** From the quickest to the slowest. */
const RINGS: readonly Ring[] = [
  lint,
  unit,
  native,
  sanitized,
  plv8,
  regress,
  isolation,
  tap,
  conformance,
  batch,
  demo,
  cassert,
  valgrind,
  fuzz,
];

/** Runs a ring; whatever befalls it, its counts come back. */
async function runRing(ring: Ring, filter: string | undefined, live: boolean): Promise<Counts> {
  const release = await takeLock(path.join(out, `test-${ring.name}.lock`), `ring ${ring.name}`);
  const started = performance.now();
  let counts: Counts;
  const context = new RingContext(ring.name, filter, live);
  try {
    counts = await ring.run(context);
  } catch (error) {
    context.say(error instanceof Error ? (error.stack ?? error.message) : String(error));
    counts = { ...none(), failed: 1 };
  }
  if (counts.passed + counts.failed + counts.skipped === 0) {
    context.say(`${ring.name}: no test was run`);
    counts = { ...none(), failed: 1 };
  }
  release();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  context.say(`ring ${ring.name}: ${closingLine(counts)} (${seconds} s)`);
  return counts;
}

/** Brings the build up to date; without it no ring that needs it can be run. */
async function built(): Promise<boolean> {
  try {
    await setUp({ forTests: true, checked: chosen.some((ring) => ring.needsChecked) });
    return true;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    process.stdout.write(`\n${error.message}\nhint: ${error.hint}\n`);
    return false;
  }
}

const [wanted, filter] = process.argv.slice(2);
const chosen = RINGS.filter((ring) => wanted === undefined || ring.name === wanted);
if (chosen.length === 0) {
  const names = RINGS.map((ring) => ring.name).join(', ');
  process.stderr.write(`there is no ring "${wanted}"; there are: ${names}\n`);
  process.exit(2);
}
const total = none();
const ready = !chosen.some((ring) => ring.needsSetUp) || (await built());
for (const ring of chosen) {
  if (ready || !ring.needsSetUp) add(total, await runRing(ring, filter, wanted !== undefined));
  else add(total, { ...none(), failed: 1 });
}
process.stdout.write(`\n${closingLine(total)}\n`);
process.exitCode = total.failed > 0 ? 1 : 0;

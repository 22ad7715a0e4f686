/*
 * Measuring sides against each other: in turns within one run, there and back again (A-B-B-A), so
 * that a machine that gets slower or faster does so for all of them. Medians are reported, with
 * their spread.
 */

/** What one run of a side did; a sum of the predictions where it has one. */
export interface Run {
  readonly seconds: number;
  readonly rows: number;
  readonly sum?: number;
}

export interface Side {
  readonly name: string;
  readonly run: () => Promise<Run>;
  /** The sum that so many rows must give. */
  readonly expected?: (rows: number) => number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Rates of one side, in rows a second. */
export class Sample {
  readonly rates: number[] = [];
  /** What was wrong with an answer; a wrong answer is often fast. */
  wrong: string | undefined;

  get rate(): number {
    return median(this.rates);
  }

  get best(): number {
    return Math.max(...this.rates);
  }

  /** Half the distance between the slowest and the fastest, relative to the median. */
  get spread(): number {
    return (this.best - Math.min(...this.rates)) / 2 / this.rate;
  }
}

/** How far a mean prediction may be off: the sides add up float32 in different orders. */
const TOLERANCE = 1e-5;

/** Runs a side once; keeps its rate and looks at its answer. */
async function runOnce(side: Side, sample: Sample): Promise<void> {
  const { seconds, rows, sum } = await side.run();
  sample.rates.push(rows / seconds);
  const expected = side.expected?.(rows);
  if (expected === undefined) return;
  if (sum === undefined || !(Math.abs(sum - expected) <= TOLERANCE * rows)) {
    sample.wrong = `${side.name}: the sum of ${rows} rows is ${sum}, not ${expected}`;
  }
}

/** Samples of all sides: one run each to warm up, then `cycles` times there and back again. */
export async function inTurns(sides: readonly Side[], cycles: number): Promise<Sample[]> {
  const samples = sides.map(() => new Sample());
  const order = [...sides.keys()];
  for (const i of order) await runOnce(sides[i] as Side, new Sample());
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    for (const i of [...order, ...order.toReversed()]) {
      await runOnce(sides[i] as Side, samples[i] as Sample);
    }
  }
  return samples;
}

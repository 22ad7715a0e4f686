/**
 * What statements without predictions pay for the library: pgbench's select-only script, and the
 * same select planned anew in a loop within one backend, with and without it preloaded.
 */
import type pg from 'pg';
import type { Bench, Part } from '../bench';
import { BenchCluster } from '../cluster';
import { backendSeconds } from '../processor_time';
import { count, percent } from '../report';
import { inTurns, median, type Run, type Sample, type Side } from '../samples';
import { pgbench } from '../sides/pgbench';

const SCALE = 5;
const ACCOUNTS = SCALE * 100_000;
const GOAL = 0.01;
/** Many short runs in turns: a slow moment then hits both sides. */
const RUNS_EACH = 2;
const SECONDS = 1;
const LOOPS = 20_000;
const TRANSACTIONS = 'transactions';

const LOOP = `DO $$
DECLARE
  balance int;
BEGIN
  FOR i IN 1 .. ${LOOPS} LOOP
    EXECUTE 'SELECT abalance FROM pgbench_accounts WHERE aid = ' || i INTO balance;
  END LOOP;
END $$`;

interface Place {
  readonly cluster: BenchCluster;
  readonly database: string;
  readonly client: pg.Client;
}

async function loop({ client }: Place): Promise<Run> {
  const before = await backendSeconds(client);
  await client.query(LOOP);
  return { seconds: (await backendSeconds(client)) - before, rows: LOOPS };
}

async function select(place: Place, protocol: 'simple' | 'prepared'): Promise<Run> {
  const { cluster, database } = place;
  const options = { database, clients: 1, seconds: SECONDS, protocol };
  return { seconds: 1, rows: pgbench(cluster, options).tps };
}

const WAYS: Readonly<Record<string, (place: Place) => Promise<Run>>> = {
  [`pgbench -S, simple, ${TRANSACTIONS}`]: (place) => select(place, 'simple'),
  [`pgbench -S, prepared, ${TRANSACTIONS}`]: (place) => select(place, 'prepared'),
  'planned in a loop, statements a CPU second': loop,
};

async function run(bench: Bench): Promise<void> {
  const { options, report } = bench;
  const bare = BenchCluster.start('b', { preload: false });
  const client = await bare.connect('postgres');
  const places: readonly Place[] = [
    { cluster: bare, database: 'postgres', client },
    { cluster: bench.cluster, database: bench.database, client: bench.client },
  ];
  for (const { cluster, database } of places) {
    cluster.program('pgbench', '-i', '-q', '-s', String(SCALE), database);
  }
  const rows: string[][] = [];
  for (const [way, measure] of Object.entries(WAYS)) {
    const sides: Side[] = places.map((place, i) => {
      return { name: i === 0 ? 'without' : 'preloaded', run: () => measure(place) };
    });
    const samples = await inTurns(sides, options.cycles * RUNS_EACH);
    const [without, preloaded] = samples as [Sample, Sample];
    // Each run beside its neighbour, so that what drifts drifts for both.
    const pairs = without.rates.map((rate, i) => rate / (preloaded.rates[i] ?? Number.NaN));
    const overhead = median(pairs) - 1;
    const spread = Math.max(without.spread, preloaded.spread);
    const format = (value: number): string => `${(value * 100).toFixed(2)} %`;
    report.goal({
      name: `overhead without predictions, ${way}`,
      figure: overhead,
      atMost: GOAL,
      format,
    });
    rows.push([
      way,
      count(without.rate),
      count(preloaded.rate),
      format(overhead),
      `±${percent(spread)}`,
    ]);
  }
  await client.end();
  bare.stop();
  report.table(['a second', 'without', 'preloaded', 'overhead', 'spread'], rows);
  report.line(
    `\nA client alone, ${count(ACCOUNTS)} accounts; the database of "preloaded" has the extension.`,
  );
}

export const planTime: Part = { name: 'plan-time', run };

/**
 * Many clients that each ask for one row: what merging their requests in the server is worth, and
 * what it costs one client alone.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Part } from '../bench';
import { type BenchModel, blocks, mlp } from '../models';
import { prediction } from '../predictions';
import { count, ms, percent, ratio } from '../report';
import { median } from '../samples';
import { type PgbenchOptions, percentile, pgbench } from '../sides/pgbench';
import type { TableName } from '../tables';

const CLIENTS = 32;
/** Of the throughput without batching: the load that both bear with ease. */
const EQUAL_LOAD = 0.7;
/** One client is measured more often: its goal is a matter of per cents. */
const ALONE_CYCLES = 2;
const POLL_MS = 20;
const BATCHING = 'ai_runtime.max_batch_size';

const CASES: readonly (readonly [model: BenchModel, table: TableName])[] = [
  [mlp, 'fr'],
  [blocks('blocks', 4), 'fb'],
];

const lookup = (bench: Bench, table: TableName, expression: string): string =>
  `\\set id random(1, ${bench.tables.rowsOf(table)})
SELECT ${expression} FROM ${table} WHERE id = :id;
`;

/** The process of the server; null while there is none. */
async function serverPid({ client }: Bench): Promise<number | null> {
  const { rows } = await client.query("SELECT pid FROM ai_stat_server WHERE state = 'running'");
  return rows[0]?.pid ?? null;
}

/**
 * Switches the merging of requests; returns when the server runs with it and knows the model. The
 * supervisor replaces a server whose command line has changed.
 */
async function switchBatching(bench: Bench, on: boolean, warmUp: string): Promise<void> {
  const { client } = bench;
  const setting = on ? `RESET ${BATCHING}` : `SET ${BATCHING} = 1`;
  await client.query(`ALTER SYSTEM ${setting}`);
  const old = await serverPid(bench);
  const current = (await bench.setting(BATCHING)) === '1';
  if (current === on) {
    await client.query('SELECT pg_reload_conf()');
    while ([old, null].includes(await serverPid(bench))) await pause(POLL_MS);
  }
  await client.query(warmUp);
}

interface Figures {
  readonly tps: number[];
  readonly p99: number[];
  readonly alone: number[];
}

/** Measures both settings, there and back again; `run` is told the setting. */
async function both(
  bench: Bench,
  model: BenchModel,
  table: TableName,
  cycles: number,
  run: (on: boolean) => void,
): Promise<void> {
  const warmUp = `SELECT ${prediction(model.name, 'x')} FROM ${table} LIMIT 1`;
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    for (const on of [false, true, true, false]) {
      await switchBatching(bench, on, warmUp);
      run(on);
    }
  }
  // As every other part expects it.
  await switchBatching(bench, true, warmUp);
}

function optionsOf(bench: Bench, script: string, clients: number): PgbenchOptions {
  const { seconds } = bench.options;
  return { database: bench.database, clients, seconds, protocol: 'prepared', script };
}

async function measureModel(bench: Bench, model: BenchModel, table: TableName): Promise<string[]> {
  const { cluster, report } = bench;
  await bench.tables.make(table);
  await bench.addModel(model.name, model.onnx);
  await bench.client.query(`CREATE INDEX IF NOT EXISTS ${table}_id ON ${table} (id)`);
  const many = optionsOf(bench, lookup(bench, table, prediction(model.name, 'x')), CLIENTS);
  const one = { ...many, clients: 1 };
  const bare = pgbench(cluster, optionsOf(bench, lookup(bench, table, 'x[1]'), CLIENTS)).tps;
  if ((await bench.setting(BATCHING)) === undefined) {
    const { tps } = pgbench(cluster, many);
    return [
      model.what,
      count(bare),
      count(tps),
      ...Array(5).fill('–'),
      count(pgbench(cluster, one).tps),
      '–',
    ];
  }
  const empty = (): Figures => ({ tps: [], p99: [], alone: [] });
  const [off, on] = [empty(), empty()];
  const of = (batching: boolean): Figures => (batching ? on : off);
  await both(bench, model, table, 1, (batching) => {
    of(batching).tps.push(pgbench(cluster, many).tps);
  });
  const rate = EQUAL_LOAD * median(off.tps);
  await both(bench, model, table, 1, (batching) => {
    of(batching).p99.push(
      percentile(pgbench(cluster, { ...many, rate, log: true }).latencies, 0.99),
    );
  });
  await both(bench, model, table, ALONE_CYCLES, (batching) => {
    of(batching).alone.push(pgbench(cluster, one).tps);
  });
  const gain = median(on.tps) / median(off.tps);
  const tail = median(on.p99) / median(off.p99);
  const alone = median(on.alone) / median(off.alone);
  const clients = `${CLIENTS} clients, batching on : off, ${model.what}`;
  report.goal({ name: `${clients}, throughput`, figure: gain, atLeast: 4 });
  report.goal({ name: `${clients}, p99 at equal load`, figure: tail, atMost: 1.5 });
  report.goal({ name: `1 client, batching on : off, ${model.what}`, figure: alone, atLeast: 0.97 });
  return [
    model.what,
    ...[bare, median(off.tps), median(on.tps)].map(count),
    ratio(gain),
    ms(median(off.p99)),
    ms(median(on.p99)),
    ratio(tail),
    count(median(off.alone)),
    ratio(alone),
  ];
}

async function run(bench: Bench): Promise<void> {
  const rows: string[][] = [];
  for (const [model, table] of CASES) rows.push(await measureModel(bench, model, table));
  const throughput = ['lookup alone', 'off, tps', 'on, tps', 'on : off'];
  const tails = ['off, p99 ms', 'on, p99 ms', 'on : off'];
  const columns = ['model', ...throughput, ...tails, '1 client, tps', 'on : off'];
  bench.report.table(columns, rows);
  const load = percent(EQUAL_LOAD);
  bench.report.line(
    `\n${CLIENTS} clients of pgbench, one row a call, prepared; p99 at ${load} of "off".`,
  );
}

export const clients: Part = { name: 'clients', run };

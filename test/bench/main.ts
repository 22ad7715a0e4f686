/**
 * `npm run bench`: what a row costs on its way to a model and back, and what a first call costs.
 *
 * The ways are measured in turns within one run, so that a noisy machine is noisy for all of them;
 * read the ratios first. Prints, and judges nothing.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { connect, dropDatabase, makeDatabase, ROWS } from './database';

const ROUNDS = 9;
const CONNECTIONS = 9;

/** Ways of a row, each as an expression over it. */
const WAYS: Readonly<Record<string, string>> = {
  'scan alone': 'x',
  'ai_inference(model, real[32])': "ai_inference('bench', x)",
  '_echo(128 bytes)': 'ai_runtime._echo(bytes)',
  'the same in plpgsql': 'score_in_plpgsql(x)',
};

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function print(...cells: readonly (string | number)[]): void {
  const [first = '', ...rest] = cells.map(String);
  process.stdout.write(`${first.padEnd(36)}${rest.map((cell) => cell.padStart(14)).join('')}\n`);
}

/** Microseconds a row of each way: medians over the rounds. */
async function measureRows(): Promise<Map<string, number>> {
  const client = await connect();
  const times = new Map<string, number[]>(Object.keys(WAYS).map((name) => [name, []]));
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [name, expression] of Object.entries(WAYS)) {
      const started = performance.now();
      await client.query(
        `SELECT count(${expression}) FROM (SELECT * FROM bench_rows OFFSET 0) AS r`,
      );
      // The first round warms up.
      if (round >= 0) times.get(name)?.push(((performance.now() - started) * 1000) / ROWS);
    }
  }
  await client.end();
  return new Map([...times].map(([name, values]) => [name, median(values)]));
}

interface FirstCall {
  readonly ms: number;
  readonly secondMs: number;
  readonly addedKb: number;
}

/** What a statement costs as the first of its kind in a connection, and the memory that stays. */
async function measureFirstCall(sql: string): Promise<FirstCall> {
  const calls: FirstCall[] = [];
  for (let i = 0; i < CONNECTIONS; i += 1) {
    const client = await connect();
    const anonymousKb = async (): Promise<number> => {
      const { rows } = await client.query("SELECT pg_read_file('/proc/self/smaps_rollup') AS text");
      return Number(/^Anonymous:\s+(\d+) kB$/m.exec(rows[0].text)?.[1]);
    };
    const timed = async (): Promise<number> => {
      const started = performance.now();
      await client.query(sql);
      return performance.now() - started;
    };
    const before = await anonymousKb();
    const ms = await timed();
    const secondMs = await timed();
    calls.push({ ms, secondMs, addedKb: (await anonymousKb()) - before });
    await client.end();
  }
  return {
    ms: median(calls.map((call) => call.ms)),
    secondMs: median(calls.map((call) => call.secondMs)),
    addedKb: median(calls.map((call) => call.addedKb)),
  };
}

async function machine(): Promise<string> {
  const client = await connect();
  const { rows } = await client.query(`SELECT current_setting('server_version') AS pg, version,
    ort_version FROM ai_stat_server`);
  await client.end();
  const { pg, version, ort_version } = rows[0];
  const model = cpus()[0]?.model ?? 'unknown processor';
  const [load] = readFileSync('/proc/loadavg', 'utf8').split(' ');
  return `${model}, ${availableParallelism()} cores, load ${load}; PostgreSQL ${pg}, Node ${
    process.versions.node
  }, ONNX Runtime ${ort_version}, ai_runtime ${version}`;
}

async function bench(): Promise<void> {
  process.stdout.write(`\n${await machine()}\n\n`);
  const rows = await measureRows();
  const scan = rows.get('scan alone') ?? 0;
  const net = new Map([...rows].map(([name, us]) => [name, us - scan]));
  const inference = net.get('ai_inference(model, real[32])') ?? Number.NaN;
  print(`${ROWS} rows, one by one, ${ROUNDS} rounds`, 'us a row', 'rows/s', 'net us', 'ours : it');
  for (const [name, us] of rows) {
    const netUs = net.get(name) ?? 0;
    const ratio = name === 'scan alone' ? '' : (netUs / inference).toFixed(2);
    print(name, us.toFixed(2), Math.round(1e6 / us), netUs.toFixed(2), ratio);
  }
  process.stdout.write('(net: without the scan; ours : it: speed of ai_inference over its)\n\n');
  print(`in ${CONNECTIONS} new connections`, 'first, ms', 'second, ms', 'added, kB');
  const firstCalls = {
    ai_inference: "SELECT ai_inference('bench', x) FROM bench_rows LIMIT 1",
    'ai_health (TypeScript in plv8)': 'SELECT count(*) FROM ai_health()',
    score_in_plpgsql: 'SELECT score_in_plpgsql(x) FROM bench_rows LIMIT 1',
  };
  for (const [name, sql] of Object.entries(firstCalls)) {
    const { ms, secondMs, addedKb } = await measureFirstCall(sql);
    print(name, ms.toFixed(2), secondMs.toFixed(2), addedKb);
  }
}

await makeDatabase();
try {
  await bench();
} finally {
  dropDatabase();
}

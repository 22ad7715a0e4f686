/** What the first call in a connection costs, in time and in private memory that stays. */
import type { Bench, Part } from '../bench';
import { linear } from '../models';
import { ms } from '../report';
import { median } from '../samples';

const CONNECTIONS = 9;

const CALLS: Readonly<Record<string, string>> = {
  ai_inference: "SELECT ai_inference('linear', x) FROM fr LIMIT 1",
  'ai_health(): TypeScript in plv8': 'SELECT count(*) FROM ai_health()',
  plpgsql: 'SELECT first_in_plpgsql(1)',
};

interface FirstCall {
  readonly ms: number;
  readonly secondMs: number;
  readonly addedKb: number;
}

async function measureOnce(bench: Bench, sql: string): Promise<FirstCall> {
  const client = await bench.connect();
  const anonymousKb = async (): Promise<number> => {
    const { rows } = await client.query("SELECT pg_read_file('/proc/self/smaps_rollup') AS text");
    return Number(/^Anonymous:\s+(\d+) kB$/m.exec(rows[0].text)?.[1]);
  };
  const before = await anonymousKb();
  const first = await bench.timed(sql, 1, client);
  const second = await bench.timed(sql, 1, client);
  const addedKb = (await anonymousKb()) - before;
  await client.end();
  return { ms: first.seconds * 1000, secondMs: second.seconds * 1000, addedKb };
}

async function run(bench: Bench): Promise<void> {
  await bench.tables.make('fr');
  await bench.addModel(linear.name, linear.onnx);
  await bench.client.query(`CREATE OR REPLACE FUNCTION first_in_plpgsql(x int) RETURNS int
    LANGUAGE plpgsql AS 'BEGIN RETURN x; END'`);
  const rows: string[][] = [];
  for (const [name, sql] of Object.entries(CALLS)) {
    const calls: FirstCall[] = [];
    for (let i = 0; i < CONNECTIONS; i += 1) calls.push(await measureOnce(bench, sql));
    rows.push([
      name,
      ms(median(calls.map((call) => call.ms))),
      ms(median(calls.map((call) => call.secondMs))),
      median(calls.map((call) => call.addedKb)).toFixed(0),
    ]);
  }
  const columns = [`in ${CONNECTIONS} new connections`, 'first, ms', 'second, ms', 'added, kB'];
  bench.report.table(columns, rows);
}

export const firstCall: Part = { name: 'first-call', run };

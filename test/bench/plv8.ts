/**
 * `node build/run.mjs test/bench/plv8.ts`: what a call of LANGUAGE plv8 costs, beside an empty
 * plpgsql function and a C function. All ways are measured in turns within one run, each beside
 * the bare scan of its own turn; read the ratios first. Prints, and judges nothing.
 */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { connectionEnv, runSql, startCluster } from '../../build/cluster';

const DATABASE = 'plv8_bench';
const ROWS = 20_000;
const ROUNDS = 9;
const CONNECTIONS = 9;

const FUNCTIONS = `
  CREATE FUNCTION pl_empty(x int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN x; END';
  CREATE FUNCTION js_empty(x int) RETURNS int LANGUAGE plv8 AS 'return x';
  CREATE FUNCTION js_jsonb(x jsonb) RETURNS jsonb LANGUAGE plv8 AS 'return x';
  CREATE FUNCTION js_in(x plv8_float8array) RETURNS int LANGUAGE plv8 AS 'return x.length';
  CREATE FUNCTION js_both(x plv8_float8array) RETURNS plv8_float8array LANGUAGE plv8
    AS 'return x';
  CREATE FUNCTION js_bytes(x bytea) RETURNS int LANGUAGE plv8 AS 'return x.length';
  CREATE FUNCTION js_sql(x int) RETURNS int LANGUAGE plv8
    AS $$ plv8.execute('SELECT 1'); return x $$;
  CREATE FUNCTION js_rows(n int) RETURNS SETOF int LANGUAGE plv8
    AS 'for (let i = 0; i < n; i++) plv8.return_next(i)'`;

/** Ways of a row: an expression over it, and the goal in net microseconds. */
const WAYS: readonly (readonly [name: string, expression: string, goal: string])[] = [
  ['C function', 'abs(x)', ''],
  ['plpgsql, empty', 'pl_empty(x)', ''],
  ['plv8, empty', 'js_empty(x)', '0.25'],
  ['jsonb of 500 bytes in and out', 'js_jsonb(object)', '7'],
  ['float8[128] in', 'js_in(floats)', '1'],
  ['float8[128] in and out', 'js_both(floats)', '1.2'],
  ['bytea of 1 kB in', 'js_bytes(bytes)', '0.5'],
  ["plv8.execute('SELECT 1')", 'js_sql(x)', '2.5'],
];

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function print(...cells: readonly string[]): void {
  const [first = '', ...rest] = cells;
  process.stdout.write(`${first.padEnd(36)}${rest.map((cell) => cell.padStart(12)).join('')}\n`);
}

async function connect(): Promise<pg.Client> {
  const { PGHOST, PGUSER } = connectionEnv();
  const client = new pg.Client({ host: PGHOST, user: PGUSER, database: DATABASE });
  await client.connect();
  await client.query('SET jit = off');
  return client;
}

/** Milliseconds of a statement. */
async function timed(client: pg.Client, sql: string): Promise<number> {
  const started = performance.now();
  await client.query(sql);
  return performance.now() - started;
}

async function makeDatabase(): Promise<void> {
  startCluster();
  dropDatabase();
  runSql(`CREATE DATABASE ${DATABASE}`, 'postgres');
  const client = await connect();
  await client.query(`CREATE EXTENSION plv8; ${FUNCTIONS};
    CREATE TABLE bench_rows (x int, floats float8[], bytes bytea, object jsonb);
    ALTER TABLE bench_rows ALTER bytes SET STORAGE EXTERNAL;
    INSERT INTO bench_rows SELECT id,
      ARRAY(SELECT random() FROM generate_series(1, 128) WHERE id > 0),
      decode(repeat(md5(id::text), 32), 'hex'),
      (SELECT jsonb_object_agg('key' || k, k * 1.5) FROM generate_series(1, 32) AS k WHERE id > 0)
      FROM generate_series(1, ${ROWS}) AS id;
    ANALYZE bench_rows`);
  await client.end();
}

function dropDatabase(): void {
  runSql(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`, 'postgres');
}

async function measureRows(): Promise<void> {
  const client = await connect();
  const scan = (expression: string): Promise<number> =>
    timed(client, `SELECT count(${expression}) FROM (SELECT * FROM bench_rows OFFSET 0) AS r`);
  const net = new Map<string, number[]>(WAYS.map(([name]) => [name, []]));
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const [name, expression] of WAYS) {
      const bare = await scan('x');
      const us = (((await scan(expression)) - bare) * 1000) / ROWS;
      if (round >= 0) net.get(name)?.push(us);
    }
  }
  const plpgsql = median(net.get('plpgsql, empty') ?? []);
  print(`${ROWS} rows, ${ROUNDS} rounds`, 'net us', 'best', 'goal', 'plpgsql=1');
  for (const [name, , goal] of WAYS) {
    const times = net.get(name) ?? [];
    const us = median(times);
    print(name, us.toFixed(3), Math.min(...times).toFixed(3), goal, (us / plpgsql).toFixed(1));
  }
  const set = await timed(client, 'SELECT count(*) FROM js_rows(200000)');
  print('a row of a set, plv8.return_next', ((set * 1000) / 200_000).toFixed(3), '', '0.3');
  await client.end();
}

/** First and second call in new connections, and the private memory that stays. */
async function measureFirstCall(): Promise<void> {
  const first: number[] = [];
  const second: number[] = [];
  const added: number[] = [];
  for (let i = 0; i < CONNECTIONS; i += 1) {
    const client = await connect();
    const anonymousKb = async (): Promise<number> => {
      const { rows } = await client.query("SELECT pg_read_file('/proc/self/smaps_rollup') AS text");
      return Number(/^Anonymous:\s+(\d+) kB$/m.exec(rows[0].text)?.[1]);
    };
    const before = await anonymousKb();
    first.push(await timed(client, 'SELECT js_empty(1)'));
    second.push(await timed(client, 'SELECT js_empty(1)'));
    added.push((await anonymousKb()) - before);
    await client.end();
  }
  print('first call in a new connection, ms', median(first).toFixed(2));
  print('second call, ms', median(second).toFixed(2));
  print('private memory added, kB', median(added).toFixed(0));
}

await makeDatabase();
try {
  process.stdout.write(`load ${readFileSync('/proc/loadavg', 'utf8').trim()}\n\n`);
  await measureRows();
  await measureFirstCall();
} finally {
  dropDatabase();
}

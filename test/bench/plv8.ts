/**
 * `node build/run.mjs test/bench/plv8.ts`: what a call of LANGUAGE plv8 costs, beside an empty
 * plpgsql function and a C function. All ways are measured in turns within one run, each beside
 * the bare scan of its own turn; read the ratios first. Time on the clock counts what the machine
 * does beside; time on the processor is that of all threads of the backend. Then: a new connection,
 * and how soon a loop ends that another session cancels. Prints, and judges nothing.
 */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { connectionEnv, runSql, startCluster } from '../../build/cluster';
import { backendSeconds } from './processor_time';

const DATABASE = 'plv8_bench';
const ROWS = 20_000;
const ROUNDS = 9;
const CONNECTIONS = 9;
const CANCELS = 300;

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
  CREATE FUNCTION js_spin() RETURNS int LANGUAGE plv8
    AS $$ plv8.elog(NOTICE, 'spinning'); for (;;); $$;
  CREATE FUNCTION pl_spin() RETURNS int LANGUAGE plpgsql
    AS $$ BEGIN RAISE NOTICE 'spinning'; LOOP NULL; END LOOP; END $$;
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

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * part)] ?? Number.NaN;
}

const median = (values: readonly number[]): number => quantile(values, 0.5);

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

/** Milliseconds of a statement: on the clock, and on the processor. */
async function timedTwice(client: pg.Client, sql: string): Promise<{ wall: number; cpu: number }> {
  const before = await backendSeconds(client);
  const wall = await timed(client, sql);
  return { wall, cpu: ((await backendSeconds(client)) - before) * 1000 };
}

async function makeDatabase(): Promise<void> {
  startCluster();
  dropDatabase();
  runSql(`CREATE DATABASE ${DATABASE}`, 'postgres');
  const client = await connect();
  await client.query(`CREATE EXTENSION plv8; ${FUNCTIONS};
    CREATE TABLE bench_rows (x int, floats float8[], bytes bytea, object jsonb);
    ALTER TABLE bench_rows ALTER floats SET STORAGE PLAIN, ALTER bytes SET STORAGE PLAIN,
      ALTER object SET STORAGE PLAIN;
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
  const scan = (expression: string): Promise<{ wall: number; cpu: number }> =>
    timedTwice(client, `SELECT count(${expression}) FROM (SELECT * FROM bench_rows OFFSET 0) AS r`);
  const results = WAYS.map(([name, expression, goal]) => {
    return { name, expression, goal, wall: [] as number[], cpu: [] as number[] };
  });
  for (let round = -1; round < ROUNDS; round += 1) {
    for (const { expression, wall, cpu } of results) {
      const bare = await scan('x');
      const full = await scan(expression);
      if (round < 0) continue;
      wall.push(((full.wall - bare.wall) * 1000) / ROWS);
      cpu.push(((full.cpu - bare.cpu) * 1000) / ROWS);
    }
  }
  const plpgsql = median(results.find(({ name }) => name === 'plpgsql, empty')?.cpu ?? []);
  print(`${ROWS} rows, ${ROUNDS} rounds`, 'net us', 'best', 'goal', 'cpu us', 'plpgsql=1');
  for (const { name, goal, wall, cpu } of results) {
    const [net, best, used] = [median(wall), Math.min(...wall), median(cpu)];
    const ratio = (used / plpgsql).toFixed(1);
    print(name, net.toFixed(3), best.toFixed(3), goal, used.toFixed(3), ratio);
  }
  const set = await timed(client, 'SELECT count(*) FROM js_rows(200000)');
  print('a row of a set, plv8.return_next', ((set * 1000) / 200_000).toFixed(3), '', '0.3');
  await client.end();
}

/** Milliseconds from pg_cancel_backend() to the error in the other session. */
async function measureCancel(name: string, sql: string): Promise<void> {
  const [victim, other] = [await connect(), await connect()];
  const { rows } = await victim.query('SELECT pg_backend_pid() AS pid');
  const times: number[] = [];
  for (let i = 0; i < CANCELS; i += 1) {
    const begun = new Promise((resolve) => victim.once('notice', resolve));
    const ended = victim.query(sql).then(
      () => Promise.reject(new Error('it was not cancelled')),
      () => performance.now(),
    );
    await begun;
    const asked = performance.now();
    await other.query('SELECT pg_cancel_backend($1)', [rows[0].pid]);
    times.push((await ended) - asked);
  }
  const [p50, p99] = [median(times), quantile(times, 0.99)];
  print(name, p50.toFixed(2), p99.toFixed(2), Math.max(...times).toFixed(2));
  await Promise.all([victim.end(), other.end()]);
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
  process.stdout.write('\n');
  print(`${CANCELS} cancels, ms`, 'p50', 'p99', 'longest');
  await measureCancel('a loop in plv8 (goal: p99 of 5)', 'SELECT js_spin()');
  await measureCancel('a loop in plpgsql', 'SELECT pl_spin()');
} finally {
  dropDatabase();
}

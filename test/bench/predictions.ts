/** The SQL of a prediction, and the ways that it can take. */
import type pg from 'pg';
import type { Bench } from './bench';
import type { Run, Side } from './samples';
import { INPUT, type TableName } from './tables';

/** Rows that a way is given which takes them one by one. */
const ROW_PATH_ROWS = 20_000;
const WIDE_ROW_PATH_ROWS = 2_000;

export const prediction = (model: string, input: string): string =>
  `(ai_inference('${model}', ${input})->>'y')::float8`;

/** Sum and count of an expression over the first rows of a table, or over all of them. */
export const sumOver = (expression: string, table: string, rows?: number): string =>
  `SELECT sum(${expression}), count(*) FROM ${
    rows === undefined ? table : `(SELECT * FROM ${table} LIMIT ${rows}) AS r`
  }`;

export function rowPathRows(bench: Bench, table: TableName): number {
  const rows = table === 'fb' ? WIDE_ROW_PATH_ROWS : ROW_PATH_ROWS;
  return Math.min(rows, bench.tables.rowsOf(table));
}

/** Whether this build has a set path. */
export async function hasSetPath(bench: Bench): Promise<boolean> {
  return (await bench.setting('ai_runtime.enable_batch_scan')) !== undefined;
}

/** A new connection in which every prediction is asked for on its own. */
export async function connectRowPath(bench: Bench): Promise<pg.Client> {
  const client = await bench.connect();
  if (await hasSetPath(bench)) await client.query('SET ai_runtime.enable_batch_scan = off');
  return client;
}

/** Fails unless the plan of a statement has a batch node. */
export async function mustBatch(bench: Bench, sql: string): Promise<void> {
  const { rows } = await bench.client.query(`EXPLAIN ${sql}`);
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  if (!plan.includes('BatchInference')) bench.report.failure(`not batched: ${sql}\n${plan}`);
}

export type Expected = (rows: number) => number;

/** The side of the set path: all rows of a table, in the way that every query takes. */
export async function setPathSide(
  bench: Bench,
  model: string,
  table: TableName,
  expected: Expected,
): Promise<Side> {
  const sql = sumOver(prediction(model, INPUT[table]), table);
  await mustBatch(bench, sql);
  return { name: 'set path', run: () => bench.timedSum(sql), expected };
}

/** The side of the row path, over some rows of a table. */
export function rowPathSide(
  bench: Bench,
  client: pg.Client,
  model: string,
  table: TableName,
  expected: Expected,
): Side {
  const rows = rowPathRows(bench, table);
  const sql = sumOver(prediction(model, INPUT[table]), table, rows);
  return { name: 'row path', run: () => bench.timedSum(sql, client), expected };
}

/** A statement that makes a table of ids and results over table fr. */
export const createAs = (expression: string): string =>
  `CREATE TABLE made AS SELECT id, ${expression} AS y FROM fr`;

/** The side of that statement; making the table is timed, reading its sum is not. */
export function createTableSide(
  bench: Bench,
  name: string,
  expression: string,
  expected: Expected,
): Side {
  const { client, tables } = bench;
  const run = async (): Promise<Run> => {
    await client.query('DROP TABLE IF EXISTS made');
    const { seconds } = await bench.timed(createAs(expression), tables.rows);
    const { rows } = await client.query('SELECT sum(y) AS sum, count(*) AS count FROM made');
    return { seconds, rows: Number(rows[0].count), sum: Number(rows[0].sum) };
  };
  return { name, run, expected };
}

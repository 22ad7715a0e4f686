/** The side of the plain scan: builds scan_functions.c and creates its SQL functions. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import { out, root, state } from '../../../build/paths';
import { columns, INPUT, type TableName } from '../tables';

const MAKEFILE = path.join(root, 'test/bench/sides/Makefile');

/** An expression over a row of the table that hands all its numbers to C. */
export const scanExpression = (table: TableName): string =>
  table === 'f' ? `bench_sum(${columns().join(', ')})` : `bench_sum(${INPUT[table]})`;

/** Builds and installs the functions into the private PostgreSQL, and creates them. */
export async function createScanFunctions(client: pg.Client): Promise<void> {
  const folder = path.join(out, 'bench');
  mkdirSync(folder, { recursive: true });
  const args = ['-s', '-C', folder, '-f', MAKEFILE, `PG_CONFIG=${state().pgConfig}`, 'install'];
  execFileSync('make', args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const numbers = columns().map(() => 'float8');
  const create = (args: string, symbol: string): string =>
    `CREATE OR REPLACE FUNCTION bench_sum(${args}) RETURNS float8
      AS 'ai_bench', '${symbol}' LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE`;
  await client.query(create(numbers.join(', '), 'ai_bench_sum_columns'));
  await client.query(create('real[]', 'ai_bench_sum_array'));
  await client.query(create('float8[]', 'ai_bench_sum_array'));
}

/**
 * Queries from TypeScript: the only user of the global plv8.
 *
 * A query names the columns that it reads and their SQL types, so that tsc knows the rows; values
 * travel as parameters and are never written into the text. Every statement is schema-qualified by
 * its writer and runs under the search_path of the function that calls it (pg_catalog, pg_temp).
 */
/// <reference path="./plv8.d.ts" />
import { SqlError } from './errors';
import type { Columns, RowOf } from './types';

/** What can be bound to $1, $2, …; PostgreSQL deduces the type from the place. */
export type Parameter = null | boolean | number | bigint | string | Date | Uint8Array;

/** Every row of a query. */
export function rows<const C extends Columns>(
  columns: C,
  sql: string,
  parameters: readonly Parameter[] = [],
): RowOf<C>[] {
  const result = plv8.execute(sql, parameters);
  if (typeof result === 'number') {
    throw new SqlError('internal_error', 'a query returned no rows but a count', { detail: sql });
  }
  const [first] = result;
  if (first !== undefined) {
    for (const column of Object.keys(columns)) {
      if (!(column in first)) {
        throw new SqlError('internal_error', `a query has no column "${column}"`, { detail: sql });
      }
    }
  }
  return result as unknown as RowOf<C>[];
}

/** The one row of a query, or undefined where there is none. */
export function maybeOne<const C extends Columns>(
  columns: C,
  sql: string,
  parameters: readonly Parameter[] = [],
): RowOf<C> | undefined {
  const found = rows(columns, sql, parameters);
  if (found.length > 1) {
    throw new SqlError('internal_error', `a query returned ${found.length} rows, not one`, {
      detail: sql,
    });
  }
  return found[0];
}

/** The one row of a query that always has one. */
export function one<const C extends Columns>(
  columns: C,
  sql: string,
  parameters: readonly Parameter[] = [],
): RowOf<C> {
  const row = maybeOne(columns, sql, parameters);
  if (row === undefined) {
    throw new SqlError('internal_error', 'a query returned no row', { detail: sql });
  }
  return row;
}

/** Runs a command for its effect; the number of rows that it changed or returned. */
export function execute(sql: string, parameters: readonly Parameter[] = []): number {
  const result = plv8.execute(sql, parameters);
  return typeof result === 'number' ? result : result.length;
}

/** What runs us: the version that plv8 reports and that of its V8, where it tells. */
export function provider(): { version: string; v8Version: string | undefined } {
  return { version: plv8.version, v8Version: plv8.v8_version };
}

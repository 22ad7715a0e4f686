/**
 * The global that every plv8 provides: only the calls that lib/sql.ts uses.
 * Written from plv8's public documentation; upstream and our provider agree on these.
 */
declare const plv8: {
  /** Rows of a query, or the number of rows that a command without RETURNING changed. */
  execute(sql: string, args?: readonly unknown[]): Record<string, unknown>[] | number;
  readonly version: string;
  readonly v8_version?: string;
};

/**
 * The SQL types that a function of ours can take and give, and what each is in TypeScript.
 * define.ts reads signatures with them, sql.ts the columns of a query. Types only, no code.
 */

/** What a jsonb result may hold; a Promise, a Date or a bigint is none of it. */
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/** SQL type names and their values as arguments and columns. */
export interface SqlValues {
  bool: boolean;
  int2: number;
  int4: number;
  int8: bigint;
  oid: number;
  float4: number;
  float8: number;
  /** Text, since a double would lose digits: a wrapper casts it on the way in. */
  numeric: string;
  text: string;
  uuid: string;
  bytea: Uint8Array;
  json: unknown;
  jsonb: unknown;
  date: Date;
  timestamptz: Date;
}

export type ScalarType = keyof SqlValues;
export type SqlType = ScalarType | `${ScalarType}[]`;

/** The value of an argument or a column that is not NULL. */
export type ValueOf<T extends SqlType> = T extends `${infer E extends ScalarType}[]`
  ? readonly (SqlValues[E] | null)[]
  : T extends ScalarType
    ? SqlValues[T]
    : never;

/** The value that a function may return for a type: as ValueOf, but jsonb must be JSON. */
export type ResultOf<T extends SqlType> = T extends `${infer E extends ScalarType}[]`
  ? readonly (ScalarResult<E> | null)[]
  : T extends ScalarType
    ? ScalarResult<T>
    : never;

type ScalarResult<T extends ScalarType> = T extends 'json' | 'jsonb' ? JsonValue : SqlValues[T];

/** Columns of a query or of RETURNS TABLE, by name. */
export type Columns = Readonly<Record<string, SqlType>>;

/** One row of a query: any column may be NULL. */
export type RowOf<C extends Columns> = { readonly [K in keyof C]: ValueOf<C[K]> | null };

/** One row to return: every column must be there, NULL as null. */
export type ResultRowOf<C extends Columns> = { readonly [K in keyof C]: ResultOf<C[K]> | null };

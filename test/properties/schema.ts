/*
 * The tables that the generated queries read. All have the same columns, in different places of a
 * row, so that a query can be made over any of them; what differs is how PostgreSQL stores and
 * scans them.
 *
 * NULLs and duplicates stand in every column but id. Columns of bad roles hold, now and then,
 * what no model takes: a wrong width, a NULL element, a category that there is not.
 */
import type { Role } from './models';

export type SqlType =
  | 'int'
  | 'float8'
  | 'numeric'
  | 'bool'
  | 'text'
  | 'jsonb'
  | 'json'
  | 'real[]'
  | 'float8[]'
  | 'int4[]'
  | 'int8[]';

export interface Column {
  readonly name: string;
  readonly type: SqlType;
  /** Which models take it as it is. */
  readonly role?: Role;
}

/** Something with columns that a query may name. */
export interface Relation {
  readonly alias: string;
  readonly columns: readonly Column[];
  /** The name of a base table, for what needs one. */
  readonly table?: string;
}

export const COLUMNS: readonly Column[] = [
  { name: 'id', type: 'int' },
  { name: 'grp', type: 'int' },
  { name: 'a', type: 'int' },
  { name: 'b', type: 'float8' },
  { name: 'ok', type: 'bool' },
  { name: 'name', type: 'text', role: 'word' },
  { name: 'x', type: 'real[]', role: 'vector' },
  { name: 'xd', type: 'float8[]', role: 'vector' },
  { name: 'xj', type: 'json', role: 'vector' },
  { name: 'xt', type: 'text', role: 'vector' },
  { name: 'xi', type: 'int4[]', role: 'integers' },
  { name: 'xl', type: 'int8[]', role: 'integers' },
  { name: 'r', type: 'real[]', role: 'ragged' },
  { name: 'doc', type: 'jsonb', role: 'document' },
  { name: 'bad', type: 'real[]', role: 'bad' },
  { name: 'baddoc', type: 'jsonb', role: 'baddocument' },
];

export interface Table {
  readonly name: string;
  readonly rows: number;
  /** May stand in a join without a condition. */
  readonly small: boolean;
  readonly weight: number;
}

export const TABLES: readonly Table[] = [
  { name: 'items', rows: 24, small: false, weight: 10 },
  { name: 'few', rows: 6, small: true, weight: 8 },
  { name: 'parts', rows: 20, small: false, weight: 6 },
  { name: 'gaps', rows: 12, small: true, weight: 4 },
  { name: 'nothing', rows: 0, small: true, weight: 1 },
  { name: 'many', rows: 150, small: false, weight: 5 },
];

const definition = COLUMNS.map(({ name, type }) => `${name} ${type}`).join(', ');

/** The rows of a table; `i` counts them from 1, so that they are the same on every machine. */
const rowsFrom = (rows: number): string => `
  SELECT i AS id, nullif(i * 7 % 5, 4) AS grp, nullif(i * 5 % 11, 3) - 4 AS a,
    nullif((i * 3 % 9)::float8 / 4, 0.75) AS b, nullif(i % 3, 2) = 1 AS ok,
    (ARRAY['red', 'green', NULL, 'blue', 'red', ''])[i * 5 % 6 + 1] AS name,
    vector::real[] AS x, vector::float8[] AS xd, to_json(vector) AS xj,
    '[' || array_to_string(vector, ', ') || ']' AS xt,
    CASE WHEN i % 8 <> 5 THEN ARRAY[i % 4, i] END AS xi,
    CASE WHEN i % 6 <> 1 THEN ARRAY[i % 7, -i]::int8[] END AS xl,
    CASE WHEN i % 9 <> 2 THEN array_fill((i % 3)::real / 2, ARRAY[i % 12 / 11 * 1499 + i % 4 + 1])
      END AS r,
    CASE WHEN i % 7 <> 3 THEN document END AS doc,
    CASE i % 10 WHEN 3 THEN ARRAY[1, 2]::real[] WHEN 6 THEN ARRAY[1, NULL, 2]::real[]
      WHEN 8 THEN NULL ELSE coalesce(vector, '{1,2,3}') END AS bad,
    CASE i % 10 WHEN 4 THEN document || '{"job": "astronaut"}' WHEN 7 THEN document - 'age'
      WHEN 1 THEN NULL ELSE document END AS baddoc
  FROM generate_series(1, ${rows}) AS i
    CROSS JOIN LATERAL (SELECT CASE WHEN i % 7 <> 4 THEN
        ARRAY[i * 3 % 8 * quarter, (i % 3 - 1) * quarter, i * 5 % 4 * quarter] END AS vector,
      jsonb_build_object('age', i * 11 % 50, 'note', repeat('long', i % 13 / 12 * 800),
        'job', (ARRAY['clerk', 'nurse'])[i % 2 + 1],
        'orders', (SELECT coalesce(jsonb_agg(jsonb_build_object('amount', n)), '[]')
          FROM generate_series(1, i % 4) AS n)) AS document
      FROM CAST(0.25 AS float8) AS quarter) AS made`;

const fill = ({ name, rows }: Table): string =>
  `INSERT INTO ${name} (${COLUMNS.map((column) => column.name).join(', ')}) ${rowsFrom(rows)};`;

/** How each table comes to be; the names are those of TABLES. */
const CREATE: Readonly<Record<string, string>> = {
  items: `CREATE TABLE items (${definition}); ALTER TABLE items ADD PRIMARY KEY (id)`,
  few: `CREATE TABLE few (${definition})`,
  parts: `CREATE TABLE parts (${definition}) PARTITION BY LIST (grp);
    CREATE TABLE parts_0 PARTITION OF parts FOR VALUES IN (0, 1);
    CREATE TABLE parts_1 (dropped int, ${[...COLUMNS]
      .reverse()
      .map(({ name, type }) => `${name} ${type}`)
      .join(', ')});
    ALTER TABLE parts_1 DROP COLUMN dropped;
    ALTER TABLE parts ATTACH PARTITION parts_1 FOR VALUES IN (2);
    CREATE TABLE parts_rest PARTITION OF parts DEFAULT PARTITION BY RANGE (id);
    CREATE TABLE parts_low PARTITION OF parts_rest FOR VALUES FROM (MINVALUE) TO (10);
    CREATE TABLE parts_high PARTITION OF parts_rest FOR VALUES FROM (10) TO (MAXVALUE);
    CREATE INDEX ON parts (id)`,
  // What is long is stored out of line here, and compressed elsewhere.
  gaps: `CREATE TABLE gaps (gone int, ${definition}, more text DEFAULT 'more');
    ALTER TABLE gaps ALTER r SET STORAGE EXTERNAL, ALTER doc SET STORAGE EXTERNAL`,
  nothing: `CREATE TABLE nothing (${definition})`,
  many: `CREATE TABLE many (${definition}) WITH (fillfactor = 20);
    ALTER TABLE many ADD PRIMARY KEY (id);
    CREATE INDEX ON many (grp, a)`,
};

/** Statements that make the tables, with their rows and statistics, in the schema of the path. */
export function createTables(): string[] {
  return [
    ...TABLES.flatMap((table) => [CREATE[table.name] as string, fill(table)]),
    // Rows of before a column was added, and of after one was dropped.
    'ALTER TABLE gaps DROP COLUMN gone, ADD added int DEFAULT 7',
    `CREATE VIEW viewed AS SELECT *, ai_inference('linear', x) AS answer FROM items WHERE id > 2`,
    `CREATE VIEW guarded WITH (security_barrier) AS
      SELECT * FROM items WHERE (ai_inference('linear', xd) ->> 'y')::float8 > 0`,
  ];
}

/** VACUUM as well, so that index-only scans are possible; it cannot be in a transaction. */
export const MAINTENANCE = TABLES.map(({ name }) => `VACUUM (ANALYZE, FREEZE) ${name}`);

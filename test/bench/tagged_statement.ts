/*
 * Statements whose every row carries its number through the identity model, each with what it must
 * give. Drawn at random: ways to write the input, to take the output, to stop early.
 */
import type { Random } from '../fixtures/random';

/** Ways to hand a row its own number, and to take it back. */
const CALLS: readonly string[] = [
  "(ai_inference('identity', ARRAY[id])->>'y')::int8",
  "(ai_inference('identity', x)->>'y')::int8",
  "(ai_inference('identity', doc)->>'y')::int8",
  "(ai_inference('identity', ARRAY[id])->'y')::int8",
  "(ai_inference('identity', x)->>'y')::float8::int8",
  "(ai_inference('identity', ARRAY[id]::numeric[])->>'y')::int8",
];

/** Rows 1 to `rows`, each with its number in the forms that the calls take. */
export const taggedTable = (rows: number): string =>
  `CREATE TABLE tagged AS SELECT id, ARRAY[id] AS x, jsonb_build_object('x', ARRAY[id]) AS doc
    FROM generate_series(1::int8, ${rows}) AS id`;

export interface TaggedStatement {
  readonly sql: string;
  /** Rows that go through the model at least. */
  readonly rows: number;
  /** What was wrong with the result, if anything. */
  readonly check: (result: readonly Record<string, string>[]) => string | undefined;
}

const integer = (random: Random, max: number): number => Math.floor(random.next() * max);

function pick<T>(random: Random, items: readonly T[]): T {
  return items[integer(random, items.length)] as T;
}

interface Range {
  readonly first: number;
  readonly count: number;
  readonly where: string;
}

/** The result of a statement that counts its rows and those that came back with another number. */
function checkCount(rows: number): TaggedStatement['check'] {
  return ([row]) =>
    Number(row?.count) === rows && Number(row?.wrong) === 0
      ? undefined
      : `${row?.count} rows in place of ${rows}, ${row?.wrong} with another number`;
}

/** The result of a statement that returns number and answer of each row, in order. */
function checkRows({ first }: Range, rows: number): TaggedStatement['check'] {
  return (result) => {
    if (result.length !== rows) return `${result.length} rows in place of ${rows}`;
    const wrong = result.findIndex(({ id, y }, i) => Number(id) !== first + i || y !== id);
    return wrong < 0 ? undefined : `row ${first + wrong}: ${JSON.stringify(result[wrong])}`;
  };
}

const COUNTED = 'count(*), count(*) FILTER (WHERE y IS DISTINCT FROM id) AS wrong';

type Shape = (call: string, range: Range, random: Random) => TaggedStatement;

const SHAPES: readonly Shape[] = [
  (call, range) => ({
    sql: `SELECT ${COUNTED} FROM (SELECT id, ${call} AS y FROM tagged WHERE ${range.where}) AS r`,
    rows: range.count,
    check: checkCount(range.count),
  }),
  (call, range) => ({
    sql: `SELECT id, ${call} AS y FROM tagged WHERE ${range.where} ORDER BY id`,
    rows: range.count,
    check: checkRows(range, range.count),
  }),
  (call, range, random) => {
    const limit = 1 + integer(random, range.count);
    return {
      sql: `SELECT id, ${call} AS y FROM (SELECT * FROM tagged WHERE ${range.where}
        ORDER BY id) AS r LIMIT ${limit}`,
      rows: limit,
      check: checkRows(range, limit),
    };
  },
  (call, range) => ({
    sql: `SELECT count(*), 0 AS wrong FROM tagged WHERE ${range.where} AND ${call} = id`,
    rows: range.count,
    check: checkCount(range.count),
  }),
  (call, range, random) => {
    const each = 1 + integer(random, 50);
    const outer = Math.max(1, Math.floor(range.count / each / 4));
    // Every outer row asks the inner side anew, which stops before its end.
    return {
      sql: `SELECT ${COUNTED} FROM generate_series(1, ${outer}) AS o, LATERAL (
        SELECT id, ${call} AS y FROM tagged WHERE id > o * ${each} LIMIT ${each}) AS r`,
      rows: outer * each,
      check: checkCount(outer * each),
    };
  },
  (call, range) => ({
    sql: `SELECT count(*), count(*) FILTER (WHERE r.y <> t.id) AS wrong FROM tagged AS t
      JOIN (SELECT id AS n, ${call} AS y FROM tagged WHERE ${range.where}) AS r ON r.y = t.id
      WHERE r.n = t.id`,
    rows: range.count,
    check: checkCount(range.count),
  }),
];

/** A statement over some of the rows 1 to `rows`. */
export function drawStatement(random: Random, rows: number): TaggedStatement {
  // Mostly short ones, so that many are cut off in their first batches too.
  const count = 1 + Math.floor((rows / 4) * random.next() ** 4);
  const first = 1 + integer(random, rows - count);
  const range = { first, count, where: `id BETWEEN ${first} AND ${first + count - 1}` };
  return pick(random, SHAPES)(pick(random, CALLS), range, random);
}

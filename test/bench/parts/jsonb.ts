/** Rows that come as jsonb with declared features: 16 numbers and 4 categories, 20 members. */
import type { Bench, Part } from '../bench';
import { mlp } from '../models';
import { connectRowPath, hasSetPath, mustBatch, prediction, sumOver } from '../predictions';
import { processorTime } from '../processor_time';
import { count, percent, ratio } from '../report';
import { inTurns, type Side } from '../samples';

const NUMBERS = 16;
const CATEGORIES = ['red', 'green', 'blue', 'none'];
const CATEGORICAL = 4;
/** Of the rows of the large tables. */
const SHARE = 5;
const ROW_PATH_ROWS = 20_000;
const GOAL_ROWS_A_SECOND = 300_000;

/** 16 + 4 · 4: the 32 columns of the model. */
const FEATURES = [
  ...Array.from({ length: NUMBERS }, (_, i) => `x${i + 1}`),
  ...Array.from({ length: CATEGORICAL }, (_, i) => ({ name: `c${i + 1}`, categories: CATEGORIES })),
];

/** The members as SQL over table f: numbers of four digits, categories drawn by further columns. */
function members(): string {
  const names = CATEGORIES.map((name) => `'${name}'`).join(', ');
  const category = (i: number): string =>
    `(ARRAY[${names}])[1 + floor(4 * x${NUMBERS + i})::int] AS c${i}`;
  return [
    ...Array.from({ length: NUMBERS }, (_, i) => `round(x${i + 1}::numeric, 4) AS x${i + 1}`),
    ...Array.from({ length: CATEGORICAL }, (_, i) => category(i + 1)),
  ].join(', ');
}

async function run(bench: Bench): Promise<void> {
  const { client, options, report, tables } = bench;
  await tables.make('f');
  const total = Math.ceil(tables.rows / SHARE);
  await client.query(`CREATE TABLE fc AS SELECT ${members()} FROM f LIMIT ${total};
    CREATE TABLE fj AS SELECT to_jsonb(c) AS doc FROM fc AS c;
    ANALYZE fc, fj`);
  await client.query('VACUUM FREEZE fc');
  await client.query('VACUUM FREEZE fj');
  await client.query('SELECT ai_create_model($1, $2, $3)', [
    'features',
    Buffer.from(mlp.onnx),
    JSON.stringify({ input: FEATURES }),
  ]);
  const rowClient = await connectRowPath(bench);
  const few = Math.min(ROW_PATH_ROWS, total);
  const stored = prediction('features', 'doc');
  const made = prediction('features', 'to_jsonb(fc)');
  const rowSql = (rows: number): string => sumOver(stored, 'fj', rows);
  // The row path is what the others must agree with.
  const known = new Map<number, number>();
  for (const rows of new Set([few, total])) {
    known.set(rows, (await bench.timedSum(rowSql(rows), rowClient)).sum ?? Number.NaN);
  }
  const expected = (rows: number): number => known.get(rows) ?? Number.NaN;
  const scan = sumOver("(doc->>'x1')::float8", 'fj');
  const sides: Side[] = [
    { name: "doc->>'x1'", run: () => bench.timedSum(scan) },
    { name: 'row path', run: () => bench.timedSum(rowSql(few), rowClient), expected },
  ];
  if (await hasSetPath(bench)) {
    for (const [name, sql] of [
      ['set path, stored jsonb', sumOver(stored, 'fj')],
      ['set path, to_jsonb(row)', sumOver(made, 'fc')],
    ] as const) {
      await mustBatch(bench, sql);
      sides.push({ name, run: () => bench.timedSum(sql), expected });
    }
  }
  const samples = await inTurns(sides, options.cycles);
  await rowClient.end();
  for (const { wrong } of samples) if (wrong !== undefined) report.failure(wrong);
  const row = samples[1]?.rate ?? Number.NaN;
  report.table(
    ['way', 'rows/s', ': row path', 'spread'],
    samples.map(({ rate, spread }, i) => [
      sides[i]?.name ?? '',
      count(rate),
      ratio(rate / row),
      `±${percent(spread)}`,
    ]),
  );
  const set = samples[2]?.rate;
  if (set !== undefined) {
    const { backend, server } = await processorTime(client, sumOver(stored, 'fj'), total);
    const times = `${backend.toFixed(2)} us in the backend, ${server.toFixed(2)} us in the server`;
    report.line(`\nProcessor time of a row of stored jsonb in the set path: ${times}.`);
    const name = 'jsonb of 20 declared features, rows/s';
    report.goal({ name, figure: set, atLeast: GOAL_ROWS_A_SECOND, format: count });
  }
}

export const jsonb: Part = { name: 'jsonb', run };

/** Our paths beside PL/Python with scikit-learn: one row a call, and batches made by hand. */
import { SetupError } from '../../../build/setup/step';
import type { Bench, Part } from '../bench';
import { sumOfFirst } from '../floats';
import { type BenchModel, linear, linearLayers, mlp, mlpLayers, WIDTH } from '../models';
import { connectRowPath, hasSetPath, rowPathRows, rowPathSide, setPathSide } from '../predictions';
import { count, percent, ratio } from '../report';
import { inTurns, type Side } from '../samples';
import { createPlpython, PLPYTHON_WAYS, putLayers, trainBoostedTrees } from '../sides/plpython';
import { installPlpython } from '../sides/plpython_setup';

/** Of the rows of the large table, PL/Python's batches get one in so many. */
const BATCHED_SHARE = 5;

async function measureModel(bench: Bench, model: BenchModel): Promise<string[]> {
  const { report, options, tables } = bench;
  const raw = await bench.rawOrt(model, 'fa');
  const expected = sumOfFirst(await raw.predictions(`${bench.modelFile(model.name)}.y`));
  await raw.end();
  const client = await connectRowPath(bench);
  const first = (rows: number): string => `(SELECT * FROM fa LIMIT ${rows}) AS r`;
  const few = first(rowPathRows(bench, 'fa'));
  const many = first(Math.ceil(tables.rows / BATCHED_SHARE));
  const python = (name: string, sql: string): Side => {
    return { name, run: () => bench.timedSum(sql, client), expected };
  };
  const sides: Side[] = [
    rowPathSide(bench, client, model.name, 'fa', expected),
    python('PL/Python, cached', PLPYTHON_WAYS.row(model.name, few)),
    python('PL/Python, array_agg', PLPYTHON_WAYS.arrays(model.name, many)),
    python('PL/Python, bytea', PLPYTHON_WAYS.bytes(model.name, many, WIDTH)),
  ];
  if (await hasSetPath(bench)) sides.push(await setPathSide(bench, model.name, 'fa', expected));
  const samples = await inTurns(sides, options.cycles);
  await client.end();
  for (const { wrong } of samples) if (wrong !== undefined) report.failure(wrong);
  const [row = 0, cached = 0, arrays = 0, bytes = 0, set] = samples.map(({ rate }) => rate);
  const figure = row / cached;
  report.goal({ name: `row path : PL/Python, cached, ${model.what}`, figure, atLeast: 2 });
  const ours = set === undefined ? ['–', '–'] : [count(set), ratio(set / Math.max(arrays, bytes))];
  const spread = Math.max(...samples.map((sample) => sample.spread));
  const rates = [row, cached, figure, arrays, bytes].map((x, i) => (i === 2 ? ratio(x) : count(x)));
  return [model.what, ...rates, ...ours, `±${percent(spread)}`];
}

async function run(bench: Bench): Promise<void> {
  const { client, report, tables } = bench;
  try {
    await installPlpython();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    report.line(`Left out. ${error.message}\n${error.hint}`);
    return;
  }
  await tables.make('fa');
  await createPlpython(client);
  await putLayers(client, linear.name, linearLayers);
  await putLayers(client, mlp.name, mlpLayers);
  const boosted = await trainBoostedTrees(client, 'boosted');
  const rows: string[][] = [];
  for (const model of [linear, mlp, boosted]) rows.push(await measureModel(bench, model));
  const python = ['PL/Python, cached', 'row : cached', 'array_agg', 'bytea'];
  const columns = ['model', 'row path', ...python, 'set path', 'set : best batch', 'spread'];
  report.table(columns, rows);
  report.line('\nRows/s over fa. array_agg: batches of 1024 rows; bytea: array_send, 8192 rows.');
}

export const plpython: Part = { name: 'plpython', run };

/** CREATE TABLE AS with predictions, beside the same with a C function in their place. */
import type { Bench, Part } from '../bench';
import { sumOfFirst } from '../floats';
import { type BenchModel, linear, mlp, trees } from '../models';
import { createAs, createTableSide, hasSetPath, mustBatch, prediction } from '../predictions';
import { count, percent, ratio } from '../report';
import { inTurns } from '../samples';
import { createScanFunctions, scanExpression } from '../sides/scan_functions';

const BATCH = 256;

async function measureModel(bench: Bench, model: BenchModel): Promise<string[]> {
  const { report, tables, options } = bench;
  const ort = await bench.rawOrt(model, 'fr');
  const expected = sumOfFirst(await ort.predictions(`${bench.modelFile(model.name)}.y`));
  const sides = [
    createTableSide(bench, 'C function', scanExpression('fr'), tables.sumOfRows('fr')),
    { name: 'raw', run: () => ort.run(BATCH, tables.rows), expected },
  ];
  const expression = prediction(model.name, 'x');
  if (await hasSetPath(bench)) {
    await mustBatch(bench, createAs(expression));
    sides.push(createTableSide(bench, 'set path', expression, expected));
  }
  const samples = await inTurns(sides, options.cycles);
  await ort.end();
  await bench.client.query('DROP TABLE made');
  for (const { wrong } of samples) if (wrong !== undefined) report.failure(wrong);
  const [scan = 0, raw = 0, set] = samples.map(({ rate }) => rate);
  const spread = percent(Math.max(...samples.map((sample) => sample.spread)));
  const row = [model.what, count(scan), count(raw)];
  if (set === undefined) return [...row, '–', '–', '–', `±${spread}`];
  // Trees are bound by ONNX Runtime, whatever is done with what they say.
  const figure = set / Math.min(scan, raw);
  report.goal({ name: `CREATE TABLE AS : the lower wall, ${model.what}`, figure, atLeast: 0.9 });
  return [...row, count(set), ratio(set / scan), ratio(figure), `±${spread}`];
}

async function run(bench: Bench): Promise<void> {
  await bench.tables.make('fr');
  await createScanFunctions(bench.client);
  const rows: string[][] = [];
  for (const model of [linear, mlp, trees]) rows.push(await measureModel(bench, model));
  const columns = ['model', 'C function', 'raw ORT', 'set path', 'set : C', 'set : min', 'spread'];
  bench.report.table(columns, rows);
  bench.report.line(`\nRows/s of CREATE TABLE AS over fr; raw ORT at batch ${BATCH}, no table.`);
}

export const createTable: Part = { name: 'create-table', run };

/**
 * The set path beside the two walls that it cannot pass, PostgreSQL's scan and ONNX Runtime, and
 * beside the row path.
 */
import type pg from 'pg';
import type { Bench, Part } from '../bench';
import { sumOfFirst } from '../floats';
import { type BenchModel, blocks, linear, mlp, trees } from '../models';
import {
  connectRowPath,
  type Expected,
  hasSetPath,
  rowPathSide,
  setPathSide,
  sumOver,
} from '../predictions';
import { count, percent, ratio } from '../report';
import { inTurns, type Sample, type Side } from '../samples';
import type { RawOrt } from '../sides/raw_ort';
import { createScanFunctions, scanExpression } from '../sides/scan_functions';
import type { TableName } from '../tables';

const CURVE_ROWS = 100_000;
const WIDE_CURVE_ROWS = 8192;

/** Each model, and the tables that it reads. */
const CASES: readonly (readonly [model: BenchModel, tables: readonly TableName[]])[] = [
  [linear, ['fr', 'fa', 'f']],
  [mlp, ['fr', 'fa', 'f']],
  [trees, ['fr', 'fa', 'f']],
  [blocks('block', 1), ['fb']],
];

interface Measured {
  readonly raw: Sample;
  readonly scan: Sample;
  readonly row: Sample;
  /** Where the build has a set path. */
  readonly set: Sample | undefined;
}

/** Rate of the set path over that of the lower wall. */
const ofWall = ({ raw, scan, set }: Measured): number =>
  (set?.rate ?? Number.NaN) / Math.min(raw.rate, scan.rate);

async function measure(
  bench: Bench,
  rowClient: pg.Client,
  raw: { ort: RawOrt; batch: number; expected: Expected },
  model: BenchModel,
  table: TableName,
): Promise<Measured> {
  const { options, report, tables } = bench;
  const { ort, batch, expected } = raw;
  const scanSql = sumOver(scanExpression(table), table);
  const sides: Side[] = [
    { name: 'raw', run: () => ort.run(batch, tables.rowsOf(table)), expected },
    {
      name: `scan of ${table}`,
      run: () => bench.timedSum(scanSql),
      expected: tables.sumOfRows(table),
    },
    rowPathSide(bench, rowClient, model.name, table, expected),
  ];
  if (await hasSetPath(bench)) {
    sides.push(await setPathSide(bench, model.name, table, expected));
  }
  const samples = await inTurns(sides, options.cycles);
  for (const { wrong } of samples) {
    if (wrong !== undefined) report.failure(`${model.name}, ${wrong}`);
  }
  const [rawSample, scan, row, set] = samples as [Sample, Sample, Sample, Sample | undefined];
  return { raw: rawSample, scan, row, set };
}

function rowOf(model: BenchModel, table: string, batch: number, measured: Measured): string[] {
  const { raw, scan, row, set } = measured;
  const spread = Math.max(...[raw, scan, row, set].map((sample) => sample?.spread ?? 0));
  return [
    model.what,
    table,
    count(raw.rate),
    String(batch),
    count(scan.rate),
    count(row.rate),
    set === undefined ? '–' : count(set.rate),
    set === undefined ? '–' : ratio(ofWall(measured)),
    set === undefined ? '–' : ratio(set.rate / row.rate),
    `±${percent(spread)}`,
  ];
}

function setGoals(bench: Bench, model: BenchModel, all: readonly Measured[]): void {
  if (all.some(({ set }) => set === undefined)) return;
  bench.report.goal({
    name: `set path : min(scan, raw ORT), ${model.what}`,
    figure: Math.min(...all.map(ofWall)),
    atLeast: 0.9,
  });
  bench.report.goal({
    name: `set path : row path, ${model.what}`,
    figure: Math.min(...all.map(({ set, row }) => (set?.rate ?? 0) / row.rate)),
    atLeast: 50,
  });
}

/** Measures one model over its tables; returns the lines of the table. */
async function measureModel(
  bench: Bench,
  rowClient: pg.Client,
  model: BenchModel,
  names: readonly TableName[],
  curves: string[],
): Promise<string[][]> {
  const { tables } = bench;
  await tables.make(...names);
  const [first = 'fr'] = names;
  const ort = await bench.rawOrt(model, first);
  const expected = sumOfFirst(await ort.predictions(`${bench.modelFile(model.name)}.y`));
  const curveRows = Math.min(first === 'fb' ? WIDE_CURVE_ROWS : CURVE_ROWS, tables.rowsOf(first));
  const curve = [...(await ort.curve(curveRows))];
  const [batch] = curve.reduce((best, one) => (one[1] > best[1] ? one : best));
  curves.push(
    `${model.what}: ${curve.map(([size, rate]) => `${size} ${count(rate)}`).join(' · ')}`,
  );
  const all: Measured[] = [];
  for (const table of names) {
    all.push(await measure(bench, rowClient, { ort, batch, expected }, model, table));
  }
  await ort.end();
  setGoals(bench, model, all);
  return names.map((table, i) => rowOf(model, table, batch, all[i] as Measured));
}

async function run(bench: Bench): Promise<void> {
  const { report } = bench;
  await createScanFunctions(bench.client);
  const rowClient = await connectRowPath(bench);
  const rows: string[][] = [];
  const curves: string[] = [];
  for (const [model, tables] of CASES) {
    rows.push(...(await measureModel(bench, rowClient, model, tables, curves)));
  }
  await rowClient.end();
  const columns = ['model', 'table', 'raw ORT', 'batch', 'C scan', 'row path', 'set path'];
  report.table([...columns, 'set : min', 'set : row', 'spread'], rows);
  report.line('\nRows/s. set : min is over the lower of raw ORT, at its best batch, and C scan.');
  report.line(`Raw ORT by batch, rows/s: ${curves.join('; ')}.`);
}

export const setPath: Part = { name: 'set-path', run };

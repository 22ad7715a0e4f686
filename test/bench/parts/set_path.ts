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
  prediction,
  rowPathSide,
  setPathSide,
  sumOver,
} from '../predictions';
import { type ProcessorTime, processorTime } from '../processor_time';
import { count, percent, ratio } from '../report';
import { inTurns, type Sample, type Side } from '../samples';
import type { RawOrt } from '../sides/raw_ort';
import { createScanFunctions, scanExpression } from '../sides/scan_functions';
import { INPUT, type TableName } from '../tables';

const CURVE_ROWS = 100_000;
const WIDE_CURVE_ROWS = 8192;

/** Each model, and the tables that it reads. */
const CASES: readonly (readonly [model: BenchModel, tables: readonly TableName[]])[] = [
  [linear, ['fr', 'fa', 'f']],
  [mlp, ['fr', 'fa', 'f']],
  [trees, ['fr', 'f']],
  [blocks('block', 1), ['fb']],
];

interface Measured {
  readonly raw: Sample;
  readonly scan: Sample;
  readonly row: Sample;
  /** Where the build has a set path. */
  readonly set: Sample | undefined;
  /** Processor time, in microseconds a row. */
  readonly rawTime: number;
  readonly scanTime: ProcessorTime;
  readonly setTime: ProcessorTime | undefined;
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
  const sql = sumOver(prediction(model.name, INPUT[table]), table);
  const time = (of: string) => processorTime(bench.client, of, tables.rowsOf(table));
  const rawTime = await ort.processorTime(batch, tables.rowsOf(table));
  const scanTime = await time(scanSql);
  const setTime = set && (await time(sql));
  return { raw: rawSample, scan, row, set, rawTime, scanTime, setTime };
}

function setCells(measured: Measured): string[] {
  const { row, set } = measured;
  if (set === undefined) return Array(3).fill('–');
  return [count(set.rate), ratio(ofWall(measured)), ratio(set.rate / row.rate)];
}

function timesOf(model: BenchModel, table: string, measured: Measured): string[] {
  const { rawTime, scanTime, setTime } = measured;
  const times = [rawTime, scanTime.backend, setTime?.backend, setTime?.server];
  return [model.what, table, ...times.map((time) => time?.toFixed(2) ?? '–')];
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
    ...setCells(measured),
    `±${percent(spread)}`,
  ];
}

const GOAL_OF_WALL = 0.9;
const GOAL_OF_ROW_PATH = 50;

/** The goals of a model, the worst of its tables against each. */
function setGoals(bench: Bench, model: BenchModel, all: readonly Measured[]): void {
  if (all.some(({ set }) => set === undefined)) return;
  const worst = (figure: (one: Measured) => number): number => Math.min(...all.map(figure));
  const name = `set path : min(scan, raw ORT), ${model.what}`;
  bench.report.goal({ name, figure: worst(ofWall), atLeast: GOAL_OF_WALL });
  // Where ONNX Runtime itself is not so much faster, nothing over it can be.
  const reach = worst(({ raw, scan, row }) => Math.min(raw.rate, scan.rate) / row.rate);
  bench.report.goal({
    name: `set path : row path, ${model.what} (the wall: ${ratio(reach)})`,
    figure: worst(({ set, row }) => (set?.rate ?? 0) / row.rate),
    atLeast: GOAL_OF_ROW_PATH,
  });
}

/** What the tables of a run are filled with, model after model. */
interface Lines {
  readonly rates: string[][];
  readonly times: string[][];
  readonly curves: string[];
}

/** Measures one model over its tables. */
async function measureModel(
  bench: Bench,
  rowClient: pg.Client,
  model: BenchModel,
  names: readonly TableName[],
  lines: Lines,
): Promise<void> {
  const { tables } = bench;
  await tables.make(...names);
  const [first = 'fr'] = names;
  const ort = await bench.rawOrt(model, first);
  const expected = sumOfFirst(await ort.predictions(`${bench.modelFile(model.name)}.y`));
  const curveRows = Math.min(first === 'fb' ? WIDE_CURVE_ROWS : CURVE_ROWS, tables.rowsOf(first));
  const curve = [...(await ort.curve(curveRows))];
  const [batch] = curve.reduce((best, one) => (one[1] > best[1] ? one : best));
  const points = curve.map(([size, rate]) => `${size} ${count(rate)}`);
  lines.curves.push(`${model.what}: ${points.join(' · ')}`);
  const all: Measured[] = [];
  for (const table of names) {
    const measured = await measure(bench, rowClient, { ort, batch, expected }, model, table);
    all.push(measured);
    lines.rates.push(rowOf(model, table, batch, measured));
    lines.times.push(timesOf(model, table, measured));
  }
  await ort.end();
  setGoals(bench, model, all);
}

async function run(bench: Bench): Promise<void> {
  const { report } = bench;
  await createScanFunctions(bench.client);
  const rowClient = await connectRowPath(bench);
  const lines: Lines = { rates: [], times: [], curves: [] };
  for (const [model, tables] of CASES) {
    await measureModel(bench, rowClient, model, tables, lines);
  }
  await rowClient.end();
  const rates = ['raw ORT', 'batch', 'C scan', 'row path', 'set path', 'set : min', 'set : row'];
  report.table(['model', 'table', ...rates, 'spread'], lines.rates);
  report.line('\nRows/s. set : min is over the lower of raw ORT, at its best batch, and C scan.');
  report.line(`Raw ORT by batch, rows/s: ${lines.curves.join('; ')}.\n`);
  const times = ['raw ORT', 'C scan', 'set path, backend', 'set path, server'];
  report.table(['processor time, us a row', 'table', ...times], lines.times);
}

export const setPath: Part = { name: 'set-path', run };

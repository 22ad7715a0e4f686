/** The set path beside a Node program that copies rows out and predictions back in. */
import type { Bench, Part } from '../bench';
import { sumOfFirst } from '../floats';
import { type BenchModel, mlp, trees } from '../models';
import { hasSetPath, setPathSide } from '../predictions';
import { count, percent, ratio } from '../report';
import { inTurns, type Side } from '../samples';
import { NodeCopy } from '../sides/node_copy';

async function measureModel(bench: Bench, model: BenchModel, goal?: number): Promise<string[]> {
  const { report, options } = bench;
  const raw = await bench.rawOrt(model, 'fr');
  const expected = sumOfFirst(await raw.predictions(`${bench.modelFile(model.name)}.y`));
  await raw.end();
  const node = await NodeCopy.start(bench, bench.modelFile(model.name));
  const sides: Side[] = [{ name: 'Node', run: () => node.run('fr'), expected }];
  if (await hasSetPath(bench)) sides.push(await setPathSide(bench, model.name, 'fr', expected));
  const samples = await inTurns(sides, options.cycles);
  await node.end();
  for (const { wrong } of samples) if (wrong !== undefined) report.failure(wrong);
  const [copy, set] = samples;
  const spread = percent(Math.max(...samples.map((sample) => sample.spread)));
  const figure = (set?.rate ?? Number.NaN) / (copy?.rate ?? Number.NaN);
  if (set !== undefined && goal !== undefined) {
    report.goal({ name: `set path : Node with COPY, ${model.what}`, figure, atLeast: goal });
  }
  const ours = set === undefined ? ['–', '–'] : [count(set.rate), ratio(figure)];
  return [model.what, count(copy?.rate ?? 0), ...ours, `±${spread}`];
}

async function run(bench: Bench): Promise<void> {
  await bench.tables.make('fr');
  const rows = [await measureModel(bench, mlp, 8), await measureModel(bench, trees)];
  bench.report.table(['model', 'Node with COPY', 'set path', 'set : Node', 'spread'], rows);
  bench.report.line('\nRows/s over fr. Node: binary COPY out, batches of 8192, binary COPY in.');
}

export const nodeCopy: Part = { name: 'node-copy', run };

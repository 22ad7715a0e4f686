/** The set path beside a Node program that copies rows out and predictions back in. */
import type { Bench, Part } from '../bench';
import { sumOfFirst } from '../floats';
import { mlp } from '../models';
import { createTableSide, hasSetPath, prediction, setPathSide } from '../predictions';
import { count, percent, ratio } from '../report';
import { inTurns, type Side } from '../samples';
import { NodeCopy } from '../sides/node_copy';

const GOAL = 8;

async function run(bench: Bench): Promise<void> {
  const { report, options, tables } = bench;
  await tables.make('fr');
  const raw = await bench.rawOrt(mlp, 'fr');
  const expected = sumOfFirst(await raw.predictions(`${bench.modelFile(mlp.name)}.y`));
  await raw.end();
  const node = await NodeCopy.start(bench, bench.modelFile(mlp.name));
  const sides: Side[] = [{ name: 'Node', run: () => node.run('fr'), expected }];
  if (await hasSetPath(bench)) {
    sides.push(await setPathSide(bench, mlp.name, 'fr', expected));
    const expression = prediction(mlp.name, 'x');
    sides.push(createTableSide(bench, 'CREATE TABLE AS', expression, expected));
  }
  const samples = await inTurns(sides, options.cycles);
  await node.end();
  for (const { wrong } of samples) if (wrong !== undefined) report.failure(wrong);
  const [copy = 0, set, create] = samples.map(({ rate }) => rate);
  const spread = percent(Math.max(...samples.map((sample) => sample.spread)));
  const ours: string[] = [];
  if (set !== undefined && create !== undefined) {
    const figure = set / copy;
    report.goal({ name: `set path : Node with COPY, ${mlp.what}`, figure, atLeast: GOAL });
    ours.push(count(set), ratio(figure), count(create), ratio(create / copy));
  }
  const columns = ['set path, sum', ': Node', 'set path, CREATE TABLE AS', ': Node'];
  report.table(
    ['model', 'Node with COPY', ...columns, 'spread'],
    [[mlp.what, count(copy), ...(ours.length > 0 ? ours : Array(4).fill('–')), `±${spread}`]],
  );
  report.line('\nRows/s over fr. Node: binary COPY out, batches of 8192, binary COPY in.');
}

export const nodeCopy: Part = { name: 'node-copy', run };

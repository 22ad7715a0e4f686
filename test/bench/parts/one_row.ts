/** What one row costs on its way to a model and back, way by way. */
import type { Bench, Part } from '../bench';
import { linear, linearLayers, WIDTH } from '../models';
import { connectRowPath, rowPathRows } from '../predictions';
import { count } from '../report';
import { inTurns } from '../samples';

/** Ways of a row, each as an expression over it. */
const WAYS: Readonly<Record<string, string>> = {
  'scan alone': 'x',
  'ai_inference(model, real[32])': "ai_inference('linear', x)",
  '_echo(128 bytes)': 'ai_runtime._echo(bytes)',
  'the same in plpgsql': 'score_in_plpgsql(x)',
};

/** The linear model as a loop. */
function plpgsql(): string {
  const { weights, bias } = linearLayers[0] as (typeof linearLayers)[0];
  return `CREATE OR REPLACE FUNCTION score_in_plpgsql(x real[]) RETURNS real
    LANGUAGE plpgsql IMMUTABLE AS $$
    DECLARE
      w CONSTANT real[] := '{${[...weights].join(',')}}';
      z real := ${bias[0]};
    BEGIN
      FOR i IN 1 .. ${WIDTH} LOOP
        z := z + w[i] * x[i];
      END LOOP;
      RETURN z;
    END $$`;
}

async function run(bench: Bench): Promise<void> {
  const { report, tables } = bench;
  await tables.make('fr');
  await bench.addModel(linear.name, linear.onnx);
  await bench.client.query(plpgsql());
  const client = await connectRowPath(bench);
  const rows = rowPathRows(bench, 'fr');
  const source = `(SELECT *, decode(repeat('00', ${4 * WIDTH}), 'hex') AS bytes
    FROM fr OFFSET 0 LIMIT ${rows}) AS r`;
  const samples = await inTurns(
    Object.entries(WAYS).map(([name, expression]) => ({
      name,
      run: () => bench.timed(`SELECT count(${expression}) FROM ${source}`, rows, client),
    })),
    bench.options.cycles,
  );
  await client.end();
  const us = samples.map(({ rate }) => 1e6 / rate);
  const net = us.map((cost) => cost - (us[0] ?? 0));
  const names = Object.keys(WAYS);
  report.table(
    ['way', 'us a row', 'rows/s', 'net us', 'ours : it'],
    names.map((name, i) => [
      name,
      (us[i] ?? 0).toFixed(2),
      count(samples[i]?.rate ?? 0),
      (net[i] ?? 0).toFixed(2),
      i === 0 ? '' : ((net[i] ?? 0) / (net[1] ?? 0)).toFixed(2),
    ]),
  );
  report.line('\nOne by one. net: without the scan; ours : it: speed of ai_inference over its.');
}

export const oneRow: Part = { name: 'one-row', run };

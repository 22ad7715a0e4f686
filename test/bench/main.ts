/**
 * `npm run bench [-- PART ...] [--rows=N] [--cycles=N] [--seconds=N]`: measures ai_runtime beside
 * what bounds it and what one would do without it. Prints tables, and the goals beside them.
 */
import { orExplain } from '../../build/setup/all';
import { SetupError } from '../../build/setup/step';
import { Bench, type Part } from './bench';
import { BenchCluster } from './cluster';
import { load, machine, othersShare } from './machine';
import { type Options, readOptions } from './options';
import { clients } from './parts/clients';
import { createTable } from './parts/create_table';
import { firstCall } from './parts/first_call';
import { jsonb } from './parts/jsonb';
import { nodeCopy } from './parts/node_copy';
import { oneRow } from './parts/one_row';
import { planTime } from './parts/plan_time';
import { plpython } from './parts/plpython';
import { plv8Start } from './parts/plv8_start';
import { setPath } from './parts/set_path';
import { taggedRows } from './parts/tagged_rows';
import { count, percent, Report } from './report';

const PARTS: readonly Part[] = [
  setPath,
  createTable,
  nodeCopy,
  plpython,
  clients,
  jsonb,
  planTime,
  oneRow,
  firstCall,
  plv8Start,
  taggedRows,
];

/** The parts that were named, or all that a full run has. */
function chosen({ parts }: Options): readonly Part[] {
  const unknown = parts.filter((name) => !PARTS.some((part) => part.name === name));
  if (unknown.length > 0) {
    const names = PARTS.map(({ name }) => name).join(', ');
    throw new SetupError(`error: there is no part ${unknown.join(', ')}`, `the parts are ${names}`);
  }
  return PARTS.filter(({ name, byHand }) => (parts.length > 0 ? parts.includes(name) : !byHand));
}

async function versions(bench: Bench): Promise<string> {
  const { rows } = await bench.client.query(
    `SELECT current_setting('server_version') AS pg, version, ort_version FROM ai_stat_server`,
  );
  const { pg, version, ort_version: ort } = rows[0];
  const postgres = pg.split(' ')[0];
  const node = process.versions.node;
  return `PostgreSQL ${postgres}, Node ${node}, ONNX Runtime ${ort}, ai_runtime ${version}`;
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  const parts = chosen(options);
  const report = new Report();
  const started = performance.now();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      BenchCluster.stopAll();
      process.exit(1);
    });
  }
  const others = percent(await othersShare());
  report.line(machine());
  const bench = await Bench.start(options, report);
  try {
    report.line(await versions(bench));
    report.line(`${count(options.rows)} rows; load ${load()}, others use ${others} of the cores`);
    for (const part of parts) {
      const begun = performance.now();
      report.heading(part.name);
      // What a part cannot do must not cost the figures of the others.
      await part.run(bench).catch((error) => {
        report.failure(`${part.name}: ${error instanceof Error ? error.stack : error}`);
      });
      const seconds = ((performance.now() - begun) / 1000).toFixed(0);
      report.line(`\n${seconds} s, load ${load()}`);
    }
    if (!report.end()) process.exitCode = 1;
    report.line(`\n${((performance.now() - started) / 1000).toFixed(0)} s in all`);
  } finally {
    await bench.end();
  }
}

await orExplain(main);

/**
 * What the first call of TypeScript in a connection costs, by what JavaScript starts from, and the
 * private memory of the session after it.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import { state } from '../../../build/paths';
import { upstreamPlv8 } from '../../../build/setup/native';
import type { Bench, Part } from '../bench';
import { BenchCluster } from '../cluster';
import { ms } from '../report';
import { median } from '../samples';

const CONNECTIONS = 21;

/** The goals of issue 3. */
const GOAL_MS = 5;
const GOAL_KB = 6 * 1024;

const CALLS: readonly string[] = ['SELECT start_only()', "SELECT ai_drop_model('absent', true)"];

/** Where JavaScript starts from: the file named in a session, or the server's own. */
interface Start {
  readonly name: string;
  readonly connect: () => Promise<pg.Client>;
  readonly file?: string;
}

interface FirstCall {
  readonly ms: number;
  /** Of them, what the backend's main thread ran: the figure that a busy machine spares. */
  readonly cpuMs: number;
  readonly anonymousKb: number;
}

/** Milliseconds that the main thread of a backend has run. */
function cpuMsOf(client: pg.Client): number {
  const { processID } = client as pg.Client & { processID: number };
  return Number(readFileSync(`/proc/${processID}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

async function measureOnce(bench: Bench, start: Start, sql: string): Promise<FirstCall> {
  const client = await start.connect();
  if (start.file !== undefined) await client.query(`SET plv8.snapshot = '${start.file}'`);
  const before = cpuMsOf(client);
  const { seconds } = await bench.timed(sql, 1, client);
  const cpuMs = cpuMsOf(client) - before;
  const { rows } = await client.query("SELECT pg_read_file('/proc/self/smaps_rollup') AS text");
  await client.end();
  const anonymousKb = Number(/^Anonymous:\s+(\d+) kB$/m.exec(rows[0].text)?.[1]);
  return { ms: seconds * 1000, cpuMs, anonymousKb };
}

/** A function on the bundle that runs nothing of it: the start alone. */
async function makeStartOnly(client: pg.Client): Promise<void> {
  const { rows } = await client.query(
    `SELECT (regexp_match(prosrc, 'plv8 bundle (\\w+)'))[1] AS bundle FROM pg_proc
      WHERE proname = 'ai_drop_model'`,
  );
  const { bundle } = rows[0];
  await client.query(`CREATE OR REPLACE FUNCTION start_only() RETURNS int LANGUAGE plv8 AS $$
    'plv8 bundle ${bundle}';
    if (!globalThis.${bundle}) plv8.find_function('ai_runtime._load_bundle')();
    return Object.keys(globalThis.${bundle}).length $$`);
}

/** A copy of the snapshot without a usable blob, so that code caches are what is left. */
function damagedCopy(bench: Bench): string {
  const bytes = readFileSync(path.join(state().pkglib, 'plv8.snapshot'));
  const middle = Math.floor(bytes.length / 2);
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle);
  const file = path.join(bench.folder, 'damaged.snapshot');
  writeFileSync(file, bytes);
  chmodSync(file, 0o644);
  return file;
}

/** A cluster that preloads nothing, with the same database. */
async function plainCluster(database: string): Promise<BenchCluster> {
  const cluster = BenchCluster.start('plain', { preload: false });
  const postgres = await cluster.connect('postgres');
  await postgres.query(`CREATE DATABASE ${database}`);
  await postgres.end();
  const client = await cluster.connect(database);
  await client.query('SET client_min_messages = warning; CREATE EXTENSION ai_runtime CASCADE');
  await makeStartOnly(client);
  await client.end();
  return cluster;
}

async function measure(bench: Bench, starts: readonly Start[]): Promise<void> {
  const rows: string[][] = [];
  for (const start of starts) {
    for (const sql of CALLS) {
      const calls: FirstCall[] = [];
      for (let i = 0; i < CONNECTIONS; i += 1) calls.push(await measureOnce(bench, start, sql));
      const times = calls.map((call) => call.ms);
      const kb = median(calls.map((call) => call.anonymousKb));
      rows.push([
        `${start.name}: ${sql}`,
        ms(median(times)),
        ms(Math.min(...times)),
        ms(median(calls.map((call) => call.cpuMs))),
        kb.toFixed(0),
      ]);
      if (start !== starts[0]) continue;
      bench.report.goal({ name: `first ${sql}, ms`, figure: median(times), atMost: GOAL_MS });
      bench.report.goal({ name: 'private memory after it, kB', figure: kb, atMost: GOAL_KB });
    }
  }
  const columns = [
    `first call in ${CONNECTIONS} new connections`,
    'ms',
    'best',
    'CPU, ms',
    'private, kB',
  ];
  bench.report.table(columns, rows);
}

async function run(bench: Bench): Promise<void> {
  if (upstreamPlv8()) return bench.report.line('the system has upstream plv8, ours is not built');
  await makeStartOnly(bench.client);
  const plain = await plainCluster(bench.database);
  const connect = (): Promise<pg.Client> => bench.connect();
  try {
    await measure(bench, [
      { name: 'snapshot', connect },
      { name: 'code cache', connect, file: damagedCopy(bench) },
      { name: 'source', connect, file: '' },
      { name: 'snapshot, not preloaded', connect: () => plain.connect(bench.database) },
    ]);
  } finally {
    plain.stop();
  }
}

export const plv8Start: Part = { name: 'plv8-start', run };

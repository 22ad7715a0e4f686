/** pgbench, run as a process beside the server; throughput and percentiles of what it did. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BenchCluster } from '../cluster';

export interface PgbenchOptions {
  readonly database: string;
  readonly clients: number;
  readonly seconds: number;
  readonly protocol: 'simple' | 'prepared';
  /** Transactions a second to start, all clients together; else each starts when one ended. */
  readonly rate?: number;
  /** Whether each transaction's latency is wanted; writing it down costs a little. */
  readonly log?: boolean;
  /** A script, or pgbench's own one that selects a row by its key. */
  readonly script?: string;
}

export interface PgbenchResult {
  readonly tps: number;
  /** Latencies in ms, sorted, where they were wanted. */
  readonly latencies: Float64Array;
}

const THREADS = 2;

export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The third number of each line of pgbench's logs: microseconds of a transaction. */
function readLatencies(folder: string): Float64Array {
  const all: number[] = [];
  for (const name of readdirSync(folder).filter((one) => one.startsWith('log'))) {
    const lines = readFileSync(path.join(folder, name), 'utf8').trimEnd().split('\n');
    for (const line of lines) all.push(Number(line.split(' ')[2]) / 1000);
  }
  return Float64Array.from(all).sort();
}

/** Runs pgbench for some seconds. */
export function pgbench(cluster: BenchCluster, options: PgbenchOptions): PgbenchResult {
  const { clients, database, protocol, rate, script, seconds } = options;
  const folder = cluster.scratch('pgbench');
  const args = ['-n', '-M', protocol, '-c', `${clients}`, '-j', `${Math.min(THREADS, clients)}`];
  args.push('-T', `${seconds}`);
  if (options.log) args.push('-l', '--log-prefix', path.join(folder, 'log'));
  if (rate !== undefined) args.push('-R', `${Math.round(rate)}`);
  if (script === undefined) {
    args.push('-S');
  } else {
    writeFileSync(path.join(folder, 'script.sql'), script);
    args.push('-f', path.join(folder, 'script.sql'));
  }
  const printed = cluster.program('pgbench', ...args, database);
  const tps = Number(/^tps = ([\d.]+)/m.exec(printed)?.[1]);
  const failed = /^number of failed transactions: (\d+)/m.exec(printed)?.[1] ?? '0';
  if (!(tps > 0) || failed !== '0') throw new Error(`pgbench went wrong:\n${printed}`);
  return { tps, latencies: readLatencies(folder) };
}

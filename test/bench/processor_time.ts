/**
 * Processor time of the two processes on the way of a row: the backend and the server. Unlike
 * rows a second it hardly depends on what else the machine does.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type pg from 'pg';

/** Seconds that all threads of a process have had a processor. */
function processorSeconds(pid: number): number {
  let ns = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  }
  return ns / 1e9;
}

export async function backendSeconds(client: pg.Client): Promise<number> {
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  return processorSeconds(rows[0].pid);
}

export interface ProcessorTime {
  readonly backend: number;
  readonly server: number;
}

async function both(client: pg.Client): Promise<ProcessorTime> {
  const { rows } = await client.query('SELECT pid FROM ai_stat_server');
  return { backend: await backendSeconds(client), server: processorSeconds(rows[0].pid) };
}

/** Microseconds a row of a statement over so many rows, in each process. */
export async function processorTime(
  client: pg.Client,
  sql: string,
  rows: number,
): Promise<ProcessorTime> {
  const before = await both(client);
  await client.query(sql);
  const after = await both(client);
  const us = (seconds: number): number => (seconds * 1e6) / rows;
  return { backend: us(after.backend - before.backend), server: us(after.server - before.server) };
}

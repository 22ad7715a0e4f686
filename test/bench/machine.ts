/** What the figures were taken on, and how busy it was. */
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

/** The machine and the date, in a line. */
export function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = Math.round(totalmem() / 2 ** 30);
  const date = new Date().toISOString().slice(0, 16).replace('T', ' ');
  return `${date} UTC; ${availableParallelism()} cores of ${model}, ${memory} GiB`;
}

/** The load of the last minute. */
export function load(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? '';
}

/** Processor time since boot, in units of one processor: all of it, and what was not idle. */
function processorTimes(): { all: number; busy: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n')[0] ?? '';
  const times = line.split(/\s+/).slice(1, 9).map(Number);
  const all = times.reduce((sum, time) => sum + time, 0);
  return { all, busy: all - (times[3] ?? 0) - (times[4] ?? 0) };
}

const PAUSE_MS = 500;

/** The share of the processors that others use while we do nothing. */
export async function othersShare(): Promise<number> {
  const before = processorTimes();
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  const after = processorTimes();
  return (after.busy - before.busy) / Math.max(after.all - before.all, 1);
}

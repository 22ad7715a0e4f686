/**
 * What the server says to its supervisor: one line each on stdout, at most 8 kB.
 *
 * Lines are written with one synchronous call, so that none is lost when the process ends and
 * none is cut in two by another.
 */
import { writeSync } from 'node:fs';

export const LOG_LEVELS = ['debug', 'info', 'warning', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const MAX_LINE_BYTES = 8000;
const STDOUT = 1;

let threshold: LogLevel = 'info';

/** Drops what is less urgent than this from now on. */
export function setLogLevel(level: LogLevel): void {
  threshold = level;
}

/** Numbers and words of a line, in the order given: `ready protocol=1 pid=7`. */
export function say(word: string, fields: Record<string, string | number>): void {
  const text = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
  writeLine([word, ...text].join(' '));
}

/** A line for PostgreSQL's log. */
export function log(level: LogLevel, text: string): void {
  if (LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(threshold)) {
    writeLine(`log ${level} ${text}`);
  }
}

function writeLine(text: string): void {
  const line = Buffer.from(text.replace(/[\r\n\0]+/g, ' | '));
  try {
    writeSync(STDOUT, Buffer.concat([line.subarray(0, MAX_LINE_BYTES), Buffer.from('\n')]));
  } catch {
    // The supervisor is gone or does not read: its death is seen elsewhere.
  }
}

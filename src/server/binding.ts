/**
 * The typed face of the C++ addon (native/server/src/addon.cc), which stands beside main.js.
 *
 * No request passes through JavaScript: the addon's own threads serve the socket.
 */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { LogLevel } from './log.js';

export interface StartOptions {
  socketPath: string;
  version: string;
  onnxruntimePath: string;
  intraOpThreads: number;
  threads: number;
  executionProviders: string[];
  sessionMemoryLimitBytes: number;
  maxQueuedRequests: number;
  dynamicBatching: boolean;
  maxBatchSize: number;
  maxQueueDelayUs: number;
  delayScheduler: number;
  maxSpinUs: number;
}

export interface ServerStats {
  /** Moves while the thread that serves the socket is alive. */
  ioTick: number;
  sessions: number;
  sessionBytes: number;
  connections: number;
  inferenceCount: number;
  queued: number;
}

/** What start() throws. */
export interface StartError extends Error {
  code: string;
  detail: string;
  hint: string;
}

export interface Binding {
  /** Returns when clients can connect; throws a StartError. */
  start(options: StartOptions): { onnxruntimeVersion: string };
  stats(): ServerStats;
  /** The lines since the last call. */
  takeLog(): { level: LogLevel; text: string }[];
  /** Drains for at most this long; false: a thread is still busy, only exit() helps. */
  stop(drainMs: number): boolean;
  /** Ends the process at once. */
  exit(code: number): never;
}

/** Loads the addon that lies in this folder. */
export function loadBinding(folder: string): Binding {
  const path = join(folder, 'ai_runtime_server.node');
  return createRequire(path)(path) as Binding;
}

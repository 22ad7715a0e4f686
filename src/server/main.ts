/**
 * The inference server's process: reads the options, starts the addon, tells the supervisor how
 * it is, and ends when told to or when the supervisor is gone.
 *
 * Must never touch a request: one slow JavaScript turn would stop every client.
 */
import { join } from 'node:path';
import { type Binding, loadBinding, type StartError } from './binding.js';
import { log, say, setLogLevel } from './log.js';
import { parseOptions, type ServerOptions } from './options.js';

declare const AI_RUNTIME_VERSION: string;

const PROTOCOL_VERSION = 1;
const HEARTBEAT_MS = 1000;
const DRAIN_MS = 2000;

/** True while the process that started this one is alive and still its parent. */
function hasSupervisor(pid: number): boolean {
  return pid === 0 || process.ppid === pid;
}

function passLog(binding: Binding): void {
  for (const line of binding.takeLog()) {
    log(line.level, line.text);
  }
}

/** Tells the numbers unless the thread that serves the socket stands still. */
function beat(binding: Binding, lastTick: number): number {
  passLog(binding);
  const stats = binding.stats();
  if (stats.ioTick !== lastTick) {
    say('heartbeat', {
      rss_bytes: process.memoryUsage.rss(),
      sessions: stats.sessions,
      session_bytes: stats.sessionBytes,
      connections: stats.connections,
      inference_count: stats.inferenceCount,
      queued: stats.queued,
    });
  }
  return stats.ioTick;
}

function stop(binding: Binding, reason: string): never {
  passLog(binding);
  log('info', `stopping: ${reason}`);
  binding.stop(DRAIN_MS);
  return binding.exit(0);
}

function run(options: ServerOptions, binding: Binding): void {
  const { logLevel, supervisorPid, ...rest } = options;
  setLogLevel(logLevel);
  const { onnxruntimeVersion } = binding.start({
    ...rest,
    version: AI_RUNTIME_VERSION,
    onnxruntimePath: join(__dirname, 'libonnxruntime.so.1'),
  });
  process.on('SIGTERM', () => stop(binding, 'SIGTERM'));
  process.on('SIGINT', () => stop(binding, 'SIGINT'));
  process.on('SIGHUP', () => log('debug', 'SIGHUP ignored: settings are given at the start'));
  say('ready', {
    protocol: PROTOCOL_VERSION,
    version: AI_RUNTIME_VERSION,
    ort: onnxruntimeVersion,
    pid: process.pid,
  });
  let lastTick = beat(binding, -1);
  setInterval(() => {
    if (!hasSupervisor(supervisorPid)) {
      stop(binding, 'the supervisor is gone');
    }
    lastTick = beat(binding, lastTick);
  }, HEARTBEAT_MS);
}

try {
  run(parseOptions(process.argv.slice(2), process.env), loadBinding(__dirname));
} catch (error) {
  const { message, detail, hint } = error as StartError;
  log('error', `cannot start: ${[message, detail, hint].filter(Boolean).join(' | ')}`);
  process.exitCode = 1;
}

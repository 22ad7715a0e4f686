/**
 * The command line of the server, as the supervisor writes it: `--name value` pairs.
 *
 * Every option is checked here, so that the addon below takes them as they are. A wrong one is
 * told in a sentence that names it; the supervisor puts it into PostgreSQL's log.
 */
import { LOG_LEVELS, type LogLevel } from './log.js';

export interface ServerOptions {
  socketPath: string;
  intraOpThreads: number;
  /** 0: one for each core. */
  threads: number;
  executionProviders: string[];
  /** 0: no limit. */
  sessionMemoryLimitBytes: number;
  maxQueuedRequests: number;
  /** Whether executions hold rows of several requests, and requests take several executions. */
  dynamicBatching: boolean;
  /** The most rows of an execution that the server puts together. */
  maxBatchSize: number;
  /** How long a request waits for others. */
  maxQueueDelayUs: number;
  /** For tests, from the environment: no inference runs before so many requests wait. */
  delayScheduler: number;
  maxSpinUs: number;
  logLevel: LogLevel;
  /** 0: nobody is watched. */
  supervisorPid: number;
}

const DEFAULTS: ServerOptions = {
  socketPath: '',
  intraOpThreads: 1,
  threads: 0,
  executionProviders: ['cpu'],
  sessionMemoryLimitBytes: 0,
  maxQueuedRequests: 1024,
  dynamicBatching: true,
  maxBatchSize: 1024,
  maxQueueDelayUs: 0,
  delayScheduler: 0,
  maxSpinUs: 100,
  logLevel: 'info',
  supervisorPid: 0,
};

const EXECUTION_PROVIDERS = ['cpu', 'cuda'];

type Reader = (options: ServerOptions, value: string, name: string) => void;

function integer(key: keyof ServerOptions, min: number, max: number): Reader {
  return (options, value, name) => {
    const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isSafeInteger(number) || number < min || number > max) {
      throw new Error(`${name} must be an integer from ${min} to ${max}, not "${value}"`);
    }
    Object.assign(options, { [key]: number });
  };
}

function readProviders(options: ServerOptions, value: string, name: string): void {
  const providers = value.split(',').map((provider) => provider.trim());
  for (const provider of providers) {
    if (!EXECUTION_PROVIDERS.includes(provider)) {
      const known = EXECUTION_PROVIDERS.join(', ');
      throw new Error(`${name} knows ${known}, not "${provider}"`);
    }
  }
  options.executionProviders = [...new Set(providers)];
}

const READERS: Record<string, Reader> = {
  '--socket-path': (options, value) => {
    options.socketPath = value;
  },
  '--intra-op-threads': integer('intraOpThreads', 1, 1024),
  '--threads': integer('threads', 0, 1024),
  '--execution-providers': readProviders,
  '--session-memory-limit-bytes': integer('sessionMemoryLimitBytes', 0, Number.MAX_SAFE_INTEGER),
  '--max-queued-requests': integer('maxQueuedRequests', 1, 1_000_000),
  '--dynamic-batching': (options, value, name) => {
    if (value !== 'on' && value !== 'off') {
      throw new Error(`${name} must be on or off, not "${value}"`);
    }
    options.dynamicBatching = value === 'on';
  },
  '--max-batch-size': integer('maxBatchSize', 1, 65_536),
  '--max-queue-delay-us': integer('maxQueueDelayUs', 0, 10_000_000),
  '--max-spin-us': integer('maxSpinUs', 0, 10_000),
  '--log-level': (options, value, name) => {
    const level = LOG_LEVELS.find((known) => known === value);
    if (level === undefined) {
      throw new Error(`${name} must be one of ${LOG_LEVELS.join(', ')}, not "${value}"`);
    }
    options.logLevel = level;
  },
  '--supervisor-pid': integer('supervisorPid', 0, 4_194_304),
};

const DELAY_SCHEDULER = 'AI_RUNTIME_DELAY_SCHEDULER';

/** The options that these arguments ask for; throws an Error that names what is wrong. */
export function parseOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): ServerOptions {
  const options: ServerOptions = structuredClone(DEFAULTS);
  for (let i = 0; i < args.length; i += 2) {
    const name = args[i] ?? '';
    const value = args[i + 1];
    const read = READERS[name];
    if (read === undefined) {
      throw new Error(`unknown option "${name}", known are ${Object.keys(READERS).join(' ')}`);
    }
    if (value === undefined) {
      throw new Error(`${name} needs a value`);
    }
    read(options, value, name);
  }
  const delay = environment[DELAY_SCHEDULER];
  if (delay !== undefined) {
    integer('delayScheduler', 0, 1_000_000)(options, delay, DELAY_SCHEDULER);
  }
  if (options.socketPath === '') {
    throw new Error('--socket-path is missing');
  }
  return options;
}

/** The server's command line: what is taken, and what is refused by name. */
import { describe, expect, it } from 'vitest';
import { parseOptions } from '../../src/server/options';

const SOCKET = ['--socket-path', '/run/s'];

describe('parseOptions', () => {
  it('takes what the supervisor writes', () => {
    const args = [
      ...SOCKET,
      ...['--intra-op-threads', '2', '--threads', '0', '--execution-providers', 'cuda,cpu'],
      ...['--session-memory-limit-bytes', '1073741824', '--log-level', 'debug'],
      ...['--dynamic-batching', 'off', '--max-batch-size', '64', '--max-queue-delay-us', '500'],
      ...['--supervisor-pid', '42'],
    ];
    expect(parseOptions(args)).toMatchObject({
      socketPath: '/run/s',
      intraOpThreads: 2,
      threads: 0,
      executionProviders: ['cuda', 'cpu'],
      sessionMemoryLimitBytes: 1073741824,
      logLevel: 'debug',
      dynamicBatching: false,
      maxBatchSize: 64,
      maxQueueDelayUs: 500,
      supervisorPid: 42,
    });
  });

  it('does not let one call change the defaults of the next', () => {
    parseOptions([...SOCKET, '--threads', '7']);
    expect(parseOptions(SOCKET).threads).toBe(0);
  });

  it('holds requests back where the environment of a test says so', () => {
    const environment = { AI_RUNTIME_DELAY_SCHEDULER: '8' };
    expect(parseOptions(SOCKET).delayScheduler).toBe(0);
    expect(parseOptions(SOCKET, environment).delayScheduler).toBe(8);
    expect(() => parseOptions(SOCKET, { AI_RUNTIME_DELAY_SCHEDULER: 'x' })).toThrow('not "x"');
  });

  it.each([
    [[], '--socket-path is missing'],
    [[...SOCKET, '--thread', '1'], 'unknown option "--thread"'],
    [[...SOCKET, '--threads'], '--threads needs a value'],
    [[...SOCKET, '--threads', '-1'], '--threads must be an integer from 0 to 1024, not "-1"'],
    [[...SOCKET, '--threads', '1e3'], 'not "1e3"'],
    [[...SOCKET, '--intra-op-threads', '0'], '--intra-op-threads must be an integer from 1'],
    [[...SOCKET, '--execution-providers', 'cpu,tpu'], 'knows cpu, cuda, not "tpu"'],
    [[...SOCKET, '--dynamic-batching', 'yes'], '--dynamic-batching must be on or off'],
    [[...SOCKET, '--max-batch-size', '0'], '--max-batch-size must be an integer from 1 to 65536'],
    [[...SOCKET, '--log-level', 'loud'], 'must be one of debug, info, warning, error'],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});

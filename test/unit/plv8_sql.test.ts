/** What runs on queries, with a plv8 that answers as the test says: lib/sql.ts and ai_health(). */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { maybeOne, one, rows } from '../../src/plv8/lib/sql';
import { checkHealth } from '../../src/plv8/monitoring/health';

type Answer = (sql: string) => Record<string, unknown>[] | number;

function answerWith(execute: Answer): void {
  vi.stubGlobal('plv8', { execute, version: '0' });
}

afterEach(() => vi.unstubAllGlobals());

describe('queries', () => {
  const columns = { n: 'int4' } as const;

  it('give their rows', () => {
    answerWith(() => [{ n: 1 }, { n: 2 }]);
    expect(rows(columns, 'q').map(({ n }) => n)).toEqual([1, 2]);
  });

  it('give one row, or none where that is allowed', () => {
    answerWith(() => []);
    expect(maybeOne(columns, 'q')).toBeUndefined();
    expect(() => one(columns, 'q')).toThrow('a query returned no row');
  });

  it.each<[string, Answer, RegExp]>([
    ['more rows than one', () => [{ n: 1 }, { n: 2 }], /2 rows, not one/],
    ['a count in place of rows', () => 3, /a count/],
    ['a column of another name', () => [{ m: 1 }], /no column "n"/],
  ])('refuse %s', (_case, answer, message) => {
    answerWith(answer);
    expect(() => one(columns, 'q')).toThrow(message);
  });
});

describe('ai_health()', () => {
  const names = ['preloaded', 'server', 'round trip', 'versions', 'registry', 'models', 'plv8'];

  it('reports every check where nothing works, and raises nothing', () => {
    answerWith(() => {
      throw new Error('broken');
    });
    const checks = [...checkHealth()];
    expect(checks.map(({ name }) => name)).toEqual([...names, 'telemetry']);
    expect(checks.every(({ ok, hint }) => !ok && hint !== null)).toBe(true);
  });

  it('tells the line to add where the library is not preloaded', () => {
    answerWith((sql) => {
      if (!sql.includes('_server_state')) throw new Error('broken');
      return [state({ preloaded: false, state: 'off' })];
    });
    const [first] = checkHealth();
    expect(first).toMatchObject({ name: 'preloaded', ok: false });
    expect(first?.hint).toContain("shared_preload_libraries = 'ai_runtime'");
    expect(first?.hint).toContain('restart');
  });

  it.each([
    [0n, '0 times'],
    [1n, 'once'],
    [2n, '2 times'],
  ])('counts %s restarts in words', (restarts, words) => {
    answerWith((sql) => {
      if (!sql.includes('_server_state')) throw new Error('broken');
      return [state({ restarts })];
    });
    expect([...checkHealth()][1]?.detail).toBe(`running as process 1, restarted ${words}`);
  });

  it('tells why a server is backing off', () => {
    answerWith((sql) => {
      if (!sql.includes('_server_state')) throw new Error('broken');
      return [state({ state: 'backing_off', last_error: 'node is not there' })];
    });
    expect([...checkHealth()][1]).toMatchObject({
      name: 'server',
      ok: false,
      detail: 'backing_off: node is not there',
    });
  });
});

function state(change: Record<string, unknown>): Record<string, unknown> {
  const all = { preloaded: true, state: 'running', pid: 1, restarts: 0n, version: '0.1.0' };
  return { ...all, ort_version: '1', last_error: null, ...change };
}

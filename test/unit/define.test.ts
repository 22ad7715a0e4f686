/** defineFunction(): what tsc refuses (a line so marked fails the build if it passes), results. */
import { describe, expect, it } from 'vitest';
import { defineFunction } from '../../src/plv8/lib/define';

const facts = {
  name: 'ai_sample',
  volatility: 'stable',
  parallel: 'safe',
  security: 'definer',
  comment: 'A sample',
  grants: [],
} as const;

const call = (definition: { invoke(args: never): unknown }, args: object = {}): unknown =>
  definition.invoke(args as never);

describe('types', () => {
  it('makes arguments nullable exactly where the function is not strict', () => {
    const args = { n: 'int4', big: 'int8', list: 'float8[]' } as const;
    defineFunction({ ...facts, args, returns: 'int4', strict: true }, ({ n }) => n + 1);
    defineFunction({ ...facts, args, returns: 'int8', strict: true }, ({ big }) => big + 1n);
    // @ts-expect-error n may be null
    defineFunction({ ...facts, args, returns: 'int4', strict: false }, ({ n }) => n + 1);
    // @ts-expect-error a bigint is no int4
    defineFunction({ ...facts, args, returns: 'int4', strict: true }, ({ big }) => big);
    expect(facts.name).toBe('ai_sample');
  });

  it('takes jsonb as unknown and gives JSON', () => {
    const args = { input: 'jsonb' } as const;
    // @ts-expect-error unknown has no members
    defineFunction({ ...facts, args, returns: 'text', strict: true }, ({ input }) => input.name);
    // @ts-expect-error a Date is no JSON
    defineFunction({ ...facts, args, returns: 'jsonb', strict: true }, () => new Date());
    defineFunction({ ...facts, args, returns: 'jsonb', strict: true }, () => ({ a: [1, null] }));
    expect(facts.name).toBe('ai_sample');
  });

  it('takes no Promise for any result', () => {
    const shape = { ...facts, args: {}, strict: true } as const;
    // @ts-expect-error a Promise is no jsonb
    defineFunction({ ...shape, returns: 'jsonb' }, async () => ({}));
    // @ts-expect-error a Promise is no void
    defineFunction({ ...shape, returns: 'void' }, async () => undefined);
    // @ts-expect-error an async generator is no set
    defineFunction({ ...shape, returns: { setof: 'int4' } }, async function* () {
      yield 1;
    });
    expect(facts.name).toBe('ai_sample');
  });

  it('wants every column of a row, and the arguments of the core', () => {
    const returns = { table: { name: 'text', ok: 'bool' } } as const;
    const shape = { ...facts, args: { model: 'bytea' }, returns, strict: true } as const;
    // @ts-expect-error a column is missing
    defineFunction(shape, () => [{ name: 'a' }]);
    const core = { sha256: { type: 'bytea', from: 'ai_runtime._store_model(model)' } } as const;
    defineFunction({ ...shape, core }, ({ sha256 }) => [{ name: `${sha256.length}`, ok: null }]);
    // @ts-expect-error the public argument does not reach the code
    defineFunction({ ...shape, core }, ({ model }) => [{ name: `${model}`, ok: true }]);
    expect(facts.name).toBe('ai_sample');
  });
});

describe('results', () => {
  it('gathers a set from a generator', () => {
    const set = defineFunction(
      { ...facts, args: {}, returns: { setof: 'int4' }, strict: true },
      function* () {
        yield 1;
        yield 2;
      },
    );
    expect(call(set)).toEqual([1, 2]);
  });

  it.each([2 ** 31, 1.5, Number.NaN])('refuses %d as an integer', (value) => {
    const returns = 'int4';
    const broken = defineFunction({ ...facts, args: {}, returns, strict: true }, () => value);
    expect(() => call(broken)).toThrow(/ai_sample\(\) returned/);
  });

  it('refuses a Promise that tsc did not see', () => {
    const shape = { ...facts, args: {}, returns: 'jsonb', strict: true } as const;
    const broken = defineFunction(shape, () => Promise.resolve(1) as never);
    expect(() => call(broken)).toThrow(/Promise/);
  });
});

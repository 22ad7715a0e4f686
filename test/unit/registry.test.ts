/** The pure part of the registry: names, options, hooks, signatures, SQLSTATEs. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSqlError, packSqlstate, SqlError } from '../../src/plv8/lib/errors';
import { checkHooks } from '../../src/plv8/registry/hooks';
import { checkModelName, utf8Bytes } from '../../src/plv8/registry/names';
import { parseCreateOptions } from '../../src/plv8/registry/options';
import { describeModel, typeText } from '../../src/plv8/registry/signature';

describe('names', () => {
  it('counts bytes as UTF-8 does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(utf8Bytes(text)).toBe(Buffer.byteLength(text, 'utf8'));
      }),
    );
  });

  it.each(['m', 'a b', 'größe', 'x'.repeat(63), 'a"b', "a'; DROP TABLE t --"])(
    'accepts %s',
    (name) => {
      expect(checkModelName(name)).toBe(name);
    },
  );

  it.each([
    [null, /must not be null/],
    ['', /must not be empty/],
    ['x'.repeat(64), /is too long/],
    ['ä'.repeat(32), /is too long/],
    ['m:3', /must not contain ":" or "@"/],
    ['m@best', /must not contain ":" or "@"/],
    ['a\nb', /control characters/],
    ['a\u0085b', /control characters/],
  ])('refuses %s', (name, message) => {
    expect(() => checkModelName(name)).toThrow(message);
  });
});

describe('options', () => {
  it('are none where they are NULL', () => {
    expect(parseCreateOptions(null)).toEqual({});
  });

  it('names the known ones for one that is not', () => {
    const wrong = caught(() => parseCreateOptions('{"describtion": "x"}'));
    expect(wrong.message).toBe('option "describtion" is not known');
    expect(wrong.hint).toContain(
      'deploy, description, deterministic, force, input, max_batch_size',
    );
  });

  it.each(['toString', '__proto__', 'constructor'])('does not know %s', (key) => {
    expect(() => parseCreateOptions(`{"${key}": 1}`)).toThrow(/is not known/);
  });

  it.each([
    ['[]', /must be a JSON object/],
    ['"x"', /must be a JSON object/],
    ['{"deploy": "yes"}', /"deploy" must be true or false/],
    ['{"description": 1}', /"description" must be a string/],
    ['{"deterministic": 1}', /"deterministic" must be true or false/],
    ['{"max_batch_size": 65537}', /"max_batch_size" must be a whole number from 1 to 65536/],
    ['{"max_queue_delay_us": -1}', /"max_queue_delay_us" must be a whole number from 0/],
    ['{"input": "x"}', /"input" must be an array/],
    ['{"output": []}', /"output" must be an object/],
    ['{"preprocess": ""}', /"preprocess" must be the name of a function/],
    ['{"postprocess": null}', /"postprocess" must be the name of a function/],
  ])('refuses %s', (text, message) => {
    expect(() => parseCreateOptions(text)).toThrow(message);
  });
});

describe('hooks', () => {
  it('are taken by their resolved names', () => {
    const resolved = { preprocess: 'public.clean', postprocess: null };
    expect(checkHooks({ preprocess: 'clean' }, resolved)).toEqual({ preprocess: 'public.clean' });
  });

  it('must exist', () => {
    const resolved = { preprocess: null, postprocess: null };
    expect(() => checkHooks({ postprocess: 'f' }, resolved)).toThrow(
      'postprocess function "f" does not exist',
    );
  });
});

describe('signatures', () => {
  const tensor = (shape: (string | number | null)[] | null) => ({ datatype: 'FP32', shape });

  it.each([
    [tensor(['N', null, 32]), 'FP32[N,?,32]'],
    [tensor([]), 'FP32[]'],
    [tensor(null), 'FP32[...]'],
    [{ kind: 'sequence', element: tensor([3]) }, 'seq(FP32[3])'],
    [{ kind: 'map', key_datatype: 'INT64', element: tensor([]) }, 'map(INT64,FP32[])'],
    [{ kind: 'optional', element: tensor(null) }, 'optional(FP32[...])'],
  ])('says %j in words', (type, words) => {
    expect(typeText(type)).toBe(words);
  });

  it('adds a summary, the size and the hash', () => {
    const signature = { inputs: [{ name: 'x', ...tensor(['N']) }], outputs: [] };
    expect(describeModel(signature, 'ab', 7)).toMatchObject({
      summary: { inputs: ['x FP32[N]'], outputs: [] },
      sha256: 'ab',
      size_bytes: 7,
    });
  });
});

describe('SQLSTATEs', () => {
  it('are packed as PostgreSQL packs them', () => {
    // Values of elog.h's MAKE_SQLSTATE, as a server shows them.
    expect(packSqlstate('00000')).toBe(0);
    expect(packSqlstate('22012')).toBe(33816706);
    expect(packSqlstate('XX000')).toBe(2600);
    expect(() => packSqlstate('2201')).toThrow(/not a SQLSTATE/);
  });

  it('are recognised on our errors and on those of queries', () => {
    const ours = new SqlError('unique_violation', 'x');
    expect(isSqlError(ours, 'unique_violation')).toBe(true);
    expect(isSqlError({ sqlerrcode: packSqlstate('23505') }, 'unique_violation')).toBe(true);
    expect(isSqlError(ours, 'foreign_key_violation')).toBe(false);
    expect(isSqlError(undefined, 'unique_violation')).toBe(false);
  });
});

function caught(action: () => unknown): SqlError {
  try {
    action();
  } catch (error) {
    return error as SqlError;
  }
  throw new Error('nothing was thrown');
}

/** What the benchmarks' figures rest on, without a server: the order of runs, medians, COPY. */
import { describe, expect, it } from 'vitest';
import {
  arrayRowBytes,
  decodeArrayRows,
  encodeArrayRows,
  HEADER,
  TRAILER,
} from '../bench/copy_binary';
import { readOptions } from '../bench/options';
import { inTurns, median } from '../bench/samples';

describe('samples', () => {
  it('are taken there and back again, after a run to warm up', async () => {
    const order: string[] = [];
    const side = (name: string, seconds: number) => ({
      name,
      run: async () => {
        order.push(name);
        return { seconds, rows: 10 };
      },
    });
    const [a, b] = await inTurns([side('a', 1), side('b', 2)], 2);
    expect(order.join('')).toBe('ababbaabba');
    expect([a?.rate, a?.spread, b?.rate]).toEqual([10, 0, 5]);
  });

  it('tell a wrong answer', async () => {
    const run = async () => ({ seconds: 1, rows: 10, sum: 5.01 });
    const sides = [
      { name: 'wrong', run, expected: () => 5 },
      { name: 'right', run, expected: () => 5.01 },
      { name: 'silent', run: async () => ({ seconds: 1, rows: 10 }), expected: () => 5 },
    ];
    const samples = await inTurns(sides, 1);
    expect(samples.map(({ wrong }) => wrong !== undefined)).toEqual([true, false, true]);
  });

  it('have the median of an odd and of an even number', () => {
    expect([median([3, 1, 2]), median([4, 1, 3, 2])]).toEqual([2, 2.5]);
  });
});

describe('binary COPY', () => {
  const width = 3;
  const values = Float32Array.from({ length: 7 * width }, (_, i) => i / 8);
  const stream = Buffer.concat([HEADER, encodeArrayRows(values, width, 5), TRAILER]);

  async function* pieces(size: number): AsyncGenerator<Buffer> {
    for (let at = 0; at < stream.length; at += size) yield stream.subarray(at, at + size);
  }

  it.each([1, 7, 64, 1000])('is read in pieces of %d bytes', async (size) => {
    const ids: number[] = [];
    const read: number[] = [];
    for await (const batch of decodeArrayRows(pieces(size), width, 4)) {
      ids.push(...batch.ids.subarray(0, batch.rows));
      read.push(...batch.values.subarray(0, batch.rows * width));
    }
    expect(ids).toEqual([5, 6, 7, 8, 9, 10, 11]);
    expect(read).toEqual([...values]);
  });

  it('is refused when it ends within a row', async () => {
    async function* cut(): AsyncGenerator<Buffer> {
      yield stream.subarray(0, HEADER.length + 2 * arrayRowBytes(width) + 9);
    }
    const read = async () => {
      for await (const _ of decodeArrayRows(cut(), width, 4));
    };
    await expect(read()).rejects.toThrow('within a row');
  });
});

describe('the command line', () => {
  it('names parts and their size', () => {
    expect(readOptions(['set-path', '--rows=10'])).toMatchObject({ parts: ['set-path'], rows: 10 });
    expect(() => readOptions(['--rows=many'])).toThrow('--rows');
  });
});

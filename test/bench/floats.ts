/** Files of float32, and sums over them in double precision. */
import { readFileSync } from 'node:fs';

export function readFloats(file: string): Float32Array {
  const bytes = readFileSync(file);
  // A small file stands at any offset of a shared buffer.
  if (bytes.byteOffset % 4 !== 0) return new Float32Array(Uint8Array.from(bytes).buffer);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

/** A function that gives the sum of the first so many values. */
export function sumOfFirst(values: Float32Array): (count: number) => number {
  const known = new Map<number, number>();
  return (count) => {
    let sum = known.get(count);
    if (sum === undefined) {
      sum = 0;
      for (let i = 0; i < count; i += 1) sum += values[i] as number;
      known.set(count, sum);
    }
    return sum;
  };
}

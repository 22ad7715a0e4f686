/*
 * ONNX values (tensors, sequences, maps, absent optionals) as the conformance ring holds them,
 * and how two of them are compared. A tensor's data stay bytes: equal means equal bit for bit.
 *
 * Knows nothing of files, of PostgreSQL or of ONNX Runtime.
 */
import { TensorProto_DataType as Type } from '../../src/shared/onnx/onnx_pb';

export interface Tensor {
  kind: 'tensor';
  type: Type;
  dims: number[];
  /** Little-endian, row-major; strings as u32 length and bytes each. */
  data: Buffer;
}

export type Value =
  /** An optional without a value; elementType is that of a tensor it could hold. */
  | { kind: 'absent'; elementType: Type }
  | Tensor
  | { kind: 'sequence'; elements: Value[]; elementType: Type }
  | { kind: 'map'; keys: Value; values: Value };

export interface NamedValue {
  name: string;
  value: Value;
}

/** KServe's name and the bytes of an element (0: variable) of each ONNX element type. */
const DATATYPES: [type: Type, name: string, bytes: number][] = [
  [Type.FLOAT, 'FP32', 4],
  [Type.UINT8, 'UINT8', 1],
  [Type.INT8, 'INT8', 1],
  [Type.UINT16, 'UINT16', 2],
  [Type.INT16, 'INT16', 2],
  [Type.INT32, 'INT32', 4],
  [Type.INT64, 'INT64', 8],
  [Type.STRING, 'BYTES', 0],
  [Type.BOOL, 'BOOL', 1],
  [Type.FLOAT16, 'FP16', 2],
  [Type.DOUBLE, 'FP64', 8],
  [Type.UINT32, 'UINT32', 4],
  [Type.UINT64, 'UINT64', 8],
  [Type.BFLOAT16, 'BF16', 2],
];

export function datatypeName(type: Type): string {
  return DATATYPES.find(([t]) => t === type)?.[1] ?? `type ${type}`;
}

export function datatypeOf(name: string): Type {
  return DATATYPES.find(([, n]) => n === name)?.[0] ?? Type.UNDEFINED;
}

export function elementBytes(type: Type): number {
  return DATATYPES.find(([t]) => t === type)?.[2] ?? 0;
}

export function elementCount(dims: number[]): number {
  return dims.reduce((product, d) => product * d, 1);
}

/** The first difference of two values, or null; `same` compares two tensors' contents. */
export function difference(
  actual: Value,
  expected: Value,
  same: (actual: Tensor, expected: Tensor) => string | null = sameBits,
): string | null {
  if (actual.kind !== expected.kind) {
    return `${actual.kind} instead of ${expected.kind}`;
  }
  if (actual.kind === 'tensor' && expected.kind === 'tensor') {
    if (actual.type !== expected.type) {
      return `${datatypeName(actual.type)} instead of ${datatypeName(expected.type)}`;
    }
    if (String(actual.dims) !== String(expected.dims)) {
      return `shape [${actual.dims}] instead of [${expected.dims}]`;
    }
    return same(actual, expected);
  }
  if (actual.kind === 'sequence' && expected.kind === 'sequence') {
    if (actual.elements.length !== expected.elements.length) {
      return `${actual.elements.length} elements instead of ${expected.elements.length}`;
    }
    for (const [i, element] of actual.elements.entries()) {
      const found = difference(element, expected.elements[i] as Value, same);
      if (found !== null) {
        return `element ${i}: ${found}`;
      }
    }
  }
  if (actual.kind === 'map' && expected.kind === 'map') {
    return (
      difference(actual.keys, expected.keys, same) ??
      difference(actual.values, expected.values, same)
    );
  }
  return null;
}

/** The first difference between two lists of outputs, by name. */
export function outputDifference(
  actual: NamedValue[],
  expected: NamedValue[],
  same?: (actual: Tensor, expected: Tensor) => string | null,
): string | null {
  for (const { name, value } of expected) {
    const found = actual.find((a) => a.name === name);
    if (found === undefined) {
      return `output ${name} is missing`;
    }
    const diff = difference(found.value, value, same);
    if (diff !== null) {
      return `output ${name}: ${diff}`;
    }
  }
  return actual.length > expected.length ? 'more outputs than expected' : null;
}

function sameBits(actual: Tensor, expected: Tensor): string | null {
  if (actual.data.equals(expected.data)) {
    return null;
  }
  const bytes = elementBytes(actual.type) || 1;
  const end = Math.min(actual.data.length, expected.data.length);
  let at = 0;
  while (at < end && actual.data[at] === expected.data[at]) {
    at++;
  }
  const start = at - (at % bytes);
  const hex = (t: Tensor) => t.data.subarray(start, start + bytes).toString('hex');
  return `element ${start / bytes}: ${hex(actual)} instead of ${hex(expected)}`;
}

/** Says that any contents are fine: for operators that draw random numbers. */
export function anyContents(): null {
  return null;
}

/** Agreement as ONNX's own test runner wants it: |a - e| ≤ 1e-7 + 1e-3·|e|, NaN equal to NaN. */
export function closeEnough(actual: Tensor, expected: Tensor): string | null {
  const a = tensorNumbers(actual);
  const e = tensorNumbers(expected);
  if (a === null || e === null) {
    return sameBits(actual, expected);
  }
  for (let i = 0; i < e.length; i++) {
    const x = a[i] as number;
    const y = e[i] as number;
    const close = Object.is(x, y) || x === y || Math.abs(x - y) <= 1e-7 + 1e-3 * Math.abs(y);
    if (!close) {
      return `element ${i}: ${x} instead of ${y}`;
    }
  }
  return null;
}

/** A tensor's elements as JavaScript numbers; null for strings. */
export function tensorNumbers({ type, dims, data }: Tensor): number[] | null {
  const read: Partial<Record<Type, (at: number) => number>> = {
    [Type.FLOAT]: (at) => data.readFloatLE(at),
    [Type.DOUBLE]: (at) => data.readDoubleLE(at),
    [Type.UINT8]: (at) => data.readUInt8(at),
    [Type.INT8]: (at) => data.readInt8(at),
    [Type.BOOL]: (at) => data.readUInt8(at),
    [Type.UINT16]: (at) => data.readUInt16LE(at),
    [Type.INT16]: (at) => data.readInt16LE(at),
    [Type.INT32]: (at) => data.readInt32LE(at),
    [Type.UINT32]: (at) => data.readUInt32LE(at),
    [Type.INT64]: (at) => Number(data.readBigInt64LE(at)),
    [Type.UINT64]: (at) => Number(data.readBigUInt64LE(at)),
    [Type.FLOAT16]: (at) => halfNumber(data.readUInt16LE(at)),
    [Type.BFLOAT16]: (at) => bfloatNumber(data.readUInt16LE(at)),
  };
  const element = read[type];
  if (element === undefined) {
    return null;
  }
  const bytes = elementBytes(type);
  return Array.from({ length: elementCount(dims) }, (_, i) => element(i * bytes));
}

function halfNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) {
    return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  }
  const scale = exponent === 0 ? 2 ** -24 : 2 ** (exponent - 25);
  return sign * scale * (exponent === 0 ? fraction : fraction + 0x400);
}

function bfloatNumber(bits: number): number {
  const wide = Buffer.alloc(4);
  wide.writeUInt16LE(bits, 2);
  return wide.readFloatLE(0);
}

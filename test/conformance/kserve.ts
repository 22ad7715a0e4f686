/*
 * ONNX values as the JSON of ai_inference(): KServe tensor objects with the bytes in base64,
 * which keep every bit, and plain nested arrays, which are what people write.
 *
 * Sequences are arrays of values, maps objects, an absent optional null.
 */
import { TensorProto_DataType as Type } from '../../src/shared/onnx/onnx_pb';
import { packStrings } from './testdata';
import {
  datatypeName,
  datatypeOf,
  elementBytes,
  elementCount,
  type NamedValue,
  type Tensor,
  tensorNumbers,
  type Value,
} from './values';

/** The input argument with raw tensors, as JSON text. */
export function rawInput(inputs: NamedValue[]): string {
  return JSON.stringify(Object.fromEntries(inputs.map(({ name, value }) => [name, raw(value)])));
}

function raw(value: Value): unknown {
  switch (value.kind) {
    case 'absent':
      return null;
    case 'tensor':
      return {
        shape: value.dims,
        datatype: datatypeName(value.type),
        raw: value.data.toString('base64'),
      };
    case 'sequence':
      return value.elements.map(raw);
    case 'map':
      throw new Error('no test has a map as input');
  }
}

/** The outputs of a call with output_format "raw", in the shape of the expected ones. */
export function readRaw(answer: Record<string, unknown>, like: NamedValue[]): NamedValue[] {
  return Object.entries(answer).map(([name, json]) => {
    const expected = like.find((e) => e.name === name)?.value;
    return { name, value: parseValue(json, expected) };
  });
}

function parseValue(json: unknown, like: Value | undefined): Value {
  if (json === null) {
    return { kind: 'absent', elementType: Type.UNDEFINED };
  }
  if (Array.isArray(json)) {
    const elements = like?.kind === 'sequence' ? like.elements : [];
    return {
      kind: 'sequence',
      elementType: Type.UNDEFINED,
      elements: json.map((e, i) => parseValue(e, elements[i])),
    };
  }
  const { shape, datatype, raw: bytes } = json as Record<string, unknown>;
  if (!Array.isArray(shape) || typeof datatype !== 'string' || typeof bytes !== 'string') {
    throw new Error(`not a raw tensor: ${JSON.stringify(json).slice(0, 100)}`);
  }
  const data = Buffer.from(bytes, 'base64');
  return { kind: 'tensor', type: datatypeOf(datatype), dims: shape as number[], data };
}

/** Whether plain JSON can say the values without loss: no empty tensor, only UTF-8 strings. */
export function fitsPlain(values: NamedValue[]): boolean {
  return values.every(({ value }) => value.kind === 'tensor' && tensorFitsPlain(value));
}

function tensorFitsPlain(tensor: Tensor): boolean {
  if (elementCount(tensor.dims) === 0) {
    return false;
  }
  if (tensor.type === Type.STRING) {
    const strings = unpackStrings(tensor);
    return strings.every((s) => Buffer.from(s.toString()).equals(s) && !s.includes(0));
  }
  return true;
}

/** The input argument as nested arrays of numbers and strings, as JSON text. */
export function plainInput(inputs: NamedValue[]): string {
  const parts = inputs.map(({ name, value }) => {
    if (value.kind !== 'tensor') {
      throw new Error(`${name} has no plain form`);
    }
    return `${JSON.stringify(name)}:${nest(plainElements(value), value.dims)}`;
  });
  return `{${parts.join(',')}}`;
}

/** Each element as a JSON text: numbers in their shortest form that reads back the same. */
function plainElements(tensor: Tensor): string[] {
  const { type, data } = tensor;
  if (type === Type.STRING) {
    return unpackStrings(tensor).map((s) => JSON.stringify(s.toString()));
  }
  if (type === Type.INT64 || type === Type.UINT64) {
    const count = data.length / 8;
    return Array.from({ length: count }, (_, i) =>
      String(type === Type.INT64 ? data.readBigInt64LE(8 * i) : data.readBigUInt64LE(8 * i)),
    );
  }
  const numbers = tensorNumbers(tensor) ?? [];
  if (type === Type.BOOL) {
    return numbers.map((n) => (n === 0 ? 'false' : 'true'));
  }
  return numbers.map((n) => (Number.isFinite(n) ? String(n) : `"${n}"`));
}

function nest(elements: string[], dims: number[]): string {
  const [first, ...rest] = dims;
  if (first === undefined) {
    return elements[0] ?? 'null';
  }
  const size = elementCount(rest);
  const parts = Array.from({ length: first }, (_, i) =>
    nest(elements.slice(i * size, (i + 1) * size), rest),
  );
  return `[${parts.join(',')}]`;
}

function unpackStrings({ data }: Tensor): Buffer[] {
  const strings: Buffer[] = [];
  for (let at = 0; at < data.length; ) {
    const size = data.readUInt32LE(at);
    strings.push(data.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return strings;
}

/**
 * The outputs of a call in the default format, read back into tensors of the expected types and
 * shapes; throws where a shape is another. What jsonb cannot hold (the sign of zero, the bits of a
 * NaN) is taken from what is expected.
 */
export function readPlain(answer: Record<string, unknown>, like: NamedValue[]): NamedValue[] {
  return like.map(({ name, value }) => {
    if (value.kind !== 'tensor') {
      throw new Error(`${name} has no plain form`);
    }
    const elements = unnest(answer[name], value.dims, name);
    if (value.type === Type.STRING) {
      const data = packStrings(elements.map((e) => Buffer.from(String(e))));
      return { name, value: { ...value, data } };
    }
    return { name, value: { ...value, data: packNumbers(elements, value) } };
  });
}

function unnest(json: unknown, dims: number[], name: string): unknown[] {
  const [first, ...rest] = dims;
  if (first === undefined) {
    return [json];
  }
  if (!Array.isArray(json) || json.length !== first) {
    throw new Error(`output ${name} is not of shape [${dims}]`);
  }
  return json.flatMap((e) => unnest(e, rest, name));
}

function packNumbers(elements: unknown[], { type, data: like }: Tensor): Buffer {
  const bytes = elementBytes(type);
  const data = Buffer.alloc(elements.length * bytes);
  elements.forEach((element, i) => {
    const at = i * bytes;
    if (type === Type.INT64 || type === Type.UINT64) {
      data.writeBigUInt64LE(BigInt.asUintN(64, BigInt(String(element))), at);
      return;
    }
    const n = type === Type.BOOL ? (element === true ? 1 : 0) : Number(element);
    writeNumber(data, n, at, type);
    const signedZero = n === 0 && like.readUInt8(at + bytes - 1) === 0x80;
    if (signedZero && [Type.FLOAT, Type.DOUBLE, Type.FLOAT16, Type.BFLOAT16].includes(type)) {
      data.writeUInt8(0x80, at + bytes - 1);
    }
    if (Number.isNaN(n)) {
      like.copy(data, at, at, at + bytes);
    }
  });
  return data;
}

function writeNumber(data: Buffer, n: number, at: number, type: Type): void {
  switch (type) {
    case Type.FLOAT:
      data.writeFloatLE(n, at);
      return;
    case Type.DOUBLE:
      data.writeDoubleLE(n, at);
      return;
    case Type.FLOAT16:
      data.writeUInt16LE(halfBits(n), at);
      return;
    case Type.BFLOAT16: {
      const wide = Buffer.alloc(4);
      wide.writeFloatLE(n);
      wide.copy(data, at, 2, 4);
      return;
    }
    default: {
      const bytes = elementBytes(type);
      data.writeUIntLE(n < 0 ? n + 2 ** (8 * bytes) : n, at, bytes);
    }
  }
}

/** The bits of a number that float16 holds exactly. */
function halfBits(n: number): number {
  const sign = n < 0 || Object.is(n, -0) ? 0x8000 : 0;
  const size = Math.abs(n);
  if (size === Number.POSITIVE_INFINITY) {
    return sign | 0x7c00;
  }
  if (size < 2 ** -14) {
    return sign | Math.round(size * 2 ** 24);
  }
  const exponent = Math.floor(Math.log2(size));
  return sign | ((exponent + 15) << 10) | (Math.round(size * 2 ** (10 - exponent)) - 1024);
}

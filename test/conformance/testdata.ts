/*
 * The operator tests of Debian's libonnx-testdata: where they are, and their inputs and expected
 * outputs read from the protobuf files.
 *
 * SequenceProto and OptionalProto belong to onnx-data.proto, which Debian does not ship; the few
 * fields that the tests use are read by number here.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import {
  ModelProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorProto_DataType as Type,
  type TypeProto,
  type ValueInfoProto,
} from '../../src/shared/onnx/onnx_pb';
import { elementBytes, elementCount, type NamedValue, type Tensor, type Value } from './values';

export const TESTDATA = '/usr/share/libonnx-testdata/data';

export interface Case {
  /** As "node/test_abs". */
  name: string;
  model: string;
  inputs: NamedValue[];
  expected: NamedValue[];
}

/** Every case whose name contains `filter`. */
export function readCases(filter = ''): Case[] {
  if (!existsSync(TESTDATA)) {
    throw new Error(`${TESTDATA} is missing: apt-get install libonnx-testdata`);
  }
  const cases: Case[] = [];
  for (const set of readdirSync(TESTDATA).sort()) {
    for (const test of readdirSync(join(TESTDATA, set)).sort()) {
      const folder = join(TESTDATA, set, test);
      const name = `${set}/${test}`;
      if (name.includes(filter) && existsSync(join(folder, 'model.onnx'))) {
        cases.push(...readFolder(name, folder));
      }
    }
  }
  return cases;
}

function readFolder(name: string, folder: string): Case[] {
  const model = join(folder, 'model.onnx');
  const { graph } = fromBinary(ModelProtoSchema, readFileSync(model));
  const constants = new Set(graph?.initializer.map((i) => i.name));
  const inputs = (graph?.input ?? []).filter((i) => !constants.has(i.name));
  const outputs = graph?.output ?? [];
  const sets = readdirSync(folder).filter((entry) => entry.startsWith('test_data_set_'));
  return sets.sort().map((set, i) => ({
    name: i === 0 ? name : `${name}/${set}`,
    model,
    inputs: readValues(join(folder, set), 'input', inputs),
    expected: readValues(join(folder, set), 'output', outputs),
  }));
}

/** The files input_0.pb, input_1.pb … in the order in which the graph lists its inputs. */
function readValues(folder: string, prefix: string, infos: ValueInfoProto[]): NamedValue[] {
  return infos.flatMap(({ name, type }, i) => {
    const file = join(folder, `${prefix}_${i}.pb`);
    return existsSync(file) ? [{ name, value: decodeValue(readFileSync(file), type) }] : [];
  });
}

/** One value of the declared type. */
function decodeValue(bytes: Uint8Array, type: TypeProto | undefined): Value {
  const declared = type?.value;
  if (declared?.case === 'sequenceType') {
    return decodeSequence(bytes, tensorElement(declared.value.elemType));
  }
  if (declared?.case === 'optionalType') {
    const content = fieldsOf(bytes, [3, 5])[0];
    return content === undefined
      ? { kind: 'absent', elementType: tensorElement(declared.value.elemType) }
      : decodeValue(content.bytes, declared.value.elemType);
  }
  const tensor = decodeTensor(fromBinary(TensorProtoSchema, bytes));
  // The test data store the bits of bfloat16 as uint16.
  if (declared?.case === 'tensorType' && declared.value.elemType === Type.BFLOAT16) {
    tensor.type = Type.BFLOAT16;
  }
  return tensor;
}

/** The element type where the type is a tensor's. */
function tensorElement(type: TypeProto | undefined): Type {
  const declared = type?.value;
  return (declared?.case === 'tensorType' ? declared.value.elemType : Type.UNDEFINED) as Type;
}

interface Field {
  number: number;
  bytes: Uint8Array;
}

/** The wanted message fields of a SequenceProto or OptionalProto: 3 is a tensor, 5 a sequence. */
function fieldsOf(bytes: Uint8Array, wanted: number[]): Field[] {
  const reader = new BinaryReader(bytes);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wanted.includes(number)) {
      fields.push({ number, bytes: reader.bytes() });
    } else {
      reader.skip(wireType, number);
    }
  }
  return fields;
}

function decodeElement({ number, bytes }: Field): Value {
  return number === 3
    ? decodeTensor(fromBinary(TensorProtoSchema, bytes))
    : decodeSequence(bytes, Type.UNDEFINED);
}

function decodeSequence(bytes: Uint8Array, elementType: Type): Value {
  const elements = fieldsOf(bytes, [3, 5]).map(decodeElement);
  return { kind: 'sequence', elementType, elements };
}

function decodeTensor(tensor: TensorProto): Tensor {
  const type = (tensor.dataType ?? Type.UNDEFINED) as Type;
  const dims = tensor.dims.map(Number);
  if (type === Type.STRING) {
    return { kind: 'tensor', type, dims, data: packStrings(tensor.stringData) };
  }
  if (tensor.rawData.length > 0) {
    return { kind: 'tensor', type, dims, data: Buffer.from(tensor.rawData) };
  }
  return { kind: 'tensor', type, dims, data: packNumbers(tensor, type, elementCount(dims)) };
}

/** Strings as u32 length and bytes each. */
export function packStrings(strings: Uint8Array[]): Buffer {
  return Buffer.concat(
    strings.flatMap((s) => {
      const size = Buffer.alloc(4);
      size.writeUInt32LE(s.length);
      return [size, s];
    }),
  );
}

/** The typed fields of a TensorProto as the bytes of its element type. */
function packNumbers(tensor: TensorProto, type: Type, count: number): Buffer {
  switch (type) {
    case Type.FLOAT:
      return bytesOf(Float32Array.from(tensor.floatData));
    case Type.DOUBLE:
      return bytesOf(Float64Array.from(tensor.doubleData));
    case Type.INT64:
      return bytesOf(BigInt64Array.from(tensor.int64Data));
    case Type.UINT64:
      return bytesOf(BigUint64Array.from(tensor.uint64Data));
    case Type.UINT32:
      return bytesOf(Uint32Array.from(tensor.uint64Data, Number));
    default: {
      // Everything narrower travels in int32_data, float16 as its bits.
      const bytes = elementBytes(type);
      const data = Buffer.alloc(count * bytes);
      tensor.int32Data.forEach((n, i) => {
        data.writeUIntLE(bytes === 4 ? n >>> 0 : n & (2 ** (8 * bytes) - 1), i * bytes, bytes);
      });
      return data;
    }
  }
}

function bytesOf(array: ArrayBufferView): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

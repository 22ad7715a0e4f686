/*
 * Builds direct.cc when it is newer than its program, and runs cases with it: ONNX Runtime
 * without anything of ours around it. Writes the file of cases and reads the file of results that
 * direct.cc describes.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { create } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type NodeProto,
  type TensorProto_DataType as Type,
  type TypeProto,
  TypeProto_OptionalSchema,
  TypeProto_SequenceSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  ValueInfoProtoSchema,
} from '../../src/shared/onnx/onnx_pb';
import { modelBytes, node } from '../fixtures/onnx_graph';
import type { Case } from './testdata';
import type { NamedValue, Value } from './values';

const OUT = 'build/out/conformance';
const SOURCE = 'test/conformance/direct.cc';
const HEADERS = 'build/out/onnxruntime/usr/include/onnxruntime';
const LIBRARY = 'node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1';

export interface DirectResult {
  status: 'passed' | 'load failed' | 'run failed' | 'crashed';
  message: string;
  outputs: NamedValue[];
}

const STATUSES = ['passed', 'load failed', 'run failed', 'crashed'] as const;

/**
 * Runs every case, each in a fresh session, as often as said; the results are those of the last
 * run, in the order of the cases.
 */
export function runDirect(
  cases: Case[],
  runs: number,
): { version: string; results: DirectResult[] } {
  const program = buildProgram();
  const casesFile = join(OUT, 'cases.bin');
  const resultsFile = join(OUT, 'results.bin');
  writeFileSync(casesFile, encodeCases(cases));
  const library = process.env.AI_RUNTIME_ORT_LIBRARY ?? LIBRARY;
  const output = execFileSync(program, [library, casesFile, resultsFile, String(runs)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return {
    version: output.trim(),
    results: decodeResults(readFileSync(resultsFile), cases.length),
  };
}

function buildProgram(): string {
  const program = join(OUT, 'direct');
  mkdirSync(OUT, { recursive: true });
  const built = statSync(program, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built < statSync(SOURCE).mtimeMs) {
    const headers = process.env.AI_RUNTIME_ORT_HEADERS ?? HEADERS;
    const flags = ['-std=c++17', '-O1', '-Wall', '-Wextra', '-Werror', '-isystem', headers];
    execFileSync('g++', [...flags, '-o', program, SOURCE, '-ldl'], { stdio: 'inherit' });
  }
  return program;
}

function encodeCases(cases: Case[]): Buffer {
  const all: Buffer[] = [u32(cases.length)];
  for (const { model: file, inputs } of cases) {
    const parts: Buffer[] = [text(file), u32(inputs.length)];
    for (const { name, value } of inputs) {
      parts.push(text(name));
      encodeValue(value, parts);
    }
    const one = Buffer.concat(parts);
    all.push(u32(one.length), one);
  }
  return Buffer.concat(all);
}

function u32(n: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes;
}

function text(s: string): Buffer {
  const bytes = Buffer.from(s);
  return Buffer.concat([u32(bytes.length), bytes]);
}

function encodeValue(value: Value, parts: Buffer[]): void {
  switch (value.kind) {
    case 'absent':
      parts.push(Buffer.from([4]), model(absentModel(value.elementType)));
      return;
    case 'tensor': {
      const head = Buffer.alloc(3 + 8 * value.dims.length + 8);
      head.writeUInt8(1, 0);
      head.writeUInt8(value.type, 1);
      head.writeUInt8(value.dims.length, 2);
      value.dims.forEach((d, i) => {
        head.writeBigInt64LE(BigInt(d), 3 + 8 * i);
      });
      head.writeBigUInt64LE(BigInt(value.data.length), head.length - 8);
      parts.push(head, value.data);
      return;
    }
    case 'sequence':
      if (value.elements.length === 0) {
        parts.push(Buffer.from([4]), model(emptySequenceModel(value.elementType)));
        return;
      }
      parts.push(Buffer.from([2]), u32(value.elements.length));
      for (const element of value.elements) {
        encodeValue(element, parts);
      }
      return;
    case 'map':
      parts.push(Buffer.from([3]));
      encodeValue(value.keys, parts);
      encodeValue(value.values, parts);
  }
}

function tensorType(elementType: Type): TypeProto {
  const tensor = create(TypeProto_TensorSchema, { elemType: elementType });
  return create(TypeProtoSchema, { value: { case: 'tensorType', value: tensor } });
}

/** A model without inputs whose output "y" is an empty sequence of tensors. */
function emptySequenceModel(elementType: Type): Uint8Array {
  const sequence = create(TypeProto_SequenceSchema, { elemType: tensorType(elementType) });
  const type = create(TypeProtoSchema, { value: { case: 'sequenceType', value: sequence } });
  return maker(type, node('SequenceEmpty', [], ['y'], { dtype: BigInt(elementType) }));
}

/** A model without inputs whose output "y" is an optional tensor that is not there. */
function absentModel(elementType: Type): Uint8Array {
  const optional = create(TypeProto_OptionalSchema, { elemType: tensorType(elementType) });
  const type = create(TypeProtoSchema, { value: { case: 'optionalType', value: optional } });
  const attribute = create(AttributeProtoSchema, {
    name: 'type',
    type: AttributeProto_AttributeType.TYPE_PROTO,
    tp: tensorType(elementType),
  });
  const made = node('Optional', [], ['y']);
  made.attribute.push(attribute);
  return maker(type, made);
}

function maker(type: TypeProto, made: NodeProto): Uint8Array {
  const outputs = [create(ValueInfoProtoSchema, { name: 'y', type })];
  return modelBytes({ name: 'maker', inputs: [], outputs, initializers: [], nodes: [made] });
}

function model(bytes: Uint8Array): Buffer {
  return Buffer.concat([u32(bytes.length), bytes]);
}

function decodeResults(bytes: Buffer, count: number): DirectResult[] {
  const reader = new ResultReader(bytes);
  const results: DirectResult[] = [];
  while (!reader.done()) {
    const index = reader.u32();
    const status = STATUSES[reader.u8()] ?? 'crashed';
    const message = reader.text();
    const outputs = Array.from({ length: reader.u32() }, () => {
      return { name: reader.text(), value: reader.value() };
    });
    results[index] = { status, message, outputs };
  }
  if (results.length !== count || results.includes(undefined as never)) {
    throw new Error(`direct.cc gave ${results.length} results for ${count} cases`);
  }
  return results;
}

class ResultReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  done(): boolean {
    return this.at >= this.bytes.length;
  }

  u8(): number {
    this.at += 1;
    return this.bytes.readUInt8(this.at - 1);
  }

  u32(): number {
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  i64(): number {
    this.at += 8;
    return Number(this.bytes.readBigInt64LE(this.at - 8));
  }

  take(size: number): Buffer {
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  text(): string {
    return this.take(this.u32()).toString();
  }

  value(): Value {
    switch (this.u8()) {
      case 0:
        return { kind: 'absent', elementType: 0 };
      case 1: {
        const type = this.u8();
        const dims = Array.from({ length: this.u8() }, () => this.i64());
        return { kind: 'tensor', type, dims, data: this.take(this.i64()) };
      }
      case 2:
        return {
          kind: 'sequence',
          elementType: 0,
          elements: Array.from({ length: this.u32() }, () => this.value()),
        };
      case 3:
        return { kind: 'map', keys: this.value(), values: this.value() };
      default:
        throw new Error('unknown kind of value in the file of results');
    }
  }
}

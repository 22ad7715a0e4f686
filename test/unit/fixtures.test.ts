/*
 * The fixtures that make models and read the ONNX test data: what they promise to the demo and to
 * the conformance ring.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { ModelProtoSchema, TensorProto_DataType as Type } from '../../src/shared/onnx/onnx_pb';
import { plainInput, readPlain } from '../conformance/kserve';
import { difference, type NamedValue, type Tensor } from '../conformance/values';
import { BANK_FEATURES, encodeRows, featureWidth, splitRows } from '../fixtures/bank_data';
import { areaUnderCurve, predict, trainMlp } from '../fixtures/mlp';
import { floatTensor, modelBytes, node, tensorInfo } from '../fixtures/onnx_graph';
import { Random } from '../fixtures/random';
import { randomTree, type Tree, treeEnsemble } from '../fixtures/tree_ensemble';

describe('area under the curve', () => {
  it('is 1 for a perfect order, 0 for its reverse, a half for ties', () => {
    expect(areaUnderCurve([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])).toBe(1);
    expect(areaUnderCurve([0.9, 0.8, 0.2, 0.1], [0, 0, 1, 1])).toBe(0);
    expect(areaUnderCurve([0.5, 0.5, 0.5, 0.5], [0, 1, 0, 1])).toBe(0.5);
  });

  it('counts the pairs in the right order', () => {
    expect(areaUnderCurve([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1])).toBe(0.75);
  });
});

describe('the split', () => {
  it('is the same for the same seed and another for another', () => {
    expect(splitRows(1000, 7)).toEqual(splitRows(1000, 7));
    expect(splitRows(1000, 7)).not.toEqual(splitRows(1000, 8));
  });

  it('holds a fifth of the rows out', () => {
    expect(splitRows(1000, 7).filter(Boolean)).toHaveLength(200);
  });
});

describe('the features', () => {
  it('become one column each, a category one per value', () => {
    const row = Object.fromEntries(
      BANK_FEATURES.map((f) => [f.name, f.categories?.[0] ?? (f.type === 'number' ? 5 : true)]),
    );
    const encoded = encodeRows([row], BANK_FEATURES);
    expect(encoded).toHaveLength(featureWidth(BANK_FEATURES));
    expect(Array.from(encoded.subarray(0, 12))).toEqual([5, 5, 5, 5, 5, 5, 1, 1, 1, 1, 0, 0]);
  });

  it('refuse a category that is not declared', () => {
    const features = BANK_FEATURES.filter((f) => f.name === 'marital');
    expect(() => encodeRows([{ marital: 'unheard of' }], features)).toThrow('marital');
  });
});

describe('the perceptron', () => {
  it('learns what no line can tell apart', () => {
    const random = new Random(1);
    const x = Float32Array.from({ length: 2000 }, () => random.normal());
    const y = Uint8Array.from({ length: 1000 }, (_, i) =>
      Number((x[2 * i] as number) > 0 !== (x[2 * i + 1] as number) > 0),
    );
    const options = { hidden: 8, epochs: 30, batchSize: 32, learningRate: 0.02, weightDecay: 0 };
    const model = trainMlp(x, y, { ...options, seed: 3 });
    expect(areaUnderCurve(predict(model, x), y)).toBeGreaterThan(0.97);
  });
});

describe('a written model', () => {
  it('reads back as it was meant', () => {
    const bytes = modelBytes({
      name: 'g',
      inputs: [tensorInfo('x', ['N', 2])],
      outputs: [tensorInfo('y', ['N', 2])],
      initializers: [floatTensor('b', [2], [1.5, -2])],
      nodes: [node('Add', ['x', 'b'], ['sum']), node('Softmax', ['sum'], ['y'], { axis: 1n })],
    });
    const { graph, irVersion, opsetImport } = fromBinary(ModelProtoSchema, bytes);
    expect([irVersion, opsetImport[0]?.version]).toEqual([8n, 17n]);
    expect(graph?.node.map((n) => n.opType)).toEqual(['Add', 'Softmax']);
    const weights = graph?.initializer[0]?.rawData.slice() as Uint8Array;
    expect(Array.from(new Float32Array(weights.buffer))).toEqual([1.5, -2]);
  });
});

describe('an ensemble of trees', () => {
  /** What the trees say of a row, by walking down each of them. */
  const walk = (trees: readonly Tree[], base: number, row: readonly number[]): number =>
    trees.reduce((sum, tree) => {
      let at = 0;
      while ((tree.feature[at] as number) >= 0) {
        const value = row[tree.feature[at] as number] as number;
        at = (value <= (tree.threshold[at] as number) ? tree.left : tree.right)[at] as number;
      }
      return sum + (tree.value[at] as number);
    }, base);

  it('predicts what its trees say', async () => {
    process.env.ORT_DISABLE_TELEMETRY = '1';
    const { InferenceSession, Tensor } = await import('onnxruntime-node');
    const random = new Random(5);
    const trees = Array.from({ length: 10 }, () => randomTree(random, 4, 3));
    const bytes = modelBytes({
      name: 'trees',
      inputs: [tensorInfo('x', ['N', 3])],
      outputs: [tensorInfo('y', ['N', 1])],
      initializers: [],
      nodes: [treeEnsemble(trees, 0.25, 'x', 'y')],
    });
    const rows = Array.from({ length: 200 }, () => [0, 0, 0].map(() => Math.fround(random.next())));
    const x = new Tensor('float32', Float32Array.from(rows.flat()), [rows.length, 3]);
    const { y } = await (await InferenceSession.create(bytes)).run({ x });
    const predicted = Array.from(y?.data as Float32Array);
    for (const [i, row] of rows.entries()) {
      expect(predicted[i]).toBeCloseTo(walk(trees, 0.25, row), 4);
    }
    expect(new Set(predicted).size).toBeGreaterThan(100);
  });
});

describe('plain JSON', () => {
  /** The tensor after a way through JSON and back. */
  const roundTrip = (tensor: Tensor): string | null => {
    const named: NamedValue[] = [{ name: 't', value: tensor }];
    const read = readPlain(JSON.parse(plainInput(named)), named);
    return difference(read[0]?.value as Tensor, tensor);
  };

  it('keeps every float16', () => {
    const data = Buffer.alloc(2 * 65536);
    for (let bits = 0; bits < 65536; bits++) {
      data.writeUInt16LE(bits, 2 * bits);
    }
    expect(roundTrip({ kind: 'tensor', type: Type.FLOAT16, dims: [256, 256], data })).toBeNull();
  });

  it('keeps the ends of float32 and int8', () => {
    const floats = Float32Array.from([3.4028235e38, 1.4e-45, -0, 0.1, Number.NaN, -Infinity]);
    const data = Buffer.from(floats.buffer);
    expect(roundTrip({ kind: 'tensor', type: Type.FLOAT, dims: [2, 3], data })).toBeNull();
    const bytes = Buffer.from(Int8Array.from([-128, 127, -1]).buffer);
    expect(roundTrip({ kind: 'tensor', type: Type.INT8, dims: [3, 1], data: bytes })).toBeNull();
  });
});

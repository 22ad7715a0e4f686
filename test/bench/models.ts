/*
 * The models of the benchmarks, as ONNX bytes, with the numbers inside them, so that another side
 * can be given the very same model. Each takes x FP32[N,W] and gives one number a row, y FP32[N,1].
 */
import type { NodeProto, TensorProto } from '../../src/shared/onnx/onnx_pb';
import { TensorProto_DataType as Type } from '../../src/shared/onnx/onnx_pb';
import { floatTensor, modelBytes, node, tensorInfo } from '../fixtures/onnx_graph';
import { Random } from '../fixtures/random';
import { randomTree, type Tree, treeEnsemble } from '../fixtures/tree_ensemble';

export const WIDTH = 32;
export const BLOCK_WIDTH = 768;
const BLOCK_HIDDEN = 3072;
const HIDDEN = 64;
const TREES = 100;
const DEPTH = 6;

/** A layer x · weights + bias; the weights are [inputs × outputs], row-major. */
export interface Layer {
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

export interface BenchModel {
  readonly name: string;
  readonly what: string;
  readonly width: number;
  readonly onnx: Uint8Array;
}

function layer(random: Random, inputs: number, outputs: number): Layer {
  const scale = 1 / Math.sqrt(inputs);
  const draw = (): number => random.normal() * scale;
  return {
    inputs,
    outputs,
    weights: Float32Array.from({ length: inputs * outputs }, draw),
    bias: Float32Array.from({ length: outputs }, draw),
  };
}

/** A model of one number a row from nodes that lead from "x" to "y". */
function onnx(name: string, width: number, nodes: NodeProto[], tensors: TensorProto[]): Uint8Array {
  return modelBytes({
    name,
    inputs: [tensorInfo('x', ['N', width])],
    outputs: [tensorInfo('y', ['N', 1])],
    initializers: tensors,
    nodes,
  });
}

/** Layers one after another, with ReLU between them, from `input` to `output`. */
function perceptron(
  layers: readonly Layer[],
  input: string,
  output: string,
): { nodes: NodeProto[]; tensors: TensorProto[] } {
  const nodes: NodeProto[] = [];
  const tensors: TensorProto[] = [];
  let from = input;
  for (const [i, { inputs, outputs, weights, bias }] of layers.entries()) {
    const [w, b, z] = [`${output}_w${i}`, `${output}_b${i}`, `${output}_z${i}`];
    const last = i === layers.length - 1;
    tensors.push(floatTensor(w, [inputs, outputs], weights), floatTensor(b, [outputs], bias));
    nodes.push(node('Gemm', [from, w, b], [last ? output : z]));
    if (!last) nodes.push(node('Relu', [z], [`${z}r`]));
    from = `${z}r`;
  }
  return { nodes, tensors };
}

function perceptronModel(name: string, what: string, layers: readonly Layer[]): BenchModel {
  const { nodes, tensors } = perceptron(layers, 'x', 'y');
  return { name, what, width: WIDTH, onnx: onnx(name, WIDTH, nodes, tensors) };
}

export const linearLayers: readonly Layer[] = [layer(new Random(1), WIDTH, 1)];
export const linear = perceptronModel('linear', 'linear 32-1', linearLayers);

const mlpRandom = new Random(2);
export const mlpLayers: readonly Layer[] = [
  layer(mlpRandom, WIDTH, HIDDEN),
  layer(mlpRandom, HIDDEN, HIDDEN),
  layer(mlpRandom, HIDDEN, 1),
];
export const mlp = perceptronModel('mlp', 'MLP 32-64-64-1', mlpLayers);

/** A model of these trees over a base value. */
export function treeModel(
  name: string,
  what: string,
  trees: readonly Tree[],
  base: number,
): BenchModel {
  const nodes = [treeEnsemble(trees, base, 'x', 'y')];
  return { name, what, width: WIDTH, onnx: onnx(name, WIDTH, nodes, []) };
}

const treeRandom = new Random(3);
export const trees = treeModel(
  'trees',
  '100 trees of depth 6',
  Array.from({ length: TREES }, () => randomTree(treeRandom, DEPTH, WIDTH)),
  0.5,
);

/**
 * Feed-forward blocks of a transformer, 768-3072-768 each with its residual; what leaves the last
 * one is averaged, so that every side has one number a row to give.
 */
export function blocks(name: string, count: number): BenchModel {
  const random = new Random(4);
  const nodes: NodeProto[] = [];
  const tensors: TensorProto[] = [];
  for (let i = 0; i < count; i += 1) {
    const from = i === 0 ? 'x' : `h${i}`;
    const layers = [
      layer(random, BLOCK_WIDTH, BLOCK_HIDDEN),
      layer(random, BLOCK_HIDDEN, BLOCK_WIDTH),
    ];
    const inner = perceptron(layers, from, `f${i}`);
    tensors.push(...inner.tensors);
    nodes.push(...inner.nodes, node('Add', [from, `f${i}`], [`h${i + 1}`]));
  }
  nodes.push(node('ReduceMean', [`h${count}`], ['y'], { axes: [1], keepdims: 1n }));
  const what = count === 1 ? 'block 768-3072-768' : `${count} blocks 768-3072-768`;
  return { name, what, width: BLOCK_WIDTH, onnx: onnx(name, BLOCK_WIDTH, nodes, tensors) };
}

/** Gives each row back: INT64[N,1] → INT64[N,1]. */
export const identity: Uint8Array = modelBytes({
  name: 'identity',
  inputs: [tensorInfo('x', ['N', 1], Type.INT64)],
  outputs: [tensorInfo('y', ['N', 1], Type.INT64)],
  initializers: [],
  nodes: [node('Identity', ['x'], ['y'])],
});

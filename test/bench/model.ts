/**
 * A logistic regression on 32 numbers, as ONNX bytes: small enough that the way to it is what
 * counts.
 */
import { floatTensor, modelBytes, node, tensorInfo } from '../fixtures/onnx_graph';

export const WIDTH = 32;

/** The weights, so that another language can compute the same. */
export const WEIGHTS: readonly number[] = Array.from({ length: WIDTH }, (_, i) =>
  Math.fround(Math.sin(i + 1) / 4),
);

/** The model's bytes: y = sigmoid(x · w), x FP32[N,32], y FP32[N,1]. */
export function benchModel(): Uint8Array {
  return modelBytes({
    name: 'bench',
    inputs: [tensorInfo('x', ['N', WIDTH])],
    outputs: [tensorInfo('y', ['N', 1])],
    initializers: [floatTensor('w', [WIDTH, 1], WEIGHTS)],
    nodes: [node('MatMul', ['x', 'w'], ['z']), node('Sigmoid', ['z'], ['y'])],
  });
}

/*
 * The models that the generated queries call.
 *
 * Weights and inputs are small multiples of 1/8, so that sums come out exact in whatever order and
 * at whatever batch size they are made: what differs between two ways of a row is then wrong.
 */
import { TensorProto_DataType } from '../../src/shared/onnx/onnx_pb';
import { floatTensor, int64Tensor, modelBytes, node, tensorInfo } from '../fixtures/onnx_graph';

const { INT64, STRING } = TensorProto_DataType;
const int64 = INT64;

/** What a value is that a model takes: by the role of a column (schema.ts). */
export type Role =
  | 'row'
  | 'vector'
  | 'integers'
  | 'ragged'
  | 'document'
  | 'word'
  | 'bad'
  | 'baddocument';

export interface Answer {
  readonly key: string;
  readonly type: 'number' | 'text' | 'array';
}

export interface Model {
  readonly name: string;
  readonly role: Exclude<Role, 'bad' | 'baddocument'>;
  readonly addresses: readonly string[];
  readonly answers: readonly Answer[];
  /** Its input's name where JSON may name it. */
  readonly input: string;
  /** How often it is drawn. */
  readonly weight: number;
  /** Some inputs that suit it are errors: a division by zero by ai_runtime.nan_policy, a hook. */
  readonly mayFail?: boolean;
  readonly versions: readonly { readonly bytes: Uint8Array; readonly options?: object }[];
}

/** x [rows, as many as weights] · weights + bias → y [rows, 1]. */
function linear(weights: readonly number[], rows: number | string = 'N'): Uint8Array {
  return modelBytes({
    name: 'linear',
    inputs: [tensorInfo('x', [rows, weights.length])],
    outputs: [tensorInfo('y', [rows, 1])],
    initializers: [floatTensor('w', [weights.length, 1], weights), floatTensor('b', [1], [0.25])],
    nodes: [node('MatMul', ['x', 'w'], ['m']), node('Add', ['m', 'b'], ['y'])],
  });
}

/** x [N, width] → what some operators make of it, of one number a row. */
function reduced(width: number | string, nodes: ReturnType<typeof node>[]): Uint8Array {
  return modelBytes({
    name: 'reduced',
    inputs: [tensorInfo('x', ['N', width])],
    outputs: [tensorInfo('y', ['N'])],
    initializers: [int64Tensor('last', [1], [1]), int64Tensor('first', [1], [0])],
    nodes,
  });
}

const rowSum = (from: string, to: string) =>
  node('ReduceSum', [from, 'last'], [to], { keepdims: 0n });

/** Each row less the mean of all rows: what one row gets depends on those beside it. */
const crossing = reduced(3, [
  node('ReduceMean', ['x'], ['mean'], { axes: [0], keepdims: 1n }),
  node('Sub', ['x', 'mean'], ['centred']),
  rowSum('centred', 'y'),
]);

/** x [N, 3] → scores as they are: for an output specification. */
const scores = modelBytes({
  name: 'scores',
  inputs: [tensorInfo('x', ['N', 3])],
  outputs: [tensorInfo('scores', ['N', 3]), tensorInfo('total', ['N'])],
  initializers: [int64Tensor('last', [1], [1])],
  nodes: [node('Identity', ['x'], ['scores']), rowSum('x', 'total')],
});

const integers = modelBytes({
  name: 'integers',
  inputs: [tensorInfo('x', ['N', 2], int64)],
  outputs: [tensorInfo('y', ['N'], int64)],
  initializers: [int64Tensor('last', [1], [1])],
  nodes: [rowSum('x', 'y')],
});

const words = modelBytes({
  name: 'words',
  inputs: [tensorInfo('w', ['N'], STRING)],
  outputs: [tensorInfo('w_out', ['N'], STRING)],
  initializers: [],
  nodes: [node('Identity', ['w'], ['w_out'])],
});

const number = (key: string): Answer => ({ key, type: 'number' });

/** The features that the documents of the tables have (schema.ts). */
const DOCUMENT = {
  input: [
    'age',
    { name: 'job', categories: ['clerk', 'nurse'], encoding: 'ordinal' },
    { name: 'spent', path: 'orders', aggregate: 'sum', of: 'amount' },
  ],
};

/** Features of the tables' own columns, of all kinds. */
const ROW = {
  input: [
    'id',
    { name: 'b', default: 0.5 },
    { name: 'ok', type: 'boolean', default: false },
    {
      name: 'color',
      path: 'name',
      categories: ['red', 'green', 'blue'],
      unknown: 'zero',
      default: 'red',
    },
    { name: 'first', path: 'x.0', default: -1 },
    { name: 'age', path: 'doc.age', default: 1 },
    { name: 'sum', path: 'xi', aggregate: 'sum', default: 0 },
    {
      name: 'group',
      path: 'grp',
      categories: [0, 1, 2],
      encoding: 'ordinal',
      unknown: 7,
      default: 1,
    },
  ],
};

const SCORES = {
  output: {
    second: { from: 'scores', index: 1 },
    best: { from: 'scores', argmax: true, labels: ['low', 'middle', 'high'] },
    level: {
      from: 'scores',
      index: 0,
      thresholds: [{ below: 0, label: 'under' }, { below: 2, label: 'near' }, { label: 'over' }],
    },
    scores: { from: 'scores' },
  },
};

/** A preprocess function that has nothing for some rows. */
const SKIPPING = { preprocess: 'property.skip' };

const HOOKS = {
  preprocess: 'property.before_model',
  postprocess: 'property.after_model',
};

export const MODELS: readonly Model[] = [
  {
    name: 'linear',
    role: 'vector',
    addresses: ['linear', 'linear:1', 'linear:2', 'linear@champion'],
    answers: [number('y')],
    input: 'x',
    weight: 30,
    versions: [{ bytes: linear([1, -0.5, 0.25]) }, { bytes: linear([0.5, 2, -1]) }],
  },
  {
    name: 'scores',
    role: 'vector',
    addresses: ['scores', 'scores:1'],
    answers: [
      number('second'),
      { key: 'best', type: 'text' },
      { key: 'level', type: 'text' },
      { key: 'scores', type: 'array' },
    ],
    input: 'x',
    weight: 15,
    versions: [{ bytes: scores, options: SCORES }],
  },
  {
    name: 'plain',
    role: 'vector',
    addresses: ['plain'],
    answers: [{ key: 'scores', type: 'array' }, number('total')],
    input: 'x',
    weight: 8,
    versions: [{ bytes: scores }],
  },
  {
    name: 'document',
    role: 'document',
    addresses: ['document', 'document:1'],
    answers: [number('y')],
    input: 'x',
    weight: 15,
    versions: [{ bytes: linear([0.125, 1, 0.5]), options: DOCUMENT }],
  },
  {
    name: 'row',
    role: 'row',
    addresses: ['row'],
    answers: [number('y')],
    input: 'x',
    weight: 14,
    versions: [{ bytes: linear([1, 2, 4, 0.5, 0.25, 8, 1, 0.125, 2, 16]), options: ROW }],
  },
  {
    name: 'words',
    role: 'word',
    addresses: ['words'],
    answers: [{ key: 'w_out', type: 'text' }],
    input: 'w',
    weight: 8,
    versions: [{ bytes: words }],
  },
  {
    name: 'integers',
    role: 'integers',
    addresses: ['integers'],
    answers: [number('y')],
    input: 'x',
    weight: 8,
    versions: [{ bytes: integers }],
  },
  {
    name: 'ragged',
    role: 'ragged',
    addresses: ['ragged'],
    answers: [number('y')],
    input: 'x',
    weight: 6,
    versions: [{ bytes: reduced('M', [rowSum('x', 'y')]) }],
  },
  {
    name: 'reciprocal',
    role: 'vector',
    addresses: ['reciprocal'],
    answers: [number('y')],
    input: 'x',
    weight: 5,
    mayFail: true,
    versions: [{ bytes: reduced(3, [rowSum('x', 'sum'), node('Reciprocal', ['sum'], ['y'])]) }],
  },
  {
    name: 'single',
    role: 'vector',
    addresses: ['single'],
    answers: [number('y')],
    input: 'x',
    weight: 5,
    versions: [{ bytes: linear([1, 1, 1], 1) }],
  },
  {
    name: 'crossing',
    role: 'vector',
    addresses: ['crossing'],
    answers: [number('y')],
    input: 'x',
    weight: 4,
    versions: [{ bytes: crossing }],
  },
  {
    name: 'skipping',
    role: 'vector',
    addresses: ['skipping'],
    answers: [number('y')],
    input: 'x',
    weight: 4,
    mayFail: true,
    versions: [{ bytes: linear([0.5, 0.5, 2]), options: SKIPPING }],
  },
  {
    name: 'hooked',
    role: 'vector',
    addresses: ['hooked'],
    answers: [number('y')],
    input: 'x',
    weight: 5,
    versions: [{ bytes: linear([1, 0, 1]), options: HOOKS }],
  },
];

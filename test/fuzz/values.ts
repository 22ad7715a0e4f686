/**
 * Expressions of JavaScript, from plain to hostile, as source text. What runs while a value is
 * converted (a getter, a toString, a trap) holds statements, which statements.ts makes.
 */
import fc from 'fast-check';

export type Source = fc.Arbitrary<string>;

/** One text of a list. */
export const oneOf = (...texts: readonly string[]): Source => fc.constantFrom(...texts);

const PLAIN = [
  ...['undefined', 'null', 'true', 'false', '0', '-0', '1', '-1', '1.5', 'NaN', 'Infinity'],
  ...['2**31', '-(2**31) - 1', '2**53', '1e308', '1e-320', '1n', '-(2n**63n)', '2n**200n'],
  ...["''", "'x'", "'12'", "'{1,2}'", "'(1,x)'", "'\\u0000'", "'\\ud800'", "'añ\\u{1d11e}'"],
];

const OBJECTS = [
  ...['({})', '[]', '[1, null, 2]', '[[1, 2], [3, 4]]', '[[1], [2, 3]]', '[[[[[[[[1]]]]]]]]'],
  ...["({a: 1, b: 'x'})", '({a: {a: {a: 1}}})', '[{a: 1}, {b: 2}]', '[, 1]', '[undefined]'],
  ...['new Date(0)', 'new Date(NaN)', 'new Date(8.64e15)', 'new Map([[1, 2]])', 'new Set([1])'],
  ...['new Error("e")', '/(a+)+b/', 'Object.create(null)', 'Object.freeze({a: 1})', 'new Date()'],
];

const ARRAYS = [
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
];

const BUFFERS = [
  ...['new ArrayBuffer(0)', 'new ArrayBuffer(9)', 'new SharedArrayBuffer(8)'],
  ...['new DataView(new ArrayBuffer(3))', 'new Uint8Array(new SharedArrayBuffer(8))'],
  'new Float64Array(new ArrayBuffer(32), 8, 2)',
  // Detached by growth: the view is of length 0 from then on.
  `(() => { const m = new WebAssembly.Memory({initial: 1}); const v = new Float64Array(m.buffer);
    m.grow(1); return v })()`,
];

const HUGE = [
  ...["'x'.repeat(3e6)", "'é'.repeat(1e6)", "'ab\\n\"'.repeat(3e5)", "'x'.padEnd(2**28)"],
  ...['new Array(1e5).fill(1)', 'Array(2**32 - 1)', 'Object.assign([], {length: 2**27})'],
  ...['new Uint8Array(2e6)', 'new Float64Array(1e5)', "'1'.repeat(1e5)", '2n ** 100000n'],
  ...['Array.from({length: 2e4}, (_, i) => ({i}))', 'nest(4000, [])', 'nest(4000, {}, "a")'],
  ...["Object.fromEntries(Array.from({length: 5e3}, (_, i) => ['k' + i, i]))"],
];

const ODD = [
  ...["Symbol('s')", 'Symbol.iterator', '() => 1', 'class A { static x = 1 }', 'globalThis'],
  ...['plv8', 'plv8.elog', 'JSON', 'Math', 'Reflect', 'Atomics', 'WebAssembly', 'Intl', 'this'],
  ...['arguments', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'kept', 'new WeakRef({})'],
  ...['new Proxy([], {})', 'new Proxy({a: 1}, {})', 'new Proxy(() => 1, {})', 'async () => 1'],
  '(() => { const p = Proxy.revocable([], {}); p.revoke(); return p.proxy })()',
  '(() => { const o = {}; o.o = o; return o })()',
  '(() => { const o = []; o.push(o); return o })()',
  ...['new Promise(() => {})', 'Promise.resolve(7)', 'Promise.reject(new Error("r"))'],
  ...['new (class extends Array {})(3)', 'new (class extends Promise {})((r) => r(1))'],
  ...['new (class extends Uint8Array {})(3)', 'new (class extends Error {})("sub")'],
  ...['Object(1n)', 'Object("s")', 'Object(Symbol())', 'new Boolean(false)', 'new Number(7)'],
  ...["new Intl.NumberFormat('de')", 'new FinalizationRegistry(() => {})', 'WebAssembly.Memory'],
];

/** Names of properties that the provider, V8 and PostgreSQL's types look for. */
export const NAMES = [
  ...['a', 'b', '0', '1', 'length', 'code', 'sqlstate', 'message', 'detail', 'stack', 'name'],
  ...['toString', 'valueOf', 'toJSON', 'constructor', '__proto__', 'then', 'next', 'context'],
];
const key = oneOf(
  ...NAMES.map((name) => `[${JSON.stringify(name)}]`),
  ...['[Symbol.toPrimitive]', '[Symbol.iterator]', '[Symbol.species]', '[Symbol.toStringTag]'],
);

const TRAPS = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor', 'set'];

/** Values; `statements` is the text that hooks run, `value` the way back for what holds values. */
export function valuesOf(value: Source, statements: Source): Source {
  const hook = fc
    .tuple(key, oneOf('', 'get ', 'async ', '*'), statements, value)
    .map(([name, kind, body, result]) => `({${kind}${name}() { ${body}; return ${result} }})`);
  const property = fc.tuple(key, value).map(([name, item]) => `({${name}: ${item}})`);
  const array = fc.array(value, { maxLength: 4 }).map((items) => `[${items.join(', ')}]`);
  const typed = fc
    .tuple(oneOf(...ARRAYS), oneOf('0', '3', '[1, 2]', '1e4', 'new ArrayBuffer(16)'))
    .map(([type, argument]) => `num(${type}, ${argument})`);
  const proxy = fc
    .tuple(value, oneOf(...TRAPS), statements, value)
    .map(([target, trap, body, result]) => {
      return `new Proxy(Object(${target}), {${trap}() { ${body}; return ${result} }})`;
    });
  const async = fc
    .tuple(statements, value)
    .map(([body, result]) => `(async () => { await null; ${body}; return ${result} })()`);
  const generator = fc
    .tuple(statements, value)
    .map(([body, result]) => `(function* () { ${body}; yield ${result} })()`);
  const error = fc
    .tuple(value, oneOf(...NAMES), value)
    .map(([message, name, item]) => `fail(${message}, ${JSON.stringify(name)}, ${item})`);
  const leaf = fc.oneof(
    { weight: 4, arbitrary: oneOf(...PLAIN) },
    { weight: 3, arbitrary: oneOf(...OBJECTS) },
    { weight: 3, arbitrary: oneOf(...ODD) },
    { weight: 2, arbitrary: typed },
    { weight: 1, arbitrary: oneOf(...BUFFERS) },
    { weight: 1, arbitrary: oneOf(...HUGE) },
  );
  return fc.oneof(
    { maxDepth: 3, depthIdentifier: 'value' },
    { weight: 8, arbitrary: leaf },
    { weight: 3, arbitrary: hook },
    { weight: 2, arbitrary: array },
    { weight: 2, arbitrary: property },
    { weight: 2, arbitrary: proxy },
    { weight: 1, arbitrary: async },
    { weight: 1, arbitrary: generator },
    { weight: 1, arbitrary: error },
  );
}

/** What the texts above stand on; it comes ahead of every program. */
export const HELPERS = `
const kept = globalThis.kept;
const nest = (n, inner, name) => {
  for (let i = 0; i < n; i++) inner = name === undefined ? [inner] : {[name]: inner};
  return inner;
};
const num = (type, argument) => {
  const big = type === BigInt64Array || type === BigUint64Array;
  return new type(big && Array.isArray(argument) ? argument.map(BigInt) : argument);
};
const fail = (message, name, item) => {
  const error = new Error(typeof message === 'string' ? message : 'failed');
  try { Object.defineProperty(error, name, {value: item}) } catch {}
  return error;
};
`;

/** Statements of JavaScript that lean on plv8's API and on what it is built on, as source text. */
import fc from 'fast-check';
import { NAMES, oneOf, type Source, valuesOf } from './values';

const STATEMENTS_OF_SQL = [
  ...['SELECT 1 AS a', 'SELECT $1', 'SELECT $1::int + $2::int', 'SELECT $1::jsonb', 'SELECT'],
  ...['SELECT nonsense', 'SELECT 1/0', 'SELECT 1 AS a, 2 AS a', 'SHOW ALL', 'EXPLAIN SELECT 1'],
  ...['SELECT generate_series(1, 600) AS a', "SELECT repeat('x', 100000)", 'COMMIT', ''],
  ...['SELECT * FROM fuzz_table', 'INSERT INTO fuzz_table VALUES ($1, $2) RETURNING *'],
  ...['UPDATE fuzz_table SET a = $1', 'DELETE FROM fuzz_table', 'TRUNCATE fuzz_table'],
  ...['SELECT ROW(1, NULL)', "SELECT '{{1,2},{3,4}}'::int[]", 'SELECT $1::fuzz_pair'],
  ...['SELECT $1::plv8_float8array', 'SELECT $1::bytea', 'SELECT $1::float8[]'],
  ...['SELECT fuzz_call($1::text)', 'SELECT fuzz_back($1::text)', 'SELECT fuzz_sql($1::text)'],
  ...['SELECT fuzz_other($1::text)', 'CALL fuzz_commit()', 'SELECT * FROM fuzz_rows($1::text)'],
  ...['SET LOCAL ROLE fuzz_second', 'RESET ROLE', 'SELECT plv8_reset()', 'DISCARD PLANS'],
  ...['SET plv8.typed_arrays = on', "SET plv8.numeric = 'bigint'", 'SELECT 12345678901234567890'],
  ...["SET plv8.json_numbers = 'exact'", "SET plv8.compatibility = 'upstream'", 'SELECT $1::json'],
  ...["SELECT '[12345678901234567890, 0.1]'::jsonb AS a", 'SELECT $1::numeric', 'SELECT now()'],
  ...['COPY (SELECT 1) TO STDOUT', 'CREATE TEMP TABLE t (i int); INSERT INTO t VALUES (1)'],
  ...['DECLARE c CURSOR FOR SELECT 1', 'FETCH ALL FROM c', 'CLOSE ALL', 'LISTEN fuzz'],
  ...['CREATE OR REPLACE FUNCTION fuzz_back(x text) RETURNS text LANGUAGE plv8 AS $$return x$$'],
  ...['DROP FUNCTION fuzz_sql(text)', 'ALTER TABLE fuzz_table ADD COLUMN c int', 'SELECT $3'],
  ...["DO 'plv8.elog(DEBUG1, 1)' LANGUAGE plv8", 'SELECT pg_sleep(0.001)', 'LOCK fuzz_table'],
];
const sql = oneOf(...STATEMENTS_OF_SQL.map((text) => JSON.stringify(text)));

const METHODS = [
  ...['elog', 'quote_literal', 'quote_nullable', 'quote_ident', 'execute', 'prepare', 'commit'],
  ...['subtransaction', 'find_function', 'return_next', 'get_window_object', 'rollback'],
  ...['memory_usage', 'nothing'],
];
const LEVELS = ['DEBUG5', 'DEBUG1', 'LOG', 'INFO', 'NOTICE', 'WARNING', 'ERROR', '22', '-1', '1e9'];
const PLAN = ['execute', 'cursor', 'free'];
const CURSOR = ['fetch', 'move', 'close'];
const WINDOW = [
  ...['get_partition_local', 'set_partition_local', 'get_current_position', 'rows_are_peers'],
  ...['get_partition_row_count', 'set_mark_position', 'get_func_arg_current'],
  ...['get_func_arg_in_partition', 'get_func_arg_in_frame'],
];
const FOUND = ["'fuzz_back'", "'fuzz_call(text)'", "'fuzz_sql'", "'now'", "'fuzz_secret'"];
const BUILTINS = [
  ...['Object', 'Array', 'Function', 'String', 'Number', 'BigInt', 'Symbol', 'Error', 'Date'],
  ...['Promise', 'RegExp', 'Map', 'Uint8Array', 'Float64Array', 'ArrayBuffer', 'TypeError'],
];
const GLOBALS = [
  ...['JSON', 'BigInt', 'Promise', 'plv8', 'console', 'Object', 'Array', 'Error', 'RangeError'],
  ...['Symbol', 'Date', 'NOTICE', 'String', 'undefined'],
];
const FUNCTIONS = [
  ...['JSON.stringify', 'JSON.parse', 'Object.keys', 'Reflect.ownKeys', 'Error.prepareStackTrace'],
  ...['Array.isArray', 'Promise.resolve', 'Function.prototype.call', 'Array.from', 'eval'],
  ...['String.prototype.toString', 'Error.captureStackTrace', 'BigInt.prototype.toJSON'],
];

/** Calls of plv8's API with fit and unfit arguments. */
function apiCalls(value: Source, statements: Source): Source {
  const list = fc.array(value, { maxLength: 3 }).map((items) => items.join(', '));
  const call = (name: string, ...parts: Source[]): Source =>
    fc.tuple(...parts).map((texts) => `${name}(${texts.filter((text) => text !== '').join(', ')})`);
  const plan = call('plv8.prepare', sql, oneOf('', "['int']", "['text', 'int']", "['nope']", '5'));
  const used = fc
    .tuple(plan, fc.array(fc.tuple(oneOf(...PLAN), list), { minLength: 1, maxLength: 3 }))
    .map(([made, uses]) => {
      const calls = uses.map(([name, items]) => `k(() => p.${name}(${items}))`).join('; ');
      return `{ const p = globalThis.kept = ${made}; ${calls} }`;
    });
  const cursor = fc
    .tuple(plan, list, fc.array(fc.tuple(oneOf(...CURSOR), value), { maxLength: 3 }))
    .map(([made, items, uses]) => {
      const calls = uses.map(([name, item]) => `k(() => c.${name}(${item}))`).join('; ');
      return `{ const c = globalThis.kept = ${made}.cursor(${items}); ${calls} }`;
    });
  const window = fc
    .tuple(oneOf(...WINDOW), list)
    .map(([name, items]) => `(globalThis.kept = plv8.get_window_object()).${name}(${items})`);
  const foreign = fc
    .tuple(oneOf('prepare("SELECT 1")', 'get_window_object()'), oneOf(...PLAN, ...WINDOW), value)
    .map(([object, name, receiver]) => `plv8.${object}.${name}.call(${receiver}, 1)`);
  return fc.oneof(
    { weight: 4, arbitrary: call('plv8.execute', sql, list) },
    { weight: 1, arbitrary: call('plv8.execute', value, list) },
    { weight: 2, arbitrary: call('plv8.elog', oneOf(...LEVELS), list) },
    { weight: 2, arbitrary: call('plv8.return_next', value) },
    { weight: 2, arbitrary: used },
    { weight: 2, arbitrary: cursor },
    { weight: 1, arbitrary: window },
    { weight: 1, arbitrary: foreign },
    { weight: 1, arbitrary: call('plv8.find_function', oneOf(...FOUND)).map((f) => `${f}(1)`) },
    { weight: 1, arbitrary: statements.map((body) => `plv8.subtransaction(() => { ${body} })`) },
    { weight: 1, arbitrary: oneOf('plv8.commit()', 'plv8.rollback()', 'plv8.memory_usage()') },
    {
      weight: 2,
      arbitrary: fc
        .tuple(oneOf(...METHODS), list)
        .map(([name, items]) => `{ const {${name}: m} = plv8; m(${items}) }`),
    },
    {
      weight: 1,
      arbitrary: fc
        .tuple(oneOf('log', 'warn', 'error', 'debug', 'table', 'dir', 'assert'), list)
        .map(([name, items]) => `console.${name}(${items})`),
    },
  );
}

/** Replaces what the script, V8 and the provider stand on. */
function pollution(value: Source, statements: Source): Source {
  const type = fc.oneof(oneOf(...BUILTINS), oneOf('Object', 'Array', 'Error'));
  const body = fc.oneof(statements, probe);
  const accessor = fc
    .tuple(type, oneOf(...NAMES), body, value)
    .map(([owner, name, run, result]) => {
      const get = `get() { return once(() => { ${run}; return ${result} }) }`;
      const set = `set() { once(() => { ${run} }) }`;
      return `Object.defineProperty(${owner}.prototype, ${JSON.stringify(name)},
        {configurable: true, ${get}, ${set}})`;
    });
  const replaced = fc.tuple(oneOf(...FUNCTIONS), statements, value).map(([name, body, result]) => {
    return `${name} = function () { return once(() => { ${body}; return ${result} }) }`;
  });
  const global = fc
    .tuple(oneOf(...GLOBALS), value)
    .map(([name, item]) => `globalThis[${JSON.stringify(name)}] = ${item}`);
  return fc.oneof(accessor, replaced, global, oneOf('Error.stackTraceLimit = 1e9'));
}

/** Plain uses of the API, which meet whatever a program did before them. */
const PROBES = [
  "plv8.execute('SELECT generate_series(1, 3) AS a, 1.5::numeric AS b')",
  "plv8.execute('SELECT $1::jsonb AS a, $2::float8[] AS b', [{a: [1, {b: 2}]}, [1, 2]])",
  "plv8.execute('SELECT $1::fuzz_nested AS a', [{a: {a: 1}, b: [{a: 2, b: 3}], c: [{}]}])",
  "plv8.execute('SELECT nonsense')",
  "plv8.execute('SELECT fuzz_call($1)', ['[1, 2]'])",
  `{ const p = plv8.prepare('SELECT $1::int AS a', ['int']); p.execute([1]);
    const c = p.cursor([1]); c.fetch(); c.close(); p.free() }`,
  "plv8.subtransaction(() => plv8.execute('INSERT INTO fuzz_table VALUES (1) RETURNING *'))",
  'plv8.return_next({a: 1, b: 2})',
  'plv8.elog(DEBUG1, {}, [])',
  'JSON.parse(\'{"a": [1]}\')',
  "plv8.find_function('fuzz_back')('x')",
  "throw new TypeError('probe')",
  'Promise.reject(new Error("probe"))',
];
const probe = oneOf(...PROBES).map((text) => `k(() => { ${text} })`);

/** Statements of the language itself: loops, recursion, exceptions, code from text. */
function control(value: Source, statements: Source): Source {
  const around = (before: string, after: string): Source =>
    statements.map((body) => `${before} ${body} ${after}`);
  return fc.oneof(
    around('try {', '} catch (x) { globalThis.kept = x }'),
    around('try {', '} finally { kept2 = 1 }'),
    around('for (let i = 0; i < 3; i++) {', '}'),
    around('for (const i of [1, 2]) {', '}'),
    around('(function again(n) { if (n > 0) again(n - 1); else {', '} })(500)'),
    around('(function deep() { try { deep() } catch { once(() => {', '}) } })()'),
    around('queue(() => {', '})'),
    statements.map((body) => `eval(${JSON.stringify(body)})`),
    statements.map((body) => `new Function('k', 'once', ${JSON.stringify(body)})(k, once)`),
    value.map((item) => `throw ${item}`),
    value.map((item) => `return ${item}`),
    value.map((item) => `globalThis.kept = ${item}`),
    value.map((item) => `k(() => [...${item}])`),
    value.map((item) => `k(() => String(${item}))`),
    value.map((item) => `k(() => JSON.stringify(${item}))`),
    fc.tuple(oneOf('a', 'b', 'c', 'd', 'e'), value).map(([name, item]) => `${name} = ${item}`),
    oneOf(
      'while (true);',
      'for (const a = []; ; ) a.push(new Array(1000).fill(1.5))',
      'for (let s = "x"; ; ) s += s',
      '/(a+)+b/.test("a".repeat(40))',
      'for (;;) queue(() => {})',
      '(function f() { f() })()',
      'c.length = 0',
      'c[100] = 1',
    ),
  );
}

/** What statements use; it follows the values' helpers. */
export const HELPERS = `
let depth = 0, kept2;
const once = (run) => {
  if (depth > 2) return undefined;
  depth++;
  try { return run() } finally { depth-- }
};
const k = (run) => { try { return once(run) } catch (x) { globalThis.kept = x } };
const queue = (run) => { Promise.resolve().then(run) };
`;

/** One to four statements, and values that hold statements. */
export function sources(): { value: Source; statements: Source; body: Source } {
  const tied = fc.letrec<{ value: string; statements: string; statement: string }>((tie) => {
    const value = tie('value');
    const statements = tie('statements');
    return {
      value: valuesOf(value, statements),
      statements: fc
        .array(tie('statement'), { maxLength: 4, depthIdentifier: 'statement' })
        .map((all) => all.join(';\n')),
      statement: fc.oneof(
        { maxDepth: 3, depthIdentifier: 'statement' },
        { weight: 2, arbitrary: value.map((item) => `k(() => ${item})`) },
        // Most go on after an error; some end the program with it.
        { weight: 7, arbitrary: apiCalls(value, statements).map((call) => `k(() => { ${call} })`) },
        { weight: 1, arbitrary: apiCalls(value, statements) },
        { weight: 2, arbitrary: pollution(value, statements) },
        { weight: 3, arbitrary: control(value, statements) },
      ),
    };
  });
  const polluting = pollution(tied.value, tied.statements).map((text) => `k(() => { ${text} })`);
  const body = fc
    .tuple(
      fc.array(polluting, { maxLength: 2 }),
      fc.array(tied.statement, { maxLength: 5 }),
      fc.array(probe, { minLength: 1, maxLength: 3 }),
    )
    .map((parts) => parts.flat().join(';\n'));
  return { value: tied.value, statements: tied.statements, body };
}

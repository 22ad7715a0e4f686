-- What upstream's behaviour promises beyond what the other files hold.
\set VERBOSITY terse

LOAD 'plv8';
-- Settings of upstream, by name; those that mean nothing here are accepted all the same.
SELECT name, context, vartype FROM pg_settings WHERE name IN ('plv8.start_proc', 'plv8.v8_flags',
  'plv8.icu_data', 'plv8.debugger_port', 'plv8.memory_limit', 'plv8.execution_timeout')
ORDER BY name;

-- Bodies: sloppy mode, line numbers of the body, `this` of the query, level constants.
CREATE FUNCTION sloppy() RETURNS text LANGUAGE plv8 AS $$
  undeclared = 1;
  with ({inner: 2}) { undeclared += inner }
  return [undeclared, typeof this, arguments.length, arguments.callee.name].join(' ');
$$;
SELECT sloppy();
CREATE FUNCTION third_line() RETURNS void LANGUAGE plv8 AS $$
  const e = new Error('here');
  throw e;
$$;
\set VERBOSITY default
SELECT third_line();
\set VERBOSITY terse
DO $$ plv8.elog(NOTICE, [DEBUG5, DEBUG4, DEBUG3, DEBUG2, DEBUG1, LOG, INFO, NOTICE, WARNING, ERROR]
  .every((level, i, all) => i === 0 || level > all[i - 1])) $$ LANGUAGE plv8;

-- Globals: what V8 brings is there, what a browser or Node adds is not.
DO $$
  const names = (list) => list.filter((name) => typeof globalThis[name] !== 'undefined').join(' ');
  plv8.elog(NOTICE, names(['Intl', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'WeakRef', 'eval',
    'setTimeout', 'queueMicrotask', 'TextEncoder', 'URL', 'crypto', 'structuredClone',
    'performance', 'require', 'process', 'fetch']));
  plv8.elog(NOTICE, new Intl.NumberFormat('de').format(1234.5), typeof plv8.v8_version,
    Object.keys(plv8.memory_usage()).join(' '));
$$ LANGUAGE plv8;
DO $$ const m = new WebAssembly.Module(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]));
  plv8.elog(NOTICE, typeof new WebAssembly.Instance(m)) $$ LANGUAGE plv8;
CREATE FUNCTION imports() RETURNS text LANGUAGE plv8 AS $$ return import('x') $$;
SELECT imports();
CREATE FUNCTION with_import() RETURNS text LANGUAGE plv8 AS $$ import x from 'x' $$;

-- Microtasks run when the call ends, in their order.
DO $$
  Promise.resolve().then(() => plv8.elog(NOTICE, 'second')).then(() => plv8.elog(NOTICE, 'third'));
  plv8.elog(NOTICE, 'first');
$$ LANGUAGE plv8;

-- Arguments of type internal and record; functions that only JavaScript calls.
CREATE FUNCTION pure(internal) RETURNS internal LANGUAGE plv8 AS $$ return $1.map((x) => x * 2) $$;
CREATE FUNCTION calls_pure() RETURNS int[] LANGUAGE plv8
  AS $$ return plv8.find_function('pure')([1, 2]) $$;
SELECT calls_pure();
CREATE FUNCTION of_record(r record) RETURNS text LANGUAGE plv8 AS $$ return JSON.stringify(r) $$;
SELECT of_record(ROW(1, 'x', NULL)), of_record(t) FROM (SELECT 1 AS a, ARRAY[1] AS b) t;
CREATE FUNCTION strict_found(x int) RETURNS int STRICT LANGUAGE plv8
  AS $$ return x === null ? -1 : x $$;
DO $$ plv8.elog(NOTICE, plv8.find_function('strict_found')(null)) $$ LANGUAGE plv8;

-- Dates both ways, numeric by its text, strings to anything by its input function.
CREATE FUNCTION as_date(s text) RETURNS date LANGUAGE plv8 AS $$ return new Date(s) $$;
CREATE FUNCTION as_timestamp(s text) RETURNS timestamp LANGUAGE plv8 AS $$ return new Date(s) $$;
CREATE FUNCTION as_numeric(s text) RETURNS numeric LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION as_range(s text) RETURNS int4range LANGUAGE plv8 AS $$ return s $$;
SET timezone = 'America/New_York';
SELECT as_date('1969-12-31T23:59:59.999Z'), as_timestamp('1969-12-31T23:59:59.999Z');
RESET timezone;
SELECT as_numeric('0.1'), as_numeric('2n ** 100n'), as_numeric('"1.500"'), as_range('[1,3]');
SELECT as_numeric('NaN'), as_numeric('-Infinity'), as_numeric('1e21');
SELECT as_timestamp('+275760-09-13T00:00:00Z');

-- Typed arrays of every kind: as arguments, changed in place and returned, and by domain.
SET plv8.typed_arrays = on;
CREATE FUNCTION first_plus(a anyarray) RETURNS anyarray LANGUAGE plv8 AS $$
  plv8.elog(NOTICE, a.constructor.name);
  a[0] = typeof a[0] === 'bigint' ? a[0] + 1n : a[0] + 1;
  return a;
$$;
SELECT first_plus(ARRAY[1, 2]::int2[]), first_plus(ARRAY[1, 2]::int4[]),
  first_plus(ARRAY[1, 2]::int8[]), first_plus(ARRAY[1, 2]::float4[]),
  first_plus(ARRAY[1, 2]::float8[]), first_plus('{}'::float8[]), first_plus(ARRAY[1, NULL]::int4[]),
  first_plus(ARRAY[1, 2]::numeric[]);
RESET plv8.typed_arrays;
CREATE FUNCTION from_plain() RETURNS plv8_float8array LANGUAGE plv8 AS $$ return [1, 2.5] $$;
CREATE FUNCTION from_other() RETURNS plv8_int2array LANGUAGE plv8
  AS $$ return new Float64Array([1, 2]) $$;
CREATE FUNCTION too_large() RETURNS plv8_int2array LANGUAGE plv8
  AS $$ return new Int32Array([70000]) $$;
SELECT from_plain(), from_other();
SELECT too_large();
CREATE FUNCTION sized(a plv8_int2array, b plv8_int4array, c plv8_int8array, d plv8_float4array)
  RETURNS text LANGUAGE plv8 AS $$ return [a, b, c, d].map((x) => x.constructor.name).join(' ') $$;
SELECT sized('{}', '{1}', '{1,2}', '{0.5}');
CREATE FUNCTION bytes_kept(b bytea) RETURNS bytea LANGUAGE plv8 AS $$ b[0] = 255; return b $$;
SELECT bytes_kept('\x0001'), bytes_kept('');
SELECT length(bytes_kept(decode(repeat('00', 20000000), 'hex')));

-- Arrays of bytea and of composites in two dimensions; of jsonb, whose elements may be arrays.
CREATE TYPE of_two AS (a int, b text);
CREATE FUNCTION same_array(x anyarray) RETURNS anyarray LANGUAGE plv8 AS $$ return x $$;
SELECT same_array('{{"\\x01","\\x02"},{"\\x03",NULL}}'::bytea[]),
  same_array(ARRAY[[ROW(1, 'x')::of_two, NULL], [NULL, ROW(2, '"')::of_two]]);
SELECT same_array(ARRAY[['[1]', '[2]'], ['3', '4']]::jsonb[]);

-- Errors: e.context, the fields of an error of SQL, conversion errors inside plan.execute.
CREATE FUNCTION with_context() RETURNS void LANGUAGE plv8
  AS $$ throw Object.assign(new Error('x'), {context: 'my own context', code: 'P0001'}) $$;
CREATE FUNCTION context_of() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  told text;
BEGIN
  PERFORM with_context();
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS told = PG_EXCEPTION_CONTEXT;
  RETURN split_part(told, E'\n', 1);
END $$;
SELECT context_of();
CREATE TABLE narrow (a int CONSTRAINT a_small CHECK (a < 5) NOT NULL);
DO $$
  const of = (sql) => { try { plv8.execute(sql) } catch (e) {
    plv8.elog(NOTICE, e.sqlstate, e.schema_name, e.table_name, e.column_name, e.constraint_name);
  } };
  of('INSERT INTO narrow VALUES (7)');
  of('INSERT INTO narrow VALUES (NULL)');
  const plan = plv8.prepare('SELECT $1::int AS a', ['int']);
  for (const value of ['x', 2 ** 40, Symbol('s'), {toString: null}])
    try { plan.execute([value]) } catch (e) { plv8.elog(NOTICE, e.sqlstate, e.message) }
  plv8.elog(NOTICE, plan.execute([1])[0].a);
  plan.free();
  plv8.elog(NOTICE, Object.keys(plv8.execute('EXPLAIN SELECT 1')[0]).join());
$$ LANGUAGE plv8;

-- Transactions: in a DO block as in a procedure; not beneath another call.
CREATE TABLE kept (i int);
DO $$
  plv8.execute('INSERT INTO kept VALUES (1)');
  plv8.commit();
  plv8.execute('INSERT INTO kept VALUES (2)');
  plv8.rollback();
  plv8.execute('INSERT INTO kept VALUES (3)');
$$ LANGUAGE plv8;
SELECT * FROM kept;
CREATE PROCEDURE commits(INOUT n int, text DEFAULT 'x') LANGUAGE plv8
  AS $$ plv8.commit(); return {n: n + 1} $$;
CALL commits(1);
DO $$ DECLARE n int := 1; BEGIN CALL commits(n); RAISE NOTICE '%', n; END $$;
DO $$ plv8.execute('CALL commits(1)') $$ LANGUAGE plv8;
DO $$
  const cursor = plv8.prepare('SELECT generate_series(1, 3) AS i').cursor();
  cursor.fetch();
  plv8.commit();
  try { cursor.fetch() } catch (e) { plv8.elog(NOTICE, e.message) }
$$ LANGUAGE plv8;

-- A failing start_proc stops calls, and not the mending of it.
CREATE FUNCTION starts() RETURNS void LANGUAGE plv8 AS $$ throw new Error('cannot start') $$;
SELECT plv8_reset();
SET plv8.start_proc = 'starts';
SELECT sloppy();
CREATE FUNCTION made_meanwhile() RETURNS int LANGUAGE plv8 AS $$ return 1 $$;
CREATE OR REPLACE FUNCTION starts() RETURNS void LANGUAGE plv8
  AS $$ globalThis.started = 'mended' $$;
CREATE FUNCTION started() RETURNS text LANGUAGE plv8 AS $$ return globalThis.started $$;
SELECT started();
RESET plv8.start_proc;

-- Triggers of a statement, of TRUNCATE, and what a row trigger's undefined leaves.
CREATE TABLE truncated (i int);
CREATE FUNCTION on_truncate() RETURNS trigger LANGUAGE plv8
  AS $$ plv8.elog(NOTICE, TG_OP, TG_WHEN, TG_LEVEL, NEW, OLD); return {i: 1} $$;
CREATE TRIGGER before_truncate BEFORE TRUNCATE ON truncated
  FOR EACH STATEMENT EXECUTE FUNCTION on_truncate();
TRUNCATE truncated;
CREATE FUNCTION leaves_it() RETURNS trigger LANGUAGE plv8 AS $$ NEW.i = 100 $$;
CREATE TRIGGER leave BEFORE UPDATE ON truncated FOR EACH ROW EXECUTE FUNCTION leaves_it();
INSERT INTO truncated VALUES (1);
UPDATE truncated SET i = 2 RETURNING i;

-- Event triggers: of dropped objects, and errors that stop the command.
CREATE FUNCTION no_drop() RETURNS event_trigger LANGUAGE plv8 AS $$
  const names = plv8.execute('SELECT object_identity AS n FROM pg_event_trigger_dropped_objects()');
  throw new Error(`${TG_EVENT} ${TG_TAG}: ${names[0].n} stays`);
$$;
CREATE EVENT TRIGGER no_drop ON sql_drop EXECUTE FUNCTION no_drop();
DROP TABLE truncated;
DROP EVENT TRIGGER no_drop;

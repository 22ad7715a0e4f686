SET plv8.memory_limit = '64MB';
-- What ends a backend under upstream plv8 3.2: here a result or an SQL error.
CREATE FUNCTION typed_result() RETURNS float8[]
  LANGUAGE plv8 AS $$ return new Float64Array([1.5, 2]) $$;
SELECT typed_result();
CREATE FUNCTION mapped(a plv8_float8array) RETURNS plv8_float8array
  LANGUAGE plv8 AS $$ return a.map(x => 2 * x) $$;
SELECT mapped('{1,2}'), mapped('{}');
CREATE FUNCTION bytes_of_floats() RETURNS bytea
  LANGUAGE plv8 AS $$ return new Float32Array([1.5]) $$;
CREATE FUNCTION bytes_of_bigints() RETURNS bytea
  LANGUAGE plv8 AS $$ return new BigInt64Array([1n]) $$;
SELECT bytes_of_floats(), bytes_of_bigints();
CREATE FUNCTION cyclic() RETURNS jsonb LANGUAGE plv8 AS $$ const a = {}; a.a = a; return a $$;
SELECT cyclic();
CREATE FUNCTION long_string(j jsonb) RETURNS int LANGUAGE plv8 AS $$ return j.a.length $$;
SELECT long_string(jsonb_build_object('a', repeat('x', 20000000)));
CREATE FUNCTION destructured() RETURNS SETOF int LANGUAGE plv8
  AS $$ const {return_next} = plv8; return_next(1); const {execute} = plv8; execute('SELECT 1') $$;
SELECT * FROM destructured();
CREATE FUNCTION reset_inside() RETURNS int LANGUAGE plv8 AS $$
  plv8.execute('SELECT plv8_reset()');
  return plv8.execute('SELECT typed_result()').length;
$$;
SELECT reset_inside(), plv8_reset(), reset_inside() FROM generate_series(1, 2);
CREATE FUNCTION symbol_text() RETURNS text LANGUAGE plv8 AS $$ return Symbol('x') $$;
SELECT symbol_text();

DO $$ Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0) $$ LANGUAGE plv8;

-- Depth: of values, of calls, of calls through SQL.
CREATE FUNCTION nested(n int) RETURNS jsonb LANGUAGE plv8
  AS $$ let a = []; for (let i = 1; i < n; i++) a = [a]; return a $$;
SELECT length(nested(1000)::text);
SELECT length(nested(1000000)::text);
DO $$ const f = () => f(); f() $$ LANGUAGE plv8;
CREATE FUNCTION recursing(n int) RETURNS text LANGUAGE plv8
  AS $$ return plv8.execute('SELECT recursing($1) AS r', [n + 1])[0].r $$;
\set VERBOSITY sqlstate
DO $$ try { plv8.execute('SELECT recursing(0)') } catch (e) { plv8.elog(NOTICE,
  'ended') } $$ LANGUAGE plv8;
\set VERBOSITY terse

-- Memory: heap, array buffers, strings; the session goes on each time.
DO $$ const a = []; while (true) a.push({x: new Array(100).fill(1.5)}) $$ LANGUAGE plv8;
DO $$ try { const a = [];
  while (true) a.push('abc'.repeat(9) + a.length) } catch (e) { } $$ LANGUAGE plv8;
DO $$ const m = new Map(); for (let i = 0; ; i++) m.set(i, {i}) $$ LANGUAGE plv8;
DO $$ const a = []; while (true) a.push(new Uint8Array(10000000)) $$ LANGUAGE plv8;
DO $$ let s = 'x'; while (true) s += s $$ LANGUAGE plv8;
DO $$ plv8.elog(NOTICE, 'still here') $$ LANGUAGE plv8;

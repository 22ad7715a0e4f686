-- Arguments by name, by position, with defaults, variadic, polymorphic.
CREATE FUNCTION add(a int, b int) RETURNS int LANGUAGE plv8 AS $$ return a + b $$;
SELECT add(1, 2), add(b => 5, a => 1), add(NULL, 3);
CREATE FUNCTION unnamed(int, text) RETURNS text LANGUAGE plv8 AS $$ return $2 + $1 $$;
SELECT unnamed(1, 'x');
CREATE FUNCTION strict_add(a int, b int) RETURNS int LANGUAGE plv8 STRICT AS $$ return a + b $$;
SELECT strict_add(NULL, 3) IS NULL;
CREATE FUNCTION with_default(a int, b int DEFAULT 10) RETURNS int
  LANGUAGE plv8 AS $$ return a * b $$;
SELECT with_default(2), with_default(2, 3);
CREATE FUNCTION total(VARIADIC v int[]) RETURNS int LANGUAGE plv8
  AS $$ return v.reduce((x, y) => x + y, 0) $$;
SELECT total(1, 2, 3);
CREATE FUNCTION same(x anyelement) RETURNS anyelement LANGUAGE plv8 AS $$ return x $$;
SELECT same(1), same('a'::text), same(now()) = date_trunc('milliseconds', now());
CREATE FUNCTION first_of(x anyarray) RETURNS anyelement LANGUAGE plv8 AS $$ return x[0] $$;
SELECT first_of(ARRAY['p', 'q']), first_of(ARRAY[7, 8]);

-- Results: void, NULL, OUT parameters one and several, records.
CREATE FUNCTION nothing() RETURNS void LANGUAGE plv8 AS $$ return 5 $$;
SELECT nothing();
CREATE FUNCTION undefined_result() RETURNS int LANGUAGE plv8 AS $$ $$;
SELECT undefined_result() IS NULL;
CREATE FUNCTION one_out(a int, OUT b int) LANGUAGE plv8 AS $$ return a + 1 $$;
SELECT one_out(1);
CREATE FUNCTION two_out(a int, OUT b int, OUT c text) LANGUAGE plv8
  AS $$ return {b: a + 1, c: 'c' + a} $$;
SELECT * FROM two_out(1);
SELECT two_out(2);
CREATE FUNCTION in_out(INOUT a int, INOUT b int) LANGUAGE plv8 AS $$ return {a: b, b: a} $$;
SELECT * FROM in_out(1, 2);
CREATE FUNCTION any_record() RETURNS record LANGUAGE plv8 AS $$ return {a: 1, b: 'x'} $$;
SELECT * FROM any_record() AS t(a int, b text);
SELECT any_record();

-- State: globalThis lives as long as the session, `this` as long as the query.
CREATE FUNCTION count_calls() RETURNS int LANGUAGE plv8
  AS $$ globalThis.calls = (globalThis.calls || 0) + 1; return globalThis.calls $$;
SELECT count_calls(), count_calls();
SELECT count_calls();
CREATE FUNCTION count_rows(x int) RETURNS int LANGUAGE plv8
  AS $$ this.rows = (this.rows || 0) + 1; return this.rows $$;
SELECT count_rows(x) FROM generate_series(1, 3) x;
SELECT count_rows(x) FROM generate_series(1, 2) x;
SELECT plv8_reset();
SELECT count_calls();

-- A redefinition holds at once, in a running session and inside a transaction.
CREATE OR REPLACE FUNCTION changing() RETURNS int LANGUAGE plv8 AS $$ return 1 $$;
SELECT changing();
BEGIN;
CREATE OR REPLACE FUNCTION changing() RETURNS int LANGUAGE plv8 AS $$ return 2 $$;
SELECT changing();
ROLLBACK;
SELECT changing();

-- A body cannot close its function, and syntax errors come at CREATE FUNCTION.
CREATE FUNCTION broken() RETURNS int LANGUAGE plv8 AS $$ return ( $$;
CREATE FUNCTION escaping() RETURNS int LANGUAGE plv8 AS $$ } ; function x() { $$;
SET check_function_bodies = off;
CREATE FUNCTION broken() RETURNS int LANGUAGE plv8 AS $$ return ( $$;
RESET check_function_bodies;
SELECT broken();

-- A big body: 200 kB of source, a frozen global that it leaves behind.
DO $do$
BEGIN
  EXECUTE format('CREATE FUNCTION load_bundle() RETURNS void LANGUAGE plv8 AS %L',
    'const filler = "' || repeat('x', 200000) || '";'
    'Object.defineProperty(globalThis, "bundle_v1", {value: Object.freeze('
    '{size: () => filler.length})});');
END $do$;
CREATE FUNCTION bundle_size() RETURNS int LANGUAGE plv8 AS $$
  if (!globalThis.bundle_v1) plv8.find_function('load_bundle')();
  return bundle_v1.size();
$$;
SELECT bundle_size(), bundle_size();

-- DO, procedures with transaction control, aggregates by state function.
DO $$ plv8.elog(NOTICE, 'in', 'a', 'block', 1) $$ LANGUAGE plv8;
CREATE TABLE ledger (i int);
CREATE PROCEDURE fill() LANGUAGE plv8 AS $$
  for (let i = 0; i < 4; i++) {
    plv8.execute('INSERT INTO ledger VALUES ($1)', [i]);
    if (i % 2) plv8.commit(); else plv8.rollback();
  }
$$;
CALL fill();
SELECT * FROM ledger ORDER BY i;
BEGIN;
CALL fill();
ROLLBACK;
CREATE PROCEDURE swap(INOUT a int, INOUT b int) LANGUAGE plv8 AS $$ return {a: b, b: a} $$;
CALL swap(1, 2);
CREATE FUNCTION concat_step(state text, x text) RETURNS text
  LANGUAGE plv8 AS $$ return state + x $$;
CREATE AGGREGATE concat_all(text) (
  SFUNC = concat_step, STYPE = text, INITCOND = '');
SELECT concat_all(x::text ORDER BY x) FROM generate_series(1, 5) x;

-- Promises: settled ones are awaited, others are an error.
CREATE FUNCTION later(x int) RETURNS int LANGUAGE plv8
  AS $$ return (async () => { await null; return x + 1 })() $$;
SELECT later(1);
CREATE FUNCTION never() RETURNS int LANGUAGE plv8 AS $$ return new Promise(() => {}) $$;
SELECT never();
CREATE FUNCTION rejected() RETURNS int LANGUAGE plv8
  AS $$ return Promise.reject(new Error('no')) $$;
SELECT rejected();

-- What scripts see of the provider.
CREATE FUNCTION about() RETURNS text LANGUAGE plv8
  AS $$ return plv8.version + ' ' + plv8.provider + ' '
    + (plv8.memory_usage().used_heap_size > 0) $$;
SELECT about();
DO $$ console.log('log', 1); console.warn('warn') $$ LANGUAGE plv8;
SELECT json_array_length(plv8_info()) > 0 AS has_roles;

-- Parallel workers start their own JavaScript.
CREATE TABLE many AS SELECT i FROM generate_series(1, 20000) i;
ANALYZE many;
CREATE FUNCTION twice(x int) RETURNS int
  LANGUAGE plv8 IMMUTABLE PARALLEL SAFE AS $$ return 2 * x $$;
CREATE FUNCTION looked_up(x int) RETURNS int LANGUAGE plv8 STABLE PARALLEL SAFE
  AS $$ return plv8.execute('SELECT $1::int AS r', [x])[0].r $$;
SET force_parallel_mode = on;
SELECT sum(twice(i)) FROM many;
SELECT sum(looked_up(i)) FROM many WHERE i < 100;
RESET force_parallel_mode;

-- Scripts that replace what the provider might use, or act in the middle of its work: each
-- ends in a result or an SQL error, and the session is the same at the end.
\set VERBOSITY terse
SELECT pg_backend_pid() AS pid \gset

-- A setter for array elements that runs SQL while the rows of another statement arrive.
DO $$
  let inside = false;
  Object.defineProperty(Array.prototype, 0, {configurable: true, set(v) {
    if (inside) return;
    inside = true;
    plv8.execute('SELECT 1');
    inside = false;
  }});
  plv8.elog(NOTICE, JSON.stringify(plv8.execute('SELECT i FROM generate_series(1, 3) i')));
$$ LANGUAGE plv8;
SELECT plv8_reset();

-- Fields of an error whose prototype has setters, columns that a prototype has.
DO $$
  Object.defineProperty(Error.prototype, 'sqlstate', {set() { throw new Error('setter') }});
  Object.defineProperty(Object.prototype, 'a', {set() { throw new Error('setter') }});
  try { plv8.execute('SELECT nonsense') } catch (e) { plv8.elog(NOTICE, e.sqlstate, e.message) }
  plv8.elog(NOTICE, plv8.execute('SELECT 1 AS a')[0].a);
$$ LANGUAGE plv8;
SELECT plv8_reset();

-- BigInt replaced: the digits of numeric do not go through it.
SET plv8.numeric = bigint;
DO $$
  globalThis.BigInt = () => { throw new Error('not this one') };
  const row = plv8.execute(`SELECT 12345678901234567890123456789 AS a, -10000000000000000000 AS b,
    0::numeric AS c`)[0];
  plv8.elog(NOTICE, typeof row.a, row.a, row.b, row.c);
$$ LANGUAGE plv8;
RESET plv8.numeric;
SELECT plv8_reset();

-- Text that looks like the mark of a BigInt in JSON stays text.
CREATE FUNCTION type_of_item(x jsonb) RETURNS text LANGUAGE plv8 AS $$ return typeof x[1] $$;
SET plv8.json_numbers = exact;
SELECT type_of_item(jsonb_build_array(12345678901234567890, U&'\E8FFplv8-bigint:x1'));
RESET plv8.json_numbers;

-- A plan freed, and a transaction ended, while its arguments are converted.
DO $$
  const plan = plv8.prepare('SELECT $1::int, $2::int', ['int', 'int']);
  plan.cursor([{toString() { plan.free(); return '1' }}, '2']);
$$ LANGUAGE plv8;
DO $$
  const plan = plv8.prepare('SELECT $1::int, $2::int', ['int', 'int']);
  plan.execute([{toString() { plan.free(); return '1' }}, '2']);
$$ LANGUAGE plv8;
DO $$ plv8.execute('SELECT $1', [{toString() { plv8.commit(); return '1' }}]) $$ LANGUAGE plv8;

-- An array that shrinks, and one that grows, while it is converted.
CREATE FUNCTION shrinking() RETURNS text[] LANGUAGE plv8 AS $$
  const a = [{toString() { a.length = 1; return 'first' }}, 'gone', 'gone'];
  return a;
$$;
SELECT shrinking();
CREATE FUNCTION growing() RETURNS int[] LANGUAGE plv8 AS $$
  const inner = [1];
  Object.defineProperty(inner, 0, {get() { inner.push(2); return '7' }});
  return [inner, [1]];
$$;
SELECT growing();

-- Whatever happened, it happened in one session.
SELECT pg_backend_pid() = :pid AS same_session;

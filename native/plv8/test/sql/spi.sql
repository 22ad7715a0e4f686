-- Rows, numbers, RETURNING, duplicate names, no rows, utility commands.
CREATE TABLE item (id int PRIMARY KEY, name text);
CREATE FUNCTION run(sql text, VARIADIC args text[] DEFAULT '{}') RETURNS jsonb LANGUAGE plv8
  AS $$ return plv8.execute(sql, args) $$;
SELECT run('INSERT INTO item VALUES (1, ''a''), (2, NULL)');
SELECT run('SELECT * FROM item ORDER BY id');
SELECT run('SELECT * FROM item WHERE id = $1', '2'), run('SELECT 1 AS a, 2 AS a');
SELECT run('SELECT * FROM item WHERE false'),
  run('UPDATE item SET name = $2 WHERE id = $1 RETURNING *', '2', 'b');
SELECT run('CREATE TEMP TABLE made (i int); INSERT INTO made VALUES (7)'),
  run('SHOW server_encoding');
SELECT run('SELECT $1::int IS NULL AS is_null, $1 AS value', NULL);
SELECT run('SELECT $1 IS NULL AS unknown', NULL);
SELECT run('SELECT $1::int + $2::int AS r', '1');
SELECT run('SELECT nonsense');
SELECT run('COMMIT');
DO $$ plv8.elog(NOTICE, plv8.execute('SELECT $1::int8 AS a, $2::jsonb AS b', 5n,
  {x: [1]})[0].b.x[0]) $$ LANGUAGE plv8;
DO $$ plv8.execute() $$ LANGUAGE plv8;

-- Repeated text is planned once and follows what changes under it.
SELECT run('SELECT * FROM item WHERE id = $1', '1');
ALTER TABLE item ADD COLUMN more int DEFAULT 9;
SELECT run('SELECT * FROM item WHERE id = $1', '1');
DROP TABLE item;
SELECT run('SELECT * FROM item WHERE id = $1', '1');
CREATE TABLE item (id text, name text);
INSERT INTO item VALUES ('1', 'again');
SELECT run('SELECT * FROM item WHERE id = $1', '1');

-- A caught error leaves the transaction usable and what was done before it in place.
CREATE FUNCTION survives() RETURNS text LANGUAGE plv8 AS $$
  plv8.execute("INSERT INTO item VALUES ('before', NULL)");
  try {
    plv8.execute(`INSERT INTO item
      SELECT 'lost', (1 / (i - 3))::text FROM generate_series(1, 3) i`);
  } catch (e) {
    plv8.execute("INSERT INTO item VALUES ('after', $1)", [e.sqlstate]);
    return e.message;
  }
$$;
SELECT survives();
SELECT * FROM item ORDER BY id;

-- An argument that cannot be converted can be caught as well.
DO $$ try { plv8.execute('SELECT $1::int', ['x']) } catch (e) { plv8.elog(NOTICE,
  e.message) } $$ LANGUAGE plv8;
DO $$ try { plv8.execute('SELECT $1::text', [Symbol('x')]) } catch (e) { plv8.elog(NOTICE,
  e.message) } $$ LANGUAGE plv8;
DO $$ plv8.execute('SELECT $1::text',
  [{toString() { throw new Error('from toString') }}]) $$ LANGUAGE plv8;

-- plv8.subtransaction rolls back as one.
CREATE FUNCTION as_one() RETURNS void LANGUAGE plv8 AS $$
  try {
    plv8.subtransaction(() => {
      plv8.execute("INSERT INTO item VALUES ('sub', NULL)");
      throw new Error('roll back');
    });
  } catch (e) { plv8.elog(NOTICE, e.message) }
  plv8.subtransaction(() => plv8.execute("INSERT INTO item VALUES ('kept', NULL)"));
$$;
SELECT as_one();
SELECT id FROM item WHERE id IN ('sub', 'kept');

-- Prepared plans and cursors.
CREATE FUNCTION prepared() RETURNS jsonb LANGUAGE plv8 AS $$
  const plan = plv8.prepare('SELECT i FROM generate_series(1, $1) i', ['int']);
  const result = [plan.execute([2]), plan.execute(1)];
  const cursor = plan.cursor([5]);
  result.push(cursor.fetch(), cursor.fetch(2));
  cursor.move(1);
  result.push(cursor.fetch(), cursor.fetch() === undefined, cursor.fetch(-1));
  cursor.close();
  for (const use of [() => cursor.fetch(), () => { plan.free(); plan.execute([1]) },
  () => plan.free.call({})])
    try { use() } catch (e) { result.push(e.message) }
  try { plv8.prepare('SELECT 1', ['no_such_type']) } catch (e) { result.push(e.message) }
  return result;
$$;
SELECT prepared();

-- Functions in functions: SQL, PL/pgSQL and JavaScript in between, errors through all.
CREATE FUNCTION inner_js(x int) RETURNS int LANGUAGE plv8 AS $$
  if (x > 2) { const e = new RangeError('too deep'); e.code = '22003'; throw e }
  return x $$;
CREATE FUNCTION middle(x int) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  RETURN inner_js(x);
EXCEPTION WHEN division_by_zero THEN RETURN -1;
END $$;
CREATE FUNCTION outer_js(x int) RETURNS text LANGUAGE plv8 AS $$
  try { return String(plv8.execute('SELECT middle($1) AS r', [x])[0].r) }
  catch (e) { return e.message + ' ' + e.sqlstate } $$;
SELECT outer_js(1), outer_js(3), outer_js(2);
SELECT middle(3);
CREATE FUNCTION js_factorial(n int) RETURNS numeric LANGUAGE plv8 AS $$
  return n <= 1 ? 1 : n * plv8.execute('SELECT js_factorial($1) AS f', [n - 1])[0].f $$;
SELECT js_factorial(12);

-- A stable function does not write, unless upstream's ways are asked for.
CREATE FUNCTION writes_stable() RETURNS int LANGUAGE plv8 STABLE
  AS $$ return plv8.execute("INSERT INTO item VALUES ('stable', NULL)") $$;
SELECT writes_stable();
SET plv8.compatibility = upstream;
SELECT writes_stable();
RESET plv8.compatibility;

-- find_function: right, language, existence.
CREATE FUNCTION call_found(name text) RETURNS text LANGUAGE plv8
  AS $$ try { return plv8.find_function(name)(2) } catch (e) { return e.message } $$;
SELECT call_found('inner_js'), call_found('public.inner_js(int)'), call_found('middle'),
  call_found('absent');

-- Quoting.
CREATE FUNCTION quotes() RETURNS text[] LANGUAGE plv8 AS $$
  return [plv8.quote_literal("it's"), plv8.quote_nullable(null), plv8.quote_nullable('x'),
    plv8.quote_ident('a b'), plv8.quote_ident('plain')] $$;
SELECT quotes();

-- A statement whose function fails with a syntax error's code is not run a second time, though
-- a cached plan that such an error came from would be made anew.
CREATE FUNCTION fail_below(n int) RETURNS int LANGUAGE plv8 AS $$
  globalThis.runs = (globalThis.runs || 0) + 1;
  if (n === 0) return 0;
  if (n === 1) throw Object.assign(new Error('at the bottom'), {code: '42601'});
  return plv8.execute('SELECT fail_below($1) AS r', [n - 1])[0].r;
$$;
DO $$
  plv8.execute('SELECT fail_below($1) AS r', [0]);
  try { plv8.execute('SELECT fail_below($1) AS r', [8]) } catch (e) { plv8.elog(NOTICE, e.message) }
  plv8.elog(NOTICE, globalThis.runs);
$$ LANGUAGE plv8;

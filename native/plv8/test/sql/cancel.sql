-- statement_timeout stops JavaScript wherever it is; no try/catch and no finally can keep it.
\set VERBOSITY terse
SET statement_timeout = '200ms';
DO $$ while (true) {} $$ LANGUAGE plv8;
DO $$ while (true) { try { while (true) {} } catch (e) {} finally { continue } } $$ LANGUAGE plv8;
DO $$ /(a+)+b/.test('a'.repeat(60)) $$ LANGUAGE plv8;
DO $$ const f = () => { for (;;) [3, 2, 1].sort((a, b) => a - b) }; f() $$ LANGUAGE plv8;
DO $$ while (true) { try { plv8.execute('SELECT pg_sleep(1)') } catch (e) {} } $$ LANGUAGE plv8;
DO $$ while (true) { try { plv8.execute('SELECT 1') } catch (e) {} } $$ LANGUAGE plv8;
CREATE FUNCTION spin() RETURNS int LANGUAGE plv8 AS $$ while (true) {} $$;
DO $$ try { plv8.execute('SELECT spin()') } catch (e) { } while (true) {} $$ LANGUAGE plv8;
CREATE FUNCTION spin_rows() RETURNS SETOF int
  LANGUAGE plv8 AS $$ while (true) plv8.return_next(1) $$;
SELECT count(*) FROM spin_rows();
DO $$ (async () => { for (;;) await null })() $$ LANGUAGE plv8;
DO $$ JSON.stringify({toJSON() { while (true) {} }}) $$ LANGUAGE plv8;
RESET statement_timeout;
-- Long work that is not JavaScript: JSON.parse, and values on their way in and out.
DO $$ globalThis.long_value = Array.from({length: 300000}, (x, i) => ({a: i, b: 'x' + i}));
  globalThis.long_text = JSON.stringify(long_value) $$ LANGUAGE plv8;
CREATE TABLE long_values AS
  SELECT x, x::text::json AS y
  FROM (SELECT jsonb_agg(jsonb_build_object('a', i, 'b', 'x' || i)) AS x
    FROM generate_series(1, 200000) AS i) AS s;
CREATE FUNCTION takes(x jsonb) RETURNS int LANGUAGE plv8 AS $$ return 1 $$;
CREATE FUNCTION takes_json(x json) RETURNS int LANGUAGE plv8 AS $$ return 1 $$;
CREATE FUNCTION gives() RETURNS jsonb LANGUAGE plv8 AS $$ return long_value $$;
SET statement_timeout = '10ms';
DO $$ JSON.parse(long_text) $$ LANGUAGE plv8;
DO $$ try { JSON.parse(long_text) } catch (e) { } plv8.elog(NOTICE, 'not reached') $$
  LANGUAGE plv8;
DO $$ JSON.parse(long_text, (key, value) => value) $$ LANGUAGE plv8;
DO $$ JSON.parse('"' + 'x'.repeat(100000000) + '"') $$ LANGUAGE plv8;
DO $$ JSON.stringify(long_value) $$ LANGUAGE plv8;
DO $$ long_value.map(x => x.b).sort() $$ LANGUAGE plv8;
SELECT takes(x) FROM long_values;
SELECT takes_json(y) FROM long_values;
SELECT pg_column_size(gives());
SET plv8.json_numbers = exact;
SELECT takes(x) FROM long_values;
SELECT takes_json(y) FROM long_values;
RESET plv8.json_numbers;
-- A builtin that nothing can interrupt: its call ends so, not the next statement.
DO $$ let text = 'x'.repeat(30000000); text += 'y'; text.split('') $$ LANGUAGE plv8;
RESET statement_timeout;
DO $$ long_value = long_text = null $$ LANGUAGE plv8;
DROP TABLE long_values;
-- The session and its JavaScript go on.
CREATE FUNCTION fine() RETURNS text LANGUAGE plv8 AS $$ return 'fine' $$;
SELECT fine();
-- A cancelled script's writes are gone with its statement.
CREATE TABLE written (i int);
SET statement_timeout = '200ms';
DO $$ plv8.execute('INSERT INTO written VALUES (1)'); while (true) {} $$ LANGUAGE plv8;
RESET statement_timeout;
SELECT count(*) FROM written;
-- An error of another kind with the same code can be caught: it is not an interrupt.
DO $$ try { plv8.execute(`DO 'BEGIN RAISE EXCEPTION USING ERRCODE = ''57014'',
  MESSAGE = ''own timeout''; END'`) }
  catch (e) { plv8.elog(NOTICE, 'caught', e.sqlstate) } $$ LANGUAGE plv8;
SET lock_timeout = '100ms';
DO $$ try { plv8.execute('SELECT 1') } catch (e) { } plv8.elog(NOTICE, 'done') $$ LANGUAGE plv8;
RESET lock_timeout;

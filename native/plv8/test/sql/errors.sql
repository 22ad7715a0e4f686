\set VERBOSITY verbose
\set SHOW_CONTEXT errors
-- Message, DETAIL, HINT and SQLSTATE of a thrown error; both forms of the code.
CREATE FUNCTION fail(code text) RETURNS void LANGUAGE plv8 AS $$
  const e = new Error('it failed');
  e.code = /^\d+$/.test(code) && code.length !== 5 ? Number(code) : code;
  e.detail = 'A detail.';
  e.hint = 'A hint.';
  throw e;
$$;
\set VERBOSITY default
\pset format unaligned
CREATE FUNCTION sqlstate_of(sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE d text; h text; m text; s text;
BEGIN
  EXECUTE sql;
  RETURN 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT,
  s = RETURNED_SQLSTATE;
  RETURN concat_ws(' | ', s, m, d, h);
END $$;
SELECT sqlstate_of($$SELECT fail('22012')$$);
SELECT sqlstate_of($$SELECT fail('50856066')$$);
SELECT sqlstate_of($$SELECT fail('nonsense')$$);
SELECT sqlstate_of($$SELECT fail('00000')$$);
SELECT sqlstate_of($$SELECT fail('-5')$$);
SELECT fail('P0001');

-- Other things that are thrown.
DO $$ throw 'a string' $$ LANGUAGE plv8;
DO $$ throw {message: 'an object', code: '22023', hint: 'With a hint.'} $$ LANGUAGE plv8;
DO $$ throw null $$ LANGUAGE plv8;
DO $$ throw Symbol('s') $$ LANGUAGE plv8;
DO $$ undefined_name $$ LANGUAGE plv8;
DO $$ class MyError extends Error {}; throw new MyError('of mine') $$ LANGUAGE plv8;
DO $$ const e = new Error('x'); Object.defineProperty(e, 'message', {get() { throw 1 }});
  throw e $$ LANGUAGE plv8;
DO $$ throw new Proxy({}, {get() { throw new Error('trap') }}) $$ LANGUAGE plv8;

-- The stack is in CONTEXT.
CREATE FUNCTION deep() RETURNS void LANGUAGE plv8 AS $$
  function low() { throw new Error('low down') }
  function high() { low() }
  high();
$$;
SELECT deep();

-- A PostgreSQL error has fields in JavaScript and keeps them when it goes on.
CREATE TABLE unique_things (id int CONSTRAINT things_id UNIQUE);
CREATE FUNCTION violate(swallow boolean) RETURNS text LANGUAGE plv8 AS $$
  plv8.execute('INSERT INTO unique_things VALUES (1)');
  try { plv8.execute('INSERT INTO unique_things VALUES (1)') } catch (e) {
    if (!swallow) throw e;
    return [e instanceof Error, e.sqlstate, e.sqlerrcode === e.code, e.message, e.detail,
  e.constraint_name,
      e.table_name, e.schema_name].join(' | ');
  }
$$;
SELECT violate(true);
TRUNCATE unique_things;
SELECT violate(false);
SELECT sqlstate_of('SELECT violate(false)');

-- elog: levels, joining, ERROR can be caught, higher levels are refused.
DO $$ plv8.elog(NOTICE, 'a', 1, null, {}) ; plv8.elog(WARNING, 'w');
  plv8.elog(INFO, 'i') $$ LANGUAGE plv8;
DO $$ try { plv8.elog(ERROR, 'caught', 'me') } catch (e) { plv8.elog(NOTICE, 'got',
  e.message) } $$ LANGUAGE plv8;
DO $$ plv8.elog(ERROR, 'not caught') $$ LANGUAGE plv8;
DO $$ plv8.elog(22, 'fatal') $$ LANGUAGE plv8;
DO $$ plv8.elog(NOTICE) $$ LANGUAGE plv8;

-- start_proc: runs at the start, and its error is an error of SQL.
CREATE FUNCTION begin_well() RETURNS void LANGUAGE plv8 AS $$ globalThis.begun = 'yes' $$;
CREATE FUNCTION begin_badly() RETURNS void LANGUAGE plv8 AS $$ throw new Error('bad beginning') $$;
CREATE FUNCTION begun() RETURNS text LANGUAGE plv8 AS $$ return globalThis.begun $$;
SELECT plv8_reset();
SET plv8.start_proc = 'begin_badly';
SELECT begun();
SET plv8.start_proc = 'absent';
SELECT begun();
SET plv8.start_proc = 'begin_well';
SELECT begun();
CREATE FUNCTION begin_slowly() RETURNS void LANGUAGE plv8 AS $$
  return (async () => { await null; globalThis.begun = 'after a while' })() $$;
SELECT plv8_reset();
SET plv8.start_proc = 'begin_slowly';
SELECT begun();
RESET plv8.start_proc;

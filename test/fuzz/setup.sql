-- What random programs meet: types, tables, functions that call JavaScript again. Run by test/fuzz
-- as superuser; the programs run as fuzz_first.
CREATE ROLE fuzz_first LOGIN;
CREATE ROLE fuzz_second;
GRANT fuzz_second TO fuzz_first;
GRANT CREATE, USAGE ON SCHEMA public TO fuzz_first, fuzz_second;
ALTER DATABASE fuzz SET statement_timeout = '250ms';
ALTER DATABASE fuzz SET plv8.memory_limit = '48MB';
ALTER DATABASE fuzz SET client_min_messages = error;
ALTER DATABASE fuzz SET temp_file_limit = '100MB';
CREATE TYPE fuzz_mood AS ENUM ('sad', 'happy');
CREATE TYPE fuzz_pair AS (a int, b text);
CREATE TYPE fuzz_nested AS (a fuzz_pair, b fuzz_pair[], c jsonb);
CREATE DOMAIN fuzz_small AS int CHECK (VALUE < 100);
CREATE DOMAIN fuzz_pair_domain AS fuzz_pair CHECK ((VALUE).a > 0);
SET ROLE fuzz_first;
CREATE TABLE fuzz_table (a int, b text);
CREATE TABLE fuzz_watched (a int, b text, gone int, d jsonb DEFAULT '{}');
ALTER TABLE fuzz_watched DROP COLUMN gone;
CREATE FUNCTION fuzz_back(x text) RETURNS text LANGUAGE plv8 AS $$ return x $$;
CREATE FUNCTION fuzz_call(code text) RETURNS text LANGUAGE plv8 AS $$
  globalThis.calls = (globalThis.calls || 0) + 1;
  return calls > 50 ? 'enough' : eval(code) $$;
CREATE FUNCTION fuzz_sql(code text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN fuzz_call(code);
EXCEPTION WHEN OTHERS THEN RETURN SQLERRM;
END $$;
CREATE FUNCTION fuzz_rows(x text) RETURNS TABLE (a text, b int) LANGUAGE plv8
  AS $$ plv8.return_next({a: x}); return [{a: x, b: 1}] $$;
CREATE PROCEDURE fuzz_commit() LANGUAGE plv8 AS $$ plv8.commit() $$;
CREATE FUNCTION fuzz_start() RETURNS void LANGUAGE plv8 AS $$ globalThis.kept = {started: 1} $$;
CREATE FUNCTION fuzz_secret() RETURNS void LANGUAGE plv8 AS $$ $$;
REVOKE EXECUTE ON FUNCTION fuzz_secret() FROM PUBLIC, fuzz_first;
SET ROLE fuzz_second;
CREATE FUNCTION fuzz_other(code text) RETURNS text LANGUAGE plv8 SECURITY DEFINER
  SET search_path = public, pg_temp AS $$ return eval(code) $$;

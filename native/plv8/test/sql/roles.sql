-- Each effective user has globals of his own.
\set VERBOSITY terse
CREATE ROLE plv8_alice;
CREATE ROLE plv8_bob;
GRANT USAGE, CREATE ON SCHEMA public TO plv8_alice, plv8_bob;
CREATE FUNCTION remember(x text) RETURNS text LANGUAGE plv8
  AS $$ const before = globalThis.memory; globalThis.memory = x; return before $$;
CREATE FUNCTION recall() RETURNS text LANGUAGE plv8 AS $$ return globalThis.memory $$;
SELECT remember('owner');
SET ROLE plv8_alice;
SELECT remember('alice'), recall();
SET ROLE plv8_bob;
SELECT recall();
RESET ROLE;
SELECT recall();

-- SECURITY DEFINER runs in the owner's JavaScript, also in the middle of a query and of a call.
SET ROLE plv8_alice;
CREATE FUNCTION alice_recalls() RETURNS text
  LANGUAGE plv8 SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$ return globalThis.memory + ' ' + plv8.execute('SELECT current_user AS u')[0].u $$;
CREATE FUNCTION alice_fails() RETURNS text LANGUAGE plv8 SECURITY DEFINER
  AS $$ plv8.execute('SELECT 1'); throw new Error('alice failed') $$;
RESET ROLE;
SELECT recall(), alice_recalls(), recall() FROM generate_series(1, 2);
CREATE FUNCTION ask_alice() RETURNS text LANGUAGE plv8 AS $$
  const answer = plv8.execute('SELECT alice_recalls() AS a')[0].a;
  let error;
  try { plv8.execute('SELECT alice_fails()') } catch (e) { error = e.message }
  return [answer, error, globalThis.memory,
  plv8.execute('SELECT current_user = session_user AS u')[0].u].join(' | ');
$$;
SELECT ask_alice(), ask_alice();
SET search_path = public;
SELECT alice_recalls(), current_setting('search_path');
RESET search_path;

-- SET ROLE between two rows of one plan, and inside a function.
PREPARE recall_plan AS SELECT recall();
EXECUTE recall_plan;
SET ROLE plv8_alice;
EXECUTE recall_plan;
RESET ROLE;
EXECUTE recall_plan;
CREATE FUNCTION change_role() RETURNS text LANGUAGE plv8 AS $$
  plv8.execute('SET LOCAL ROLE plv8_alice');
  return plv8.execute('SELECT recall() AS r')[0].r + ' ' + globalThis.memory $$;
BEGIN;
SELECT change_role();
SELECT recall();
COMMIT;
SELECT recall();

-- A cancel in the owner's JavaScript ends the caller's too.
SET ROLE plv8_alice;
CREATE FUNCTION alice_spins() RETURNS int LANGUAGE plv8 SECURITY DEFINER AS $$ while (true) {} $$;
RESET ROLE;
SET statement_timeout = '200ms';
DO $$ while (true) { try { plv8.execute('SELECT alice_spins()') } catch (e) {} } $$ LANGUAGE plv8;
RESET statement_timeout;
SELECT recall();

-- find_function asks for the EXECUTE right.
CREATE FUNCTION secret() RETURNS text LANGUAGE plv8 AS $$ return 'secret' $$;
REVOKE EXECUTE ON FUNCTION secret() FROM PUBLIC;
CREATE FUNCTION find_secret() RETURNS text LANGUAGE plv8
  AS $$ try { return plv8.find_function('secret')() } catch (e) { return e.message } $$;
SELECT find_secret();
SET ROLE plv8_bob;
SELECT find_secret();
SELECT plv8_info();
-- memory_limit and v8_flags are for superusers.
SET plv8.memory_limit = 512;
SET plv8.v8_flags = '--expose-gc';
RESET ROLE;
DROP OWNED BY plv8_alice, plv8_bob;
DROP ROLE plv8_alice, plv8_bob;

-- plv8.execution_timeout: seconds, parts of one too; no try/catch can keep the script.
SET plv8.execution_timeout = '200ms';
SHOW plv8.execution_timeout;
DO $$ while (true) {} $$ LANGUAGE plv8;
DO $$ while (true) { try { while (true) {} } catch (e) {} } $$ LANGUAGE plv8;
CREATE FUNCTION loop_forever() RETURNS int LANGUAGE plv8 AS $$ for (;;); $$;
DO $$ try { plv8.execute('SELECT loop_forever()') } catch (e) {} for (;;); $$
  LANGUAGE plv8;
-- It is a limit of one call, not of many.
CREATE FUNCTION spin_ms(ms int) RETURNS int LANGUAGE plv8
  AS $$ const end = Date.now() + ms; while (Date.now() < end); return ms $$;
SELECT sum(spin_ms(40)) FROM generate_series(1, 12);
RESET plv8.execution_timeout;
SELECT spin_ms(300);
SET plv8.execution_timeout = 65537;

-- plv8.allow_eval: code from strings, both ways of making it.
SET plv8.allow_eval = off;
DO $$ plv8.elog(NOTICE, eval('1 + 1')) $$ LANGUAGE plv8;
DO $$ plv8.elog(NOTICE, new Function('return 1')()) $$ LANGUAGE plv8;
DO $$ plv8.elog(NOTICE, (async () => {}).constructor('return 1')) $$ LANGUAGE plv8;
RESET plv8.allow_eval;
DO $$ plv8.elog(NOTICE, eval('1 + 1')) $$ LANGUAGE plv8;
CREATE ROLE plv8_plain_user;
SET ROLE plv8_plain_user;
SET plv8.allow_eval = on;
RESET ROLE;
DROP ROLE plv8_plain_user;

-- A rejection that nobody handles is told, one that somebody handles is not.
DO $$ Promise.reject(new Error('nobody looks')) $$ LANGUAGE plv8;
DO $$ Promise.reject(new Error('somebody looks')).catch(() => {}) $$ LANGUAGE plv8;
DO $$ const p = Promise.reject(1); p.then(() => {}) $$ LANGUAGE plv8;
CREATE FUNCTION returned_rejection() RETURNS int LANGUAGE plv8
  AS $$ return Promise.reject(new Error('returned')) $$;
SELECT returned_rejection();

\set VERBOSITY terse
-- A long sort() compares in JavaScript, to be interrupted: same order, errors and holes.
DO $$
  const sorted = n => {
    const a = Array.from({length: n}, (x, i) =>
      [i * 7919 % n, 'é' + i, undefined, null, -i][i % 5]);
    delete a[3];
    const texts = a.sort().map(String);
    return texts.every((t, i) => !i || t === 'undefined' || texts[i - 1] <= t) &&
      a.indexOf(undefined) === a.findLastIndex(x => x !== undefined) + 1 && !(n - 1 in a);
  };
  plv8.elog(NOTICE, sorted(1000), sorted(70000), [].sort.name, [].sort.length);
$$ LANGUAGE plv8;
DO $$ const a = Array(70000).fill(1); a[5] = Symbol('s'); a.sort() $$ LANGUAGE plv8;
DO $$ [].sort.call(undefined) $$ LANGUAGE plv8;

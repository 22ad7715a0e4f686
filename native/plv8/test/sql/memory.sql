-- plv8.memory_limit holds for heap and array buffers together; at it a script ends with
-- SQLSTATE 53200, and the session goes on.
SET plv8.memory_limit = '32MB';
\set VERBOSITY sqlstate
SELECT plv8_reset();
DO $$ const a = []; while (true) a.push({x: new Array(100).fill(1.5)}) $$ LANGUAGE plv8;
DO $$ const a = []; while (true) a.push(new Uint8Array(1000000)) $$ LANGUAGE plv8;
DO $$ const a = []; while (true) a.push(new Uint8Array(100)) $$ LANGUAGE plv8;
-- A mixture, in both orders: neither part is over the limit by itself.
DO $$ const a = new Uint8Array(24e6), b = []; while (true) b.push({x: b.length}) $$ LANGUAGE plv8;
DO $$ const a = new Array(2.5e6).fill(1.5); const b = new Uint8Array(16e6) $$ LANGUAGE plv8;
DO $$ const a = []; while (true) a.push(new Uint8Array(1000), new Array(100).fill(1.5)) $$
  LANGUAGE plv8;
-- Other kinds of buffers, and arguments.
DO $$ new SharedArrayBuffer(100e6) $$ LANGUAGE plv8;
DO $$ const a = []; while (true) a.push(new WebAssembly.Memory({initial: 100})) $$ LANGUAGE plv8;
CREATE FUNCTION byte_count(x bytea) RETURNS int LANGUAGE plv8 AS $$ return x.length $$;
SELECT byte_count(decode(repeat('00', 40000000), 'hex'));
\set VERBOSITY terse
-- A refused buffer is an exception, as it is elsewhere; an exceeded heap is none.
DO $$ try { new Uint8Array(100e6) } catch (e) { plv8.elog(NOTICE, e instanceof RangeError) } $$
  LANGUAGE plv8;
DO $$ try { const a = []; while (true) a.push({a}) } catch (e) { plv8.elog(NOTICE, 'no') } $$
  LANGUAGE plv8;
-- Garbage does not count.
DO $$ for (let i = 0; i < 50; i++) globalThis.last = [new Uint8Array(8e6), new Array(1e6).fill(0)];
  last = null; plv8.elog(NOTICE, 'done') $$ LANGUAGE plv8;
SELECT sum(byte_count(decode(repeat('00', 1000000), 'hex'))) FROM generate_series(1, 100);
-- Buffers of arguments are used again only when nothing holds them.
CREATE FUNCTION keep_bytes(x bytea) RETURNS void LANGUAGE plv8
  AS $$ (globalThis.kept ??= []).push(x) $$;
SELECT count(keep_bytes(decode(lpad(to_hex(i), 200, '0'), 'hex')))
FROM generate_series(1, 20000) AS i;
DO $$ plv8.elog(NOTICE, kept.every((x, i) => x.length === 100 && x[0] === 0 &&
  x[98] * 256 + x[99] === (i + 1) % 65536)); kept = null $$ LANGUAGE plv8;
-- New buffers are clear, whatever was in their memory.
DO $$ for (let i = 0; i < 20000; i++) new Uint8Array(100).fill(1) $$ LANGUAGE plv8;
DO $$ let sum = 0; for (let i = 0; i < 20000; i++) sum += new Uint8Array(100)[i % 100];
  plv8.elog(NOTICE, sum) $$ LANGUAGE plv8;
SELECT plv8_reset();

-- plv8.compatibility: each row of the README's table that somebody could depend on, both ways.
\set VERBOSITY terse
CREATE FUNCTION as_jsonb(s text) RETURNS jsonb LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION as_json(s text) RETURNS json LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION as_text(s text) RETURNS text LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION as_texts(s text) RETURNS text[] LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION as_int2(s text) RETURNS int2 LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION as_int4(s text) RETURNS int4 LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION as_int8(s text) RETURNS int8 LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION as_float4(s text) RETURNS float4 LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE TYPE two_columns AS (a int, b text);
CREATE FUNCTION as_row(s text) RETURNS two_columns LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION as_rows(s text) RETURNS SETOF two_columns LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION described(x anyelement) RETURNS text LANGUAGE plv8
  AS $$ return JSON.stringify(x) $$;
CREATE FUNCTION writes() RETURNS int LANGUAGE plv8 STABLE
  AS $$ return plv8.execute('INSERT INTO shown VALUES (2)') $$;
CREATE FUNCTION promised(s text) RETURNS text LANGUAGE plv8
  AS $$ return (async () => eval(s))() $$;
CREATE FUNCTION pending() RETURNS void LANGUAGE plv8 AS $$ return new Promise(() => {}) $$;
CREATE TABLE shown (i int);
CREATE VIEW shown_view AS SELECT i FROM shown;
CREATE FUNCTION on_view() RETURNS trigger LANGUAGE plv8
  AS $$ plv8.elog(NOTICE, TG_WHEN); return NEW $$;
CREATE TRIGGER instead INSTEAD OF INSERT ON shown_view
  FOR EACH ROW EXECUTE FUNCTION on_view();

-- Runs every case and says what came of it.
CREATE TABLE cases (id serial, sql text);
INSERT INTO cases (sql) VALUES
  ($$SELECT as_int2('70000')$$), ($$SELECT as_int4('2**31')$$), ($$SELECT as_int4('NaN')$$),
  ($$SELECT as_int8('2n**63n')$$), ($$SELECT as_int4('1.7')$$), ($$SELECT as_float4('1e39')$$),
  ($$SELECT as_jsonb('[0.1 + 0.2, 1/3, 12345678901234567, -0, 1e300]')$$),
  ($$SELECT as_jsonb('({a: [1, NaN]})')$$), ($$SELECT as_json('({a: [1, NaN]})')$$),
  ($$SELECT as_jsonb('[new Date(0), {d: new Date(0)}]')$$),
  ($$SELECT as_jsonb('({toJSON() { return 1 }})')$$), ($$SELECT as_jsonb('() => 1')$$),
  ($$SELECT as_jsonb('({["__proto__"]: 1, a: undefined, b: [undefined], c: 12n})')$$),
  ($$SELECT as_jsonb('[new Map([[1, 2]]), /x/, new Uint8Array([7]), "\"\\"]')$$),
  ($$SELECT as_jsonb('(() => { const o = {}; o.o = o; return o })()')$$),
  ($$SELECT as_jsonb('Symbol()')$$),
  ($$SELECT as_jsonb('({get a() { throw new Error("getter") }})')$$),
  ($$SELECT as_text('"a\u0000b"')$$), ($$SELECT as_jsonb('["a\u0000b"]')$$),
  ($$SELECT described('{{1,2},{3,4}}'::int[])$$), ($$SELECT as_texts('[["a", "b"], ["c"]]')$$),
  ($$SELECT as_row('({a: 1})')$$), ($$SELECT as_row('({a: 1, b: undefined})')$$),
  ($$SELECT as_rows('[{a: 1, b: 2}, {b: 3}]')$$), ($$INSERT INTO shown_view VALUES (1)$$),
  ($$SELECT writes()$$), ($$SELECT promised('1 + 1')$$), ($$SELECT pending()$$),
  ($$DO LANGUAGE plv8 'console.log("heard")'$$);
CREATE FUNCTION run_case(sql text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  outcome text;
BEGIN
  IF sql LIKE 'SELECT%' THEN EXECUTE sql INTO outcome; ELSE EXECUTE sql; END IF;
  RETURN outcome;
EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
\pset format unaligned
\pset tuples_only on
SHOW plv8.compatibility;
SELECT sql, run_case(sql) FROM cases ORDER BY id;
SET plv8.compatibility = upstream;
SELECT sql, run_case(sql) FROM cases ORDER BY id;

-- What is wrong in upstream's jsonb is never so here.
CREATE FUNCTION not_finite(x float8) RETURNS jsonb LANGUAGE plv8 AS $$ return {x} $$;
SELECT not_finite(x) FROM unnest('{Infinity}'::float8[]) x;
SELECT (as_jsonb('[1e300, 5e-324, -1.5, 123456789.123456789]'))::text::jsonb;
-- An interrupt gets through the walk over a value.
SET statement_timeout = '200ms';
SELECT as_jsonb('({get a() { while (true); }})');
SELECT length(as_jsonb('Array(2**32 - 1)')::text);

-- Random values of random types go through function(x) { return x } without loss. The same seed
-- gives the same values; the ring fuzz runs this file with others: psql -v seed=0.5. Left out is
-- what JavaScript has no value for: the null of JSON beside SQL's, infinite dates, microseconds.
\if :{?seed}
\else
\set seed 0.42
\endif
CREATE FUNCTION back(x anyelement) RETURNS anyelement LANGUAGE plv8 AS $$ return x $$;
CREATE FUNCTION random_text(length int) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(string_agg(chr((ARRAY[32 + (random() * 94)::int, 161 + (random() * 500)::int,
    19968 + (random() * 20000)::int, 127744 + (random() * 500)::int,
    1 + (random() * 30)::int])[1 + (random() * 4)::int]), ''), '')
  FROM generate_series(1, length) $$;
CREATE FUNCTION random_jsonb(depth int) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  RETURN CASE (random() * CASE WHEN depth > 0 THEN 7 ELSE 5 END)::int
    WHEN 0 THEN 'null'::jsonb WHEN 1 THEN to_jsonb(random() < 0.5)
    WHEN 2 THEN to_jsonb((random() * 1e9)::int) WHEN 3 THEN to_jsonb((random() - 0.5) * 1e6)
    WHEN 4 THEN to_jsonb(random_text(5)) WHEN 5 THEN '{}'::jsonb
    WHEN 6 THEN jsonb_build_array(random_jsonb(depth - 1), random_jsonb(depth - 1))
    ELSE jsonb_build_object(random_text(3), random_jsonb(depth - 1), 'k', random_jsonb(depth - 1))
  END;
END $$;
-- One of the texts: the ends of a type's range, and what is special in it.
CREATE FUNCTION one_of(VARIADIC texts text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT texts[1 + floor(random() * cardinality(texts))::int] $$;
CREATE TYPE fuzz_pair AS (a int, b text);
CREATE TYPE fuzz_mood AS ENUM ('sad', 'a "happy", one', 'ünïcode');
CREATE DOMAIN fuzz_short AS text CHECK (length(VALUE) < 30);
CREATE DOMAIN fuzz_pair_domain AS fuzz_pair CHECK ((VALUE).a > 0);
CREATE DOMAIN fuzz_list AS int[] CHECK (cardinality(VALUE) > 0);

-- `plain`: whether arrays and composites of it are tried as well.
CREATE TABLE fuzz_kinds (name text PRIMARY KEY, type text, expression text, round int,
  plain boolean);
INSERT INTO fuzz_kinds VALUES
  ('boolean', 'boolean', 'random() < 0.5', 300, true),
  ('int2', 'int2', '(random() * 65535 - 32768)::int2', 5000, true),
  ('int4', 'int4', '(random() * 4294967295 - 2147483648)::int4', 10000, true),
  ('int8', 'int8', '((random() * 4e9 - 2e9)::int8 << 32) + (random() * 4e9)::int8', 10000, true),
  ('int ends', 'int8', $$one_of('-9223372036854775808', '9223372036854775807')::int8$$, 300,
    true),
  ('oid', 'oid', '(random() * 4294967295)::int8::oid', 3000, true),
  ('float4', 'float4', '((random() - 0.5) * 10 ^ (random() * 60 - 30))::float4', 9000, true),
  ('float8', 'float8', '(random() - 0.5) * 10 ^ (random() * 600 - 300)', 9000, true),
  ('float ends', 'float8', $$one_of('NaN', 'Infinity', '-Infinity', '-0', '5e-324')::float8$$, 300,
    true),
  ('float4 ends', 'float4', $$one_of('NaN', 'Infinity', '-0', '1e-45', '3.4028235e38')::float4$$,
    300, true),
  ('numeric', 'numeric', '(random() * 1e9)::numeric * 1000000007::numeric ^ 2 / 7', 5000, true),
  ('numeric ends', 'numeric', $$one_of('NaN', 'Infinity', '-Infinity', '0.000', '-1e131',
    '1e-900', '12345678901234567890123456789012345678901234567890')::numeric$$, 500, true),
  ('text', 'text', 'random_text((random() * 20)::int)', 5000, true),
  ('varchar', 'varchar', 'random_text(3)', 1000, true),
  ('char', 'char(7)', 'random_text(5)', 500, true),
  ('name', 'name', 'random_text(12)', 500, true),
  ('bytea', 'bytea', $$decode(md5(random()::text), 'hex')$$, 5000, true),
  ('jsonb', 'jsonb', 'jsonb_build_array(random_jsonb(3))', 4000, false),
  ('json', 'json', 'jsonb_build_array(random_jsonb(3))::json', 1000, false),
  ('date', 'date', $$'2000-01-01'::date + (random() * 1e6 - 5e5)::int$$, 3000, true),
  ('time', 'time', $$'00:00'::time + random() * interval '1 day'$$, 500, true),
  ('timetz', 'timetz', $$('00:00+05:30'::timetz + random() * interval '1 day')$$, 500, true),
  ('timestamp', 'timestamp(3)', $$'2000-01-01'::timestamp + (random() - 0.5) *
    interval '900000 days'$$, 2000, true),
  ('timestamptz', 'timestamptz(3)',
    $$'2000-01-01Z'::timestamptz + (random() - 0.5) * interval '900000 days'$$, 3000, true),
  ('interval', 'interval', $$(random() - 0.5) * interval '1000 days 3 months'$$, 2000, true),
  ('uuid', 'uuid', 'md5(random()::text)::uuid', 2000, true),
  ('inet', 'inet', $$'10.0.0.0/8'::inet + (random() * 1e6)::int8$$, 500, true),
  ('bit', 'varbit', '(random() * 1e9)::int::bit(32)', 500, true),
  ('point', 'point', 'point(random(), -random())', 500, true),
  ('box', 'box', 'box(point(random(), 0), point(0, random()))', 300, false),
  ('tsvector', 'tsvector', $$array_to_tsvector(ARRAY[random_text(3) || 'x', 'y'])$$, 300, true),
  ('mood', 'fuzz_mood', $$one_of('sad', 'a "happy", one', 'ünïcode')::fuzz_mood$$, 500, true),
  ('range', 'int8range', 'int8range((random() * 100)::int, 100 + (random() * 100)::int)', 2000,
    true),
  ('numrange', 'numrange', $$numrange(-random()::numeric, NULL, '()')$$, 300, true),
  ('tstzrange', 'tstzrange', $$tstzrange(now() - random() * interval '1 day', now())$$, 300, true),
  ('multirange', 'int4multirange', $$int4multirange(int4range(1, 5),
    int4range(9, 10 + (random() * 100)::int))$$, 300, true),
  ('short', 'fuzz_short', 'random_text(6)', 500, true),
  ('pair domain', 'fuzz_pair_domain', 'ROW(1 + (random() * 1e6)::int, random_text(3))', 500, true),
  ('list domain', 'fuzz_list', 'ARRAY[(random() * 1e6)::int]', 500, false),
  ('int4[]', 'int4[]', 'ARRAY[(random() * 1e9)::int, NULL, -(random() * 1e9)::int]', 4000, false),
  ('float8[][][]', 'float8[]', 'ARRAY[[[random(), 1], [NULL, 0]], [[0, 1], [random(), 3]]]', 2000,
    false),
  ('jsonb[]', 'jsonb[]', 'ARRAY[jsonb_build_object(''a'', random_jsonb(2)), NULL, ''[]'']', 1000,
    false),
  ('int2array', 'plv8_int2array', 'ARRAY[random() * 32767, -random()]::int2[]', 1000, false),
  ('int4array', 'plv8_int4array', 'ARRAY[random() * 2147483647, 0]::int4[]', 1000, false),
  ('int8array', 'plv8_int8array', 'ARRAY[(random() * 1e18)::int8]', 2000, false),
  ('float4array', 'plv8_float4array', 'ARRAY[random(), random()]::float4[]', 3000, false),
  ('float8array', 'plv8_float8array', 'ARRAY[random(), -random()]', 3000, false),
  ('composite', 'fuzz_pair', 'ROW((random() * 1e9)::int, random_text(5))::fuzz_pair', 4000, true);

-- Arrays of each kind, of one and two dimensions, and a composite type that holds it all.
CREATE FUNCTION forms(kind fuzz_kinds) RETURNS TABLE (form text, type text, expression text,
  round int) LANGUAGE plpgsql AS $$
DECLARE
  of_it text := 'fuzz_of_' || md5(kind.name);
BEGIN
  RETURN QUERY VALUES ('', kind.type, kind.expression, kind.round);
  IF NOT kind.plain THEN RETURN; END IF;
  EXECUTE format('CREATE TYPE %I AS (a %s, b %2$s[], c fuzz_pair[], d jsonb, e %2$s)', of_it,
    kind.type);
  RETURN QUERY
    SELECT v.form, v.type, replace(replace(v.expression, '$', format('(%s)::%s', kind.expression,
      kind.type)), '@', kind.type), 1 + kind.round / 20
    FROM (VALUES ('list of ', kind.type || '[]', 'ARRAY[$, NULL, $]'),
      ('table of ', kind.type || '[]', 'ARRAY[[$, $], [NULL, $], [$, NULL]]'),
      ('composite of ', of_it, 'ROW($, ARRAY[$, NULL], ARRAY[ROW(1, random_text(2))::fuzz_pair,
        NULL], jsonb_build_array(random_jsonb(1)), NULL)')) AS v(form, type, expression);
END $$;
CREATE PROCEDURE fuzz() LANGUAGE plpgsql AS $$
DECLARE
  kind fuzz_kinds;
  form record;
  lost bigint;
  seen bigint;
  total bigint := 0;
BEGIN
  FOR kind IN SELECT * FROM fuzz_kinds ORDER BY name LOOP
    FOR form IN SELECT * FROM forms(kind) LOOP
      EXECUTE format('SELECT count(*), count(*) FILTER (WHERE back(x)::%s::text IS DISTINCT FROM
        x::%1$s::text) FROM (SELECT (%s)::%s AS x FROM generate_series(1, %s) OFFSET 0) AS v',
        CASE form.type WHEN 'json' THEN 'jsonb' ELSE form.type END, form.expression, form.type,
        form.round) INTO seen, lost;
      IF lost > 0 THEN
        RAISE WARNING '% of % values of % are lost', lost, seen, form.form || kind.name;
      END IF;
      total := total + seen;
    END LOOP;
    IF kind.plain THEN EXECUTE format('DROP TYPE %I', 'fuzz_of_' || md5(kind.name)); END IF;
  END LOOP;
  RAISE NOTICE '% or more values went there and back', total / 10000 * 10000;
END $$;
SELECT setseed(:seed);
SET plv8.numeric = string;
CALL fuzz();
SET plv8.numeric = bigint;
SET plv8.typed_arrays = on;
SET plv8.json_numbers = exact;
CALL fuzz();

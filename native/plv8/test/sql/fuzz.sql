-- Random values of many types go through function(x) { return x } without loss.
CREATE FUNCTION back(x anyelement) RETURNS anyelement LANGUAGE plv8 AS $$ return x $$;
CREATE FUNCTION random_text(length int) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(string_agg(chr((ARRAY[32 + (random() * 94)::int, 161 + (random() * 500)::int,
    19968 + (random() * 20000)::int, 127744 + (random() * 500)::int])[1 + (random() * 3)::int]),
    ''), '')
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
CREATE TYPE fuzz_pair AS (a int, b text);
CREATE TABLE fuzz_kinds (name text PRIMARY KEY, type text, expression text, round int);
INSERT INTO fuzz_kinds VALUES
  ('boolean', 'boolean', 'random() < 0.5', 300),
  ('int2', 'int2', '(random() * 65535 - 32768)::int2', 5000),
  ('int4', 'int4', '(random() * 4294967295 - 2147483648)::int4', 10000),
  ('int8', 'int8', '((random() * 4e9 - 2e9)::int8 << 32) + (random() * 4e9)::int8',
    10000),
  ('oid', 'oid', '(random() * 4294967295)::int8::oid', 3000),
  ('float4', 'float4', '((random() - 0.5) * 10 ^ (random() * 60 - 30))::float4', 10000),
  ('float8', 'float8', '(random() - 0.5) * 10 ^ (random() * 600 - 300)', 10000),
  ('numeric', 'numeric', '(random() * 1e9)::numeric * 1000000007::numeric ^ 2 / 7', 5000),
  ('text', 'text', 'random_text((random() * 20)::int)', 5000),
  ('bytea', 'bytea', $$decode(md5(random()::text), 'hex')$$, 5000),
  ('jsonb', 'jsonb', 'jsonb_build_array(random_jsonb(3))', 5000),
  ('date', 'date', $$'2000-01-01'::date + (random() * 1e6 - 5e5)::int$$, 3000),
  ('timestamptz', 'timestamptz(3)',
    $$'2000-01-01Z'::timestamptz + random() * interval '90000 days'$$, 3000),
  ('interval', 'interval', $$random() * interval '1000 days'$$, 2000),
  ('uuid', 'uuid', 'gen_random_uuid()', 2000),
  ('range', 'int8range', 'int8range((random() * 100)::int, 100 + (random() * 100)::int)', 2000),
  ('int4[]', 'int4[]', 'ARRAY[(random() * 1e9)::int, NULL, -(random() * 1e9)::int]', 4000),
  ('float8[][]', 'float8[]', 'ARRAY[[random(), random()], [random(), random()]]', 4000),
  ('text[]', 'text[]', $$ARRAY[random_text(4), '', random_text(2)]$$, 2000),
  ('float4array', 'plv8_float4array', 'ARRAY[random(), random()]::float4[]', 4000),
  ('float8array', 'plv8_float8array', 'ARRAY[random(), -random()]', 4000),
  ('int8array', 'plv8_int8array', 'ARRAY[(random() * 1e18)::int8]', 4000),
  ('composite', 'fuzz_pair', 'ROW((random() * 1e9)::int, random_text(5))::fuzz_pair', 4000);
SELECT setseed(0.42);
CREATE PROCEDURE fuzz() LANGUAGE plpgsql AS $$
DECLARE
  kind fuzz_kinds;
  lost bigint;
  total bigint := 0;
BEGIN
  FOR kind IN SELECT * FROM fuzz_kinds ORDER BY name LOOP
    EXECUTE format('SELECT count(*) FILTER (WHERE back(x) IS DISTINCT FROM x)
      FROM (SELECT (%s)::%s AS x FROM generate_series(1, %s) OFFSET 0) AS v',
      kind.expression, kind.type, kind.round) INTO lost;
    IF lost > 0 THEN
      RAISE WARNING '% of % values of % are lost', lost, kind.round, kind.name;
    END IF;
    total := total + kind.round;
  END LOOP;
  RAISE NOTICE '% or more values went there and back', total / 100000 * 100000;
END $$;
SET plv8.numeric = string;
CALL fuzz();
SET plv8.numeric = bigint;
SET plv8.typed_arrays = on;
SET plv8.json_numbers = exact;
CALL fuzz();

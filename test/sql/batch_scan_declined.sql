-- Row at a time: every reason for which the planner leaves a call where it is, as DEBUG1 tells it.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx

SELECT ai_create_model('mean', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,1]"}',
	onnx.node('ReduceMean', '{x}', '{y}', onnx.attribute('axes', '{1}'::int8[]))));
CREATE TABLE declined (id int PRIMARY KEY, g int, x real[], model text, options jsonb);
INSERT INTO declined SELECT i, i % 3, ARRAY[i, i + 1], 'mean', '{}'
	FROM generate_series(1, 50) AS i;
CREATE TABLE parted (id int, g int, x real[]) PARTITION BY LIST (g);
CREATE TABLE parted_0 PARTITION OF parted DEFAULT;
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
ANALYZE declined;
CREATE FUNCTION y(real[]) RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (ai_inference('mean', $1) ->> 'y')::float8;
CREATE FUNCTION noted(x anyelement) RETURNS anyelement LANGUAGE plpgsql VOLATILE AS
	'BEGIN RETURN x; END';
-- Plans that cost about the same are chosen between by what the model was measured to take
SET enable_hashagg = off;
SET enable_mergejoin = off;
SET client_min_messages = debug1;

-- The call
EXPLAIN (COSTS OFF) SELECT ai_inference(model, x) FROM declined;
EXPLAIN (COSTS OFF) SELECT ai_inference('mean', x, options) FROM declined;
EXPLAIN (COSTS OFF) SELECT ai_inference(noted('mean'::text), x) FROM declined;
EXPLAIN (COSTS OFF) SELECT ai_inference('mean', x, noted('{}'::jsonb)) FROM declined;
EXPLAIN (COSTS OFF) SELECT ai_inference(ai_inference('mean', '[1, 2]'::jsonb) ->> 'y', x)
	FROM declined;
EXPLAIN (COSTS OFF) SELECT y(ARRAY[random(), 1]::real[]) FROM declined;
EXPLAIN (COSTS OFF) SELECT y(ARRAY[(ai_inference(model, x) ->> 'y')::real, 1]) FROM declined;

-- What stands around it
EXPLAIN (COSTS OFF) SELECT CASE WHEN random() > 0.5 THEN y(x) END FROM declined;
EXPLAIN (COSTS OFF) SELECT CASE WHEN ai_inference(model, x) IS NOT NULL THEN y(x) END FROM declined;
EXPLAIN (COSTS OFF) SELECT ROW(g, y(x)) < ROW(2, 3) FROM declined;
EXPLAIN (COSTS OFF) SELECT ('{1,2,3}'::int[])[y(x)::int] FROM declined;
EXPLAIN (COSTS OFF) SELECT y(x) NOT IN (SELECT g FROM declined) FROM declined;
EXPLAIN (COSTS OFF) SELECT percentile_cont(y(ARRAY[g, 1]::real[])) WITHIN GROUP (ORDER BY id)
	FROM declined GROUP BY g;

-- Rows that cannot be read ahead
EXPLAIN (COSTS OFF) SELECT y('{1, 2}');
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT y(x) FROM declined WHERE id = 3;
EXPLAIN (COSTS OFF) SELECT y(x) FROM declined WHERE id < 3;
RESET enable_seqscan;
EXPLAIN (COSTS OFF) SELECT y(array_agg(id)::real[]) FROM declined;
EXPLAIN (COSTS OFF) SELECT y(x) FROM (SELECT x FROM declined FOR UPDATE) AS locked;
EXPLAIN (COSTS OFF) SELECT y(x) FROM declined WHERE random() < 0.5 LIMIT 5;
EXPLAIN (COSTS OFF) SELECT y(x) FROM declined
	WHERE ai_inference(noted('mean'::text), x) IS NOT NULL LIMIT 5;
EXPLAIN (COSTS OFF) SELECT EXISTS (SELECT FROM declined AS d WHERE random() < 0.5 AND y(d.x) > 5);
EXPLAIN (COSTS OFF) SELECT random(), y(x) FROM declined WHERE random() < 0.5;
EXPLAIN (COSTS OFF) SELECT sum(random() * y(x)) FROM declined WHERE random() < 0.5;
EXPLAIN (COSTS OFF) SELECT generate_series(1, y(x)::int) FROM declined WHERE random() < 0.5 LIMIT 5;
EXPLAIN (COSTS OFF) WITH d AS MATERIALIZED (SELECT x FROM declined WHERE random() < 0.5)
	SELECT y(x) FROM d LIMIT 5;
EXPLAIN (COSTS OFF) UPDATE declined SET g = 1 RETURNING random(), y(x);

-- Where it is not a row's
EXPLAIN (COSTS OFF) SELECT * FROM (VALUES (1, y('{1, 2}')), (2, y('{3, 4}'))) AS v;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM declined WHERE id = y('{3, 4}')::int;
RESET enable_seqscan;
EXPLAIN (COSTS OFF) SELECT g FROM declined WHERE y('{3, 4}') > 3;
EXPLAIN (COSTS OFF) SELECT id FROM declined LIMIT y('{3, 4}')::int;
EXPLAIN (COSTS OFF) SELECT * FROM generate_series(1, y('{3, 4}')::int);
EXPLAIN (COSTS OFF)
SELECT d.id FROM declined AS d, generate_series(1, y(ARRAY[d.g, 2]::real[])::int) AS n;
EXPLAIN (COSTS OFF) SELECT a.id FROM declined AS a LEFT JOIN declined AS b
	ON a.g > b.g AND y(ARRAY[a.g, b.g]::real[]) > 3;
EXPLAIN (COSTS OFF) SELECT id FROM declined AS a WHERE EXISTS (SELECT FROM declined AS b
	WHERE a.g > b.g AND y(ARRAY[a.g, b.g]::real[]) > 3);
EXPLAIN (COSTS OFF)
SELECT * FROM (SELECT g, y(ARRAY[g, 1]::real[]), row_number() OVER (ORDER BY g) AS n
	FROM declined) AS s WHERE n < 4;
EXPLAIN (COSTS OFF) INSERT INTO declined (id) VALUES (1) ON CONFLICT (id) DO UPDATE
	SET g = y(declined.x);
EXPLAIN (COSTS OFF) MERGE INTO declined AS d USING parted AS s ON d.id = s.id
	WHEN MATCHED AND y(s.x) > 3 THEN UPDATE SET g = y(d.x);
EXPLAIN (COSTS OFF) UPDATE parted SET id = 1 RETURNING y(x);

-- Nothing is left for the files after this one
SET client_min_messages = warning;
DROP EXTENSION ai_runtime CASCADE;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;

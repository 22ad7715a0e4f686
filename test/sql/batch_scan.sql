-- Set at a time: where the planner puts BatchInference nodes, and what they compute.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx

SELECT ai_create_model('double', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}',
	onnx.node('Add', '{x,x}', '{y}')));
SELECT ai_create_model('mean', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,1]"}',
	onnx.node('ReduceMean', '{x}', '{y}', onnx.attribute('axes', '{1}'::int8[]))));
CREATE TABLE t AS SELECT i AS id, ARRAY[i, i + 1]::real[] AS x, i % 3 AS g
	FROM generate_series(1, 100) AS i;
ANALYZE t;

-- In the target list
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, ai_inference('mean', x) FROM t;
SELECT id, ai_inference('mean', x) FROM t LIMIT 3;

-- In WHERE, after the cheaper conditions; the same call in both is made once
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, ai_inference('mean', x) ->> 'y' AS y FROM t
	WHERE (ai_inference('mean', x) ->> 'y')::float8 > 50 AND id < 55;
SELECT id, ai_inference('mean', x) ->> 'y' AS y FROM t
	WHERE (ai_inference('mean', x) ->> 'y')::float8 > 50 AND id < 55;

-- In an aggregate, and in what is made of a group
EXPLAIN (VERBOSE, COSTS OFF)
SELECT g, sum((ai_inference('mean', x) ->> 'y')::float8) FILTER (WHERE id > 5),
		ai_inference('mean', ARRAY[g, count(*)]::real[]) FROM t
	GROUP BY g HAVING max((ai_inference('mean', x) ->> 'y')::float8) > 5;
SELECT g, sum((ai_inference('mean', x) ->> 'y')::float8) FILTER (WHERE id > 5),
		ai_inference('mean', ARRAY[g, count(*)]::real[]) FROM t
	GROUP BY g HAVING max((ai_inference('mean', x) ->> 'y')::float8) > 5;

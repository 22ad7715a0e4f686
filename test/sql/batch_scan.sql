-- Set at a time: where the planner puts BatchInference nodes, and what it tells of them.
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
CREATE TABLE t (id int, x real[], g int);
INSERT INTO t SELECT i, ARRAY[i, i + 1], i % 3 FROM generate_series(1, 100) AS i;
ANALYZE t;
-- Short for a number of an answer; inlined
CREATE FUNCTION y(real[]) RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (ai_inference('mean', $1) ->> 'y')::float8;

-- EXPLAIN ANALYZE without what depends on how the server is asked
CREATE FUNCTION analyzed(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
		RETURN NEXT regexp_replace(line, '(Requests|Mean Batch|In Flight): [N\d.]+', '\1: N', 'g');
	END LOOP;
END
$$;

-- In the target list: only the columns that are needed are kept
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, ai_inference('mean', x) FROM t;
SELECT id, ai_inference('mean', x) FROM t LIMIT 3;

-- In WHERE, after the cheaper conditions; the same call in both is made once
EXPLAIN (VERBOSE, COSTS OFF) SELECT id, ai_inference('mean', x) ->> 'y' AS y FROM t
	WHERE (ai_inference('mean', x) ->> 'y')::float8 > 50 AND id < 55;
SELECT id, ai_inference('mean', x) ->> 'y' AS y FROM t
	WHERE (ai_inference('mean', x) ->> 'y')::float8 > 50 AND id < 55;

-- A condition behind one that predicts has a node of its own, and gets the rows that are left
SELECT analyzed($$SELECT id FROM t WHERE y(x) > 50 AND y(ARRAY[g, id]) < 40$$);

-- So has a call that needs another one's answer
EXPLAIN (VERBOSE, COSTS OFF) SELECT y(ARRAY[y(x), 1]::real[]) FROM t;

-- Conditions around a call choose the rows that are sent
CREATE FUNCTION inferred(query text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, FORMAT json) ' || query INTO plan;
	RETURN (SELECT sum(number[1]::int) FROM regexp_matches(plan::text,
		'"Inferred Rows": (\d+)', 'g') AS number);
END
$$;
SELECT query, inferred('SELECT ' || query || ' FROM t') FROM (VALUES
	('y(x)'), ('CASE WHEN g = 1 THEN y(x) END'), ('CASE g WHEN 1 THEN 0 WHEN 2 THEN y(x) END'),
	('CASE WHEN g = 1 THEN y(x) WHEN g = 2 THEN -y(x) END'), ('COALESCE(NULLIF(g, 1), y(x))'),
	('g = 1 AND y(x) > 3'), ('g = 1 OR y(x) > 3'), ('(g = 1 AND y(x) > 3) OR (g = 2 AND y(x) > 9)'),
	('CASE WHEN y(x) < 10 THEN y(ARRAY[g, id]) END'), ('y(NULLIF(x, ARRAY[9, 10]::real[]))'),
	('sum(y(x)) FILTER (WHERE g = 2)'), ('y(x), CASE WHEN g = 1 THEN y(x) END')) AS q (query);

-- Plans that cost about the same are chosen between by what the model was measured to take
SET enable_hashagg = off;
SET enable_mergejoin = off;

-- Aggregates, and what is made of groups
EXPLAIN (VERBOSE, COSTS OFF)
SELECT g, sum(y(x)) FILTER (WHERE id > 5), y(ARRAY[g, count(*)]) FROM t
	GROUP BY g HAVING max(y(x)) > 5;
SELECT g, sum(y(x)) FILTER (WHERE id > 5), y(ARRAY[g, count(*)]) FROM t
	GROUP BY g HAVING max(y(x)) > 5 ORDER BY g;
EXPLAIN (COSTS OFF) SELECT y(x) > 50, count(*) FROM t GROUP BY 1;
EXPLAIN (COSTS OFF) SELECT g, sum(y(x)) FROM t GROUP BY GROUPING SETS ((g), ());
EXPLAIN (COSTS OFF) SELECT id, sum(y(x)) OVER (ORDER BY id) FROM t;

-- LIMIT: with ORDER BY the rows that are left over, without it no more than are wanted
SELECT analyzed($$SELECT id, y(x) FROM t ORDER BY id DESC LIMIT 5$$);
SELECT analyzed($$SELECT id, y(x) FROM t LIMIT 40 OFFSET 3$$);
PREPARE top (int) AS SELECT id, y(x) FROM t LIMIT $1;
SET plan_cache_mode = force_generic_plan;
SELECT analyzed($$EXECUTE top (3)$$);
RESET plan_cache_mode;
-- Where it is not known how many are wanted, it starts small
SELECT analyzed($$SELECT id FROM t WHERE y(x) > 3 LIMIT 3$$);

-- Joins, set operations, partitions, functions that return sets
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT a.id FROM t AS a JOIN t AS b USING (id) WHERE y(ARRAY[a.g, b.id]) > 9;
RESET enable_nestloop;
EXPLAIN (COSTS OFF) SELECT y(x) FROM t UNION ALL SELECT y(ARRAY[id, g]) FROM t;
EXPLAIN (COSTS OFF) SELECT id, jsonb_array_elements(ai_inference('double', x) -> 'y') FROM t;

-- What a join hashes, and what it looks up
CREATE TABLE label (score float8 PRIMARY KEY, word text);
INSERT INTO label SELECT i + 0.5, 'word ' || i FROM generate_series(1, 1000) AS i;
ANALYZE label;
BEGIN;
SET LOCAL enable_nestloop = off;
EXPLAIN (VERBOSE, COSTS OFF) SELECT t.id, word FROM t JOIN label ON score = y(x);
EXPLAIN (COSTS OFF) SELECT t.id, word FROM label LEFT JOIN t ON score = y(x);
SET LOCAL enable_nestloop = on;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_memoize = off;
EXPLAIN (VERBOSE, COSTS OFF) SELECT t.id, word FROM t JOIN label ON score = y(x) WHERE g = 1;
SELECT t.id, word FROM t JOIN label ON score = y(x) WHERE g = 1 AND id < 9 ORDER BY id;
EXPLAIN (VERBOSE, COSTS OFF)
SELECT t.id, r.y FROM t, jsonb_to_record(ai_inference('mean', x)) AS r (y real);
SELECT t.id, r.y FROM t, jsonb_to_record(ai_inference('mean', x)) AS r (y real) WHERE id < 4;
ROLLBACK;

-- Rows that change: what is set, and what is returned
EXPLAIN (VERBOSE, COSTS OFF) UPDATE t SET g = y(x) WHERE id < 3 RETURNING id, y(x);
BEGIN;
UPDATE t SET g = y(x) WHERE id < 3 RETURNING id, g, y(ARRAY[g, 0]);
WITH gone AS (DELETE FROM t WHERE id < 4 RETURNING id, y(x)) SELECT * FROM gone;
INSERT INTO t SELECT id + 100, x, y(x) FROM t WHERE id < 6 RETURNING id, g, y(x);
CREATE TEMP TABLE scored AS SELECT id, y(x) FROM t WHERE id > 100;
SELECT * FROM scored;
CREATE MATERIALIZED VIEW matview AS SELECT id, y(x) FROM t WHERE id > 100;
REFRESH MATERIALIZED VIEW matview;
SELECT * FROM matview;
ROLLBACK;

-- Workers ask for themselves
BEGIN;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT sum(y(x)) FROM t;
SELECT sum(y(x)) FROM t;
SET LOCAL parallel_leader_participation = off;
SELECT sum(y(x)) FROM t;
-- What they did is added up
SELECT inferred('SELECT sum(y(x)) FROM t');
SET LOCAL parallel_leader_participation = on;
SELECT inferred('SELECT sum(y(x)) FROM t');
ROLLBACK;

-- Little memory: smaller batches, the same rows
CREATE TABLE wide AS SELECT i AS id, ARRAY[i, 1]::real[] AS x, repeat(i::text, 200) AS a, i AS b,
	i AS c, i AS d, i AS e, i AS f, i AS g, i AS h FROM generate_series(1, 3000) AS i;
SET work_mem = '64kB';
SELECT count(DISTINCT id), sum(length(a)) + sum(b + c + d + e + f + g + h) AS sum, sum(y)
	FROM (SELECT *, y(x) AS y FROM wide OFFSET 0) AS s;
RESET work_mem;

-- A cursor that scrolls has its rows kept
BEGIN;
DECLARE back SCROLL CURSOR FOR SELECT id, y(x) FROM t;
FETCH 2 FROM back;
FETCH LAST FROM back;
FETCH BACKWARD 2 FROM back;
FETCH ABSOLUTE 30 FROM back;
DECLARE forth NO SCROLL CURSOR WITH HOLD FOR SELECT id, y(x) FROM t LIMIT 20;
FETCH 2 FROM forth;
COMMIT;
FETCH 2 FROM forth;
CLOSE forth;

-- A merge join goes back in its inner side
BEGIN;
CREATE TEMP TABLE few AS SELECT i / 2 AS id FROM generate_series(2, 41) AS i;
CREATE TEMP TABLE many AS SELECT i / 20 AS id FROM generate_series(2, 4100) AS i;
CREATE INDEX ON few (id);
CREATE INDEX ON many (id);
ANALYZE few, many;
SET LOCAL enable_mergejoin = on;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_nestloop = off;
SET LOCAL enable_seqscan = off;
SET LOCAL enable_sort = off;
SET LOCAL enable_material = off;
EXPLAIN (COSTS OFF) SELECT count(*), count(b.id) FROM few AS a
	LEFT JOIN many AS b ON a.id = b.id AND y(ARRAY[b.id, b.id]) > 3;
SELECT count(*), count(b.id) FROM few AS a
	LEFT JOIN many AS b ON a.id = b.id AND y(ARRAY[b.id, b.id]) > 3;
SET LOCAL ai_runtime.enable_batch_scan = off;
SELECT count(*), count(b.id) FROM few AS a
	LEFT JOIN many AS b ON a.id = b.id AND y(ARRAY[b.id, b.id]) > 3;
ROLLBACK;

-- The model, as the statement sees it; a plan that is kept follows a deployment
PREPARE kept AS SELECT ai_inference('mean', x) FROM t LIMIT 1;
EXECUTE kept;
EXPLAIN (COSTS OFF) EXECUTE kept;
SELECT ai_create_version('mean', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,1]"}',
	onnx.node('ReduceMax', '{x}', '{y}', onnx.attribute('axes', '{1}'::int8[]))),
	'{"deploy": true}');
EXECUTE kept;
EXPLAIN (COSTS OFF) EXECUTE kept;
PREPARE of_model (text) AS SELECT ai_inference($1, x) FROM t LIMIT 1;
SET plan_cache_mode = force_generic_plan;
EXECUTE of_model ('mean:1');
EXECUTE of_model ('mean:2');
EXECUTE of_model (NULL);
EXPLAIN (COSTS OFF) EXECUTE of_model ('mean:1');
RESET plan_cache_mode;
EXPLAIN (COSTS OFF) SELECT ai_inference('nothing', x) FROM t;

-- Errors tell the row; nothing is asked for rows that are not reached
SELECT ai_inference('mean', CASE WHEN id = 9 THEN '{1}' ELSE x END) FROM t;
SELECT ai_inference('mean', ARRAY[1 / (id - 7), 1]) FROM t;
SELECT ai_inference('mean', CASE WHEN id = 90 THEN '{1}' ELSE x END) FROM t LIMIT 2;

-- What is given up in the middle leaves nothing behind for the next query
CREATE FUNCTION given_up(fails_at int) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM ai_inference('mean:1', CASE WHEN id = fails_at THEN '{1}' ELSE x END) FROM wide;
	RETURN 'done';
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN 'failed';
END
$$;
SELECT given_up(fails_at), (SELECT sum((ai_inference('mean:1', x) ->> 'y')::float8) FROM wide)
	FROM (VALUES (1), (20), (1500), (3000), (3001)) AS v (fails_at);
BEGIN;
DECLARE one CURSOR FOR SELECT id, ai_inference('mean:1', x) FROM wide;
DECLARE other CURSOR FOR SELECT id, ai_inference('mean:1', x) FROM wide ORDER BY id DESC;
FETCH 1 FROM one;
MOVE 100 IN one;
FETCH 1 FROM other;
FETCH 1 FROM one;
CLOSE one;
MOVE 1500 IN other;
FETCH 1 FROM other;
SAVEPOINT before;
FETCH 1 FROM other;
ROLLBACK TO before;
DECLARE third CURSOR FOR SELECT id, ai_inference('mean:1', x) FROM wide;
MOVE 20 IN third;
FETCH 1 FROM third;
-- A connection that was closed with the savepoint had batches of this one under way
MOVE 1000 IN other;
FETCH 1 FROM other;
ROLLBACK;

-- EXPLAIN in other formats, and what the planner expects
CREATE FUNCTION masked(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE query LOOP
		RETURN NEXT regexp_replace(regexp_replace(line, '\d+\.\d+', 'N', 'g'),
			'(Requests|Mean Batch|In Flight): [N\d.]+', '\1: N', 'g');
	END LOOP;
END
$$;
SELECT masked('EXPLAIN (ANALYZE, SUMMARY OFF) SELECT ai_inference(''mean'', x) FROM t');
SELECT masked('EXPLAIN SELECT ai_inference(''mean'', x) FROM t');
CREATE FUNCTION first_inference(options text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	plan jsonb;
BEGIN
	EXECUTE format('EXPLAIN (FORMAT json, %s) SELECT ai_inference(''mean'', x) FROM t', options)
		INTO plan;
	RETURN plan -> 0 -> 'Plan' -> 'Inferences' -> 0;
END
$$;
SELECT jsonb_object_keys(first_inference('ANALYZE'));
SELECT first_inference('COSTS OFF');

-- Rights are those of the call
CREATE ROLE regress_ai_reader;
GRANT SELECT ON t TO regress_ai_reader;
SET ROLE regress_ai_reader;
SELECT ai_inference('mean', x) FROM t;
RESET ROLE;
DROP OWNED BY regress_ai_reader;
DROP ROLE regress_ai_reader;

-- Off
SET ai_runtime.enable_batch_scan = off;
EXPLAIN (COSTS OFF) SELECT ai_inference('mean', x) FROM t;
RESET ai_runtime.enable_batch_scan;

-- Nothing is left for the files after this one
SET client_min_messages = warning;
DROP EXTENSION ai_runtime CASCADE;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;

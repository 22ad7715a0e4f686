-- The set path gives the rows of the row path, in their order: queries of many shapes, each run
-- with ai_runtime.enable_batch_scan on and off. What differs is listed; nothing should be.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx

SET client_min_messages = warning;
SELECT count(ai_create_model(name, model)) FROM (VALUES
	('double', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}',
		onnx.node('Add', '{x,x}', '{y}'))),
	('mean', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,1]"}',
		onnx.node('ReduceMean', '{x}', '{y}', onnx.attribute('axes', '{1}'::int8[]))))
	) AS made (name, model);
SELECT ai_create_model('f', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}',
	onnx.node('Add', '{x,x}', '{y}')), '{"input": ["id", {"name": "g", "default": 7}]}');
CREATE TABLE t (gone int, id int PRIMARY KEY, g int, x real[], j jsonb, note text);
ALTER TABLE t DROP COLUMN gone;
INSERT INTO t SELECT i, i % 4, CASE WHEN i % 7 > 0 THEN ARRAY[i, i + 1]::real[] END,
		CASE WHEN i % 5 > 0 THEN jsonb_build_array(i % 3, i) END, repeat('note ', i % 6)
	FROM generate_series(1, 70) AS i;
CREATE TABLE u (id int PRIMARY KEY, t_id int, w real);
INSERT INTO u SELECT i, i % 40, i / 2.0 FROM generate_series(1, 60) AS i;
CREATE TABLE parts (id int, k int, x real[]) PARTITION BY LIST (k);
CREATE TABLE parts_0 (x real[], k int, id int);
ALTER TABLE parts ATTACH PARTITION parts_0 FOR VALUES IN (0);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1, NULL);
INSERT INTO parts SELECT id, id % 2, x FROM t;
CREATE INDEX ON t (g);
CREATE VIEW scored AS SELECT id, g, (ai_inference('mean', x) ->> 'y')::float8 AS y FROM t;
CREATE FUNCTION score(x real[]) RETURNS float8 LANGUAGE sql STABLE
	RETURN (ai_inference('mean', x) ->> 'y')::float8;
CREATE FUNCTION noted(x anyelement) RETURNS anyelement LANGUAGE plpgsql VOLATILE AS
	'BEGIN RETURN x; END';
ANALYZE;

-- Rows of a query as text, or its error
CREATE FUNCTION answers(query text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	found record;
	answer text[] := '{}';
BEGIN
	FOR found IN EXECUTE query LOOP
		answer := answer || found::text;
	END LOOP;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	RETURN ARRAY[SQLSTATE || ' ' || SQLERRM];
END
$$;
CREATE FUNCTION is_batched(query text) RETURNS bool LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		IF line LIKE '%BatchInference%' THEN
			RETURN true;
		END IF;
	END LOOP;
	RETURN false;
EXCEPTION WHEN OTHERS THEN
	RETURN NULL;
END
$$;
CREATE TABLE queries (id serial, query text, batched bool);
CREATE TABLE differences (settings text, query text, with_node text[], without text[]);
-- Runs the queries that match under settings such as 'jit = on, enable_sort = off'
CREATE PROCEDURE compare(settings text, pattern text DEFAULT '') LANGUAGE plpgsql AS $$
DECLARE
	asked record;
	setting text[];
	with_node text[];
	without text[];
BEGIN
	FOR setting IN SELECT regexp_split_to_array(part, ' = ')
			FROM regexp_split_to_table(settings, ', ') AS part WHERE part <> '' LOOP
		PERFORM set_config(setting[1], setting[2], true);
	END LOOP;
	FOR asked IN SELECT id, query FROM queries WHERE query ~ pattern LOOP
		with_node := answers(asked.query);
		IF settings = '' THEN
			UPDATE queries SET batched = is_batched(query) WHERE id = asked.id;
		END IF;
		SET LOCAL ai_runtime.enable_batch_scan = off;
		without := answers(asked.query);
		SET LOCAL ai_runtime.enable_batch_scan = on;
		IF with_node IS DISTINCT FROM without THEN
			INSERT INTO differences VALUES (settings, asked.query, with_node, without);
		END IF;
	END LOOP;
END
$$;
-- By hand. m() is short for a call, y() for a number of its answer; both are inlined.
DO $$
DECLARE
	input text;
BEGIN
	FOREACH input IN ARRAY '{real[],float8[],int[],int8[],numeric[],jsonb,json,text}'::text[] LOOP
		EXECUTE format('CREATE FUNCTION m(%s) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE
			RETURN ai_inference(''double'', $1)', input);
		EXECUTE format('CREATE FUNCTION y(%s) RETURNS float8 LANGUAGE sql STABLE PARALLEL SAFE
			RETURN (ai_inference(''mean'', $1) ->> ''y'')::float8', input);
	END LOOP;
END
$$;
\set ECHO none
INSERT INTO queries (query) SELECT query FROM regexp_split_to_table($queries$
SELECT id, m(x) FROM t;
SELECT m(x) FROM t;
SELECT id, y(x), m(x) -> 'y' -> 0, m(x) ->> 'y', m(x) FROM t;
SELECT id, ai_inference('mean', x) FROM t;
SELECT id, (ai_inference('mean', x) ->> 'y')::float8 FROM t WHERE (ai_inference('mean', x) ->>
	'y')::float8 > 30;
SELECT id, (ai_inference('mean', x) ->> 'y')::real, (ai_inference('mean', x) ->> 'y')::int FROM
	t;
SELECT id, ai_inference(model => 'mean', options => '{}', input => x) FROM t;
SELECT id, ai_inference('mean', x) - 'z' FROM t WHERE ai_inference('mean', x) ? 'y';
SELECT id, a.p -> 'y', a.p ->> 'y' FROM t, LATERAL (SELECT ai_inference('double', x) AS p) AS a;
SELECT id, a.p -> 'y', a.p ->> 'y' FROM t, LATERAL (SELECT ai_inference('double', x) AS p OFFSET
	0) AS a;
SELECT id, m(x), m(j), m(ARRAY[id, g]) FROM t;
SELECT id, m(x::float8[]), m(ARRAY[id, 1]::int8[]), m(ARRAY[id, 0.5]), m(j::json), m(j::text)
	FROM t;
SELECT id FROM t WHERE y(x) > 30;
SELECT id, y(x) FROM t WHERE y(x) > 30 AND g = 1;
SELECT id, m(x) FROM t WHERE y(x) > 30;
SELECT id FROM t WHERE y(x) > 30 OR g = 1;
SELECT id FROM t WHERE g = 1 OR y(x) > 30;
SELECT id FROM t WHERE NOT y(x) > 30;
SELECT id FROM t WHERE y(x) > 10 AND y(j) < 30;
SELECT id, y(j) FROM t WHERE y(x) > 10 AND y(j) < 30;
SELECT id, m(x) FROM t WHERE y(x) > 10 AND y(j) < 30 AND id % 2 = 0;
SELECT id FROM t WHERE y(x) IS NULL;
SELECT id FROM t WHERE x IS NOT NULL AND y(x) > 20 AND g < 3 AND m(x) ->> 'y' LIKE '%2%';
SELECT id FROM t WHERE (y(x) > 10 AND g = 1) OR (y(x) > 60 AND g = 2);
SELECT id FROM t WHERE (g = 1 AND y(x) > 10) OR (g = 2 AND y(x) > 60);
SELECT id, y(x) FROM t WHERE (g = 1 AND y(x) > 10) OR (g = 2 AND y(x) > 60);
SELECT id, y(x) FROM t WHERE g = 1 AND CASE WHEN id > 30 THEN y(x) > 10 ELSE y(j) > 10 END;
SELECT id FROM t WHERE COALESCE(y(x), y(j), 99) > 30;
SELECT id FROM t WHERE (g > 1) = (y(x) > 30);
SELECT id, y(x) FROM t WHERE (y(x) > 30) IS NOT FALSE;
SELECT id FROM t WHERE m(x) IS NOT NULL;
SELECT id FROM t WHERE y(x) BETWEEN 10 AND 20;
SELECT id FROM t WHERE y(x) IN (10.5, 20.5, 30.5);
SELECT id FROM t WHERE y(x) = ANY (ARRAY[g * 10 + 0.5, 20.5]);
SELECT id FROM t WHERE y(x) > ALL (SELECT w FROM u WHERE id < 10);
SELECT id FROM t WHERE y(x) IN (SELECT w FROM u) ORDER BY id;
SELECT id FROM t WHERE y(x) NOT IN (SELECT w FROM u);
SELECT id FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id AND y(t.x) > u.w);
SELECT id FROM t WHERE NOT EXISTS (SELECT 1 FROM u WHERE u.t_id = t.id AND y(t.x) > u.w);
SELECT id, (SELECT y(t.x) + max(u.w) FROM u WHERE u.t_id = t.id) FROM t;
SELECT id, (SELECT y(ARRAY[u.id, t.id]) FROM u WHERE u.t_id = t.id LIMIT 1) FROM t;
SELECT id, (SELECT sum(y(ARRAY[u.id, t.id])) FROM u WHERE u.t_id = t.id) FROM t;
SELECT (SELECT y(x) FROM t WHERE id = 3);
SELECT (SELECT y(x) FROM t ORDER BY id LIMIT 1);
SELECT avg(y(x)) FROM t;
SELECT count(m(x)), count(*), sum(y(x)), min(y(x)), max(y(j)) FROM t;
SELECT g, avg(y(x)) FROM t GROUP BY g ORDER BY g;
SELECT g, avg(y(x)) FILTER (WHERE id > 30), count(*) FILTER (WHERE y(x) > 20) FROM t GROUP BY g
	ORDER BY g;
SELECT g, avg(y(x)) FILTER (WHERE y(j) > 10) FROM t GROUP BY g ORDER BY g;
SELECT g, array_agg(y(x) ORDER BY y(j), id) FROM t GROUP BY g ORDER BY g;
SELECT g, count(DISTINCT y(j)) FROM t GROUP BY g ORDER BY g;
SELECT g, string_agg(m(x) ->> 'y', ',' ORDER BY id) FROM t GROUP BY g ORDER BY g;
SELECT g, percentile_cont(0.5) WITHIN GROUP (ORDER BY y(x)) FROM t GROUP BY g ORDER BY g;
SELECT y(j) AS k, count(*) FROM t GROUP BY y(j) ORDER BY k;
SELECT y(j) > 10 AS k, count(*), sum(y(x)) FROM t GROUP BY k ORDER BY k;
SELECT g FROM t GROUP BY g HAVING avg(y(x)) > 36 ORDER BY g;
SELECT g, y(ARRAY[g, count(*)]) FROM t GROUP BY g ORDER BY g;
SELECT g FROM t GROUP BY g HAVING y(ARRAY[g, count(*)]) > 9.5 ORDER BY g;
SELECT g, y(ARRAY[g, sum(y(x))]) FROM t GROUP BY g ORDER BY g;
SELECT g, id % 2 AS h, sum(y(x)) FROM t GROUP BY GROUPING SETS ((g), (id % 2), ()) ORDER BY g,
	h;
SELECT g, id % 2 AS h, sum(y(x)), grouping(g) FROM t GROUP BY CUBE (g, id % 2) ORDER BY g, h;
SELECT g, y(j) AS k, count(*) FROM t GROUP BY ROLLUP (g, y(j)) ORDER BY g, k;
SELECT DISTINCT y(j) AS k FROM t ORDER BY k;
SELECT DISTINCT ON (g) g, id, y(x) FROM t ORDER BY g, y(x) DESC NULLS LAST;
SELECT DISTINCT ON (y(j)) id FROM t ORDER BY y(j), id DESC;
SELECT id FROM t ORDER BY y(j), id;
SELECT id, y(x) FROM t ORDER BY y(x) DESC NULLS LAST, id LIMIT 5;
SELECT id, m(x) FROM t ORDER BY y(x) DESC NULLS LAST LIMIT 5 OFFSET 3;
SELECT id, m(x) FROM t ORDER BY id DESC LIMIT 7;
SELECT id, m(x) FROM t LIMIT 7;
SELECT id, m(x) FROM t LIMIT 0;
SELECT id, m(x) FROM t LIMIT NULL OFFSET 60;
SELECT id, m(x) FROM t OFFSET 33 LIMIT 20;
SELECT id, m(x) FROM t LIMIT (SELECT 9);
SELECT id, m(x) FROM t WHERE y(x) > 10 LIMIT 20;
SELECT id, y(x) FROM t ORDER BY g FETCH FIRST 3 ROWS WITH TIES;
SELECT id, sum(y(x)) OVER (ORDER BY id) FROM t;
SELECT id, sum(y(x)) OVER (PARTITION BY g ORDER BY id) FROM t ORDER BY id;
SELECT id, rank() OVER (ORDER BY y(j), g) FROM t ORDER BY id;
SELECT id, rank() OVER (PARTITION BY y(j) ORDER BY id) FROM t ORDER BY id;
SELECT id, lag(y(x)) OVER (ORDER BY id), lead(y(x), 2, 0) OVER (ORDER BY id) FROM t;
SELECT id, first_value(y(x)) OVER w, nth_value(y(x), 2) OVER w FROM t WINDOW w AS (PARTITION BY
	g ORDER BY id) ORDER BY id;
SELECT id, avg(y(x)) FILTER (WHERE g > 1) OVER (ORDER BY id ROWS 2 PRECEDING) FROM t;
SELECT id, y(ARRAY[row_number() OVER (ORDER BY id), g]) FROM t;
SELECT * FROM (SELECT id, y(x), row_number() OVER (ORDER BY id) AS n FROM t) AS s WHERE n < 5;
SELECT * FROM (SELECT id, sum(y(x)) OVER (ORDER BY id) AS s FROM t) AS s WHERE s < 200;
SELECT id, CASE WHEN g = 1 THEN m(x) ->> 'y' END FROM t;
SELECT id, CASE WHEN g = 1 THEN y(x) WHEN g = 2 THEN y(j) ELSE 0 END FROM t;
SELECT id, CASE g WHEN 1 THEN y(x) WHEN 2 THEN y(j) END FROM t;
SELECT id, CASE WHEN y(x) > 30 THEN 'big' WHEN y(j) > 20 THEN 'middle' ELSE note END FROM t;
SELECT id, CASE WHEN y(x) > 30 THEN y(ARRAY[id, y(x)]) ELSE y(x) END FROM t;
SELECT id, CASE WHEN g = 1 THEN CASE WHEN id > 20 THEN y(x) ELSE y(j) END END FROM t;
SELECT id, CASE WHEN x IS NOT NULL THEN m(x) -> 'y' END, m(x) -> 'y' FROM t;
SELECT id, CASE y(j) WHEN 1 THEN 'one' WHEN y(x) THEN 'same' ELSE 'other' END FROM t;
SELECT id, COALESCE(y(x), y(j), -1) FROM t;
SELECT id, COALESCE(note, m(x) ->> 'y') FROM t;
SELECT id, NULLIF(y(x), y(j)), GREATEST(y(x), y(j), g) FROM t;
SELECT id, g = 1 AND y(x) > 20, g = 1 OR y(x) > 20, NOT (g = 1 AND y(j) > 3) FROM t;
SELECT id, y(x) > 20 AND y(j) > 10, y(x) > 20 OR y(j) > 10 FROM t;
SELECT id, (x IS NULL OR y(x) > 5) AND (j IS NULL OR y(j) > 5) FROM t;
SELECT id, CASE WHEN g > 0 THEN y(ARRAY[1 / g, id]) END FROM t;
SELECT id FROM t WHERE g > 0 AND y(ARRAY[1 / g, id]) > 20;
SELECT id FROM t WHERE CASE WHEN g > 0 THEN y(ARRAY[1 / g, id]) > 20 ELSE false END;
SELECT id, (ROW(y(x), id)), ARRAY[y(x), y(j)] FROM t;
SELECT id, ROW(g, y(x)) < ROW(2, y(j)) FROM t;
SELECT id, (ARRAY[10, 20, 30])[y(j)::int] FROM t;
SELECT id, jsonb_build_object('y', m(x) -> 'y', 'id', id) FROM t;
SELECT id, y(ARRAY[y(x), y(j)]) FROM t;
SELECT id, y(ARRAY[y(ARRAY[y(ARRAY[id, g]), 2]), 3]) FROM t;
SELECT id, m(x) -> 'y' ->> 1, m(x) -> 'nothing', m(x) ->> 'nothing', (m(x) ->>
	'nothing')::float8 FROM t;
SELECT id, (m(x) ->> 'y')::float8 FROM t WHERE id < 3;
SELECT id, CASE WHEN id > 100 THEN (m(x) ->> 'y')::float8 END, m(x) ->> 'y' FROM t;
SELECT id, (m(x) -> 'y' ->> 0)::real, (y(x))::int FROM t;
SELECT id, y(j), ai_inference('mean', j, '{"outputs": ["y"]}') FROM t;
SELECT id, ai_inference('mean', x, NULL), ai_inference(NULL, x) FROM t;
SELECT id, ai_inference('mean:1', x), ai_inference('mean', x) FROM t;
SELECT id, ai_inference(CASE WHEN g = 1 THEN 'mean' ELSE 'double' END, x) FROM t;
SELECT id, ai_inference('no such model', x) FROM t;
SELECT id, ai_inference('no such model', x) FROM t WHERE id < 0;
SELECT id, m(ARRAY[1, 2, 3]::real[] || id::real) FROM t;
SELECT id, CASE WHEN id > 100 THEN m(ARRAY[1, 2, 3]::real[] || id::real) END FROM t;
SELECT id, m('[1, 2]'::jsonb) FROM t;
SELECT m('[1, 2]'::jsonb), y('[1, 2]'::jsonb);
SELECT t.id, u.id, y(ARRAY[t.id, u.w]) FROM t JOIN u ON u.t_id = t.id ORDER BY t.id, u.id;
SELECT t.id, u.id FROM t JOIN u ON u.t_id = t.id AND y(ARRAY[t.id, u.w]) > 20 ORDER BY t.id,
	u.id;
SELECT t.id, u.id FROM t JOIN u ON u.t_id = t.id WHERE y(t.x) > 20 ORDER BY t.id, u.id;
SELECT t.id, u.id FROM t LEFT JOIN u ON u.t_id = t.id AND y(ARRAY[t.id, u.w]) > 20 ORDER BY
	t.id, u.id;
SELECT t.id, u.id, y(ARRAY[t.id, COALESCE(u.w, 0)]) FROM t LEFT JOIN u ON u.t_id = t.id ORDER BY
	t.id, u.id;
SELECT t.id, u.id FROM t LEFT JOIN u ON u.t_id = t.id WHERE y(ARRAY[t.id, COALESCE(u.w, 0)]) >
	20 ORDER BY t.id, u.id;
SELECT t.id, u.id FROM t FULL JOIN u ON u.t_id = t.id WHERE COALESCE(y(t.x), 0) < 20 ORDER BY
	t.id, u.id;
SELECT t.id, u.id FROM t RIGHT JOIN (SELECT id, t_id, y(ARRAY[id, w]) AS y FROM u) AS u ON
	u.t_id = t.id AND u.y > 10 ORDER BY t.id, u.id;
SELECT a.id, b.id FROM t AS a JOIN t AS b ON y(a.x) = y(b.x) ORDER BY 1, 2;
SELECT a.id, b.id FROM t AS a JOIN u AS b ON y(a.x) = b.w ORDER BY 1, 2;
SELECT a.id, b.id FROM t AS a LEFT JOIN u AS b ON y(a.j) = b.w ORDER BY 1, 2;
SELECT a.id, b.id FROM t AS a JOIN u AS b ON y(a.j) > b.w AND a.id = b.t_id ORDER BY 1, 2;
SELECT a.id, b.id FROM t AS a, u AS b WHERE a.id < 6 AND b.id < 6 AND y(ARRAY[a.id, b.id]) > 3
	ORDER BY 1, 2;
SELECT a.id, l.y FROM t AS a, LATERAL (SELECT y(a.x) AS y) AS l;
SELECT a.id, l.y, l.y + 1 FROM t AS a, LATERAL (SELECT y(a.x) AS y OFFSET 0) AS l;
SELECT a.id, l.y FROM t AS a, LATERAL (SELECT y(ARRAY[a.id, u.id]) AS y FROM u WHERE u.t_id =
	a.id ORDER BY u.id LIMIT 2) AS l;
SELECT a.id, e.value FROM t AS a, jsonb_array_elements(m(a.x) -> 'y') AS e;
SELECT t.id, r.y, r.z FROM t LEFT JOIN LATERAL jsonb_to_record(m(t.x)) AS r (y text, z int) ON
	true WHERE t.g < 3;
SELECT t.id, u.w FROM t JOIN u ON u.id = y(t.x)::int ORDER BY 1;
SELECT t.id, u.w FROM t LEFT JOIN u ON u.id = (CASE WHEN t.g < 2 THEN y(t.x) ELSE y(t.j)
	END)::int AND u.w > 3 ORDER BY 1;
SELECT t.id, u.w, y(t.x) FROM t JOIN u ON u.id = y(t.x)::int AND u.t_id = t.g + 3 ORDER BY 1;
SELECT t.id, s.n FROM t, generate_series(1, y(ARRAY[t.g, 2])::int) AS s (n);
SELECT a.id, r.y FROM t AS a, jsonb_to_record(m(a.x)) AS r (y text);
SELECT id, jsonb_array_elements(m(x) -> 'y') FROM t;
SELECT id, jsonb_array_elements(m(x) -> 'y'), y(x), generate_series(1, g) FROM t;
SELECT id, jsonb_array_elements(m(x) -> 'y') FROM t LIMIT 5;
SELECT id, generate_series(1, g) AS n, y(x) FROM t ORDER BY y(x) DESC NULLS LAST, n LIMIT 9;
SELECT s.n, y(ARRAY[s.n, 1]) FROM generate_series(1, 40) AS s (n);
SELECT v.a, y(ARRAY[v.a, v.b]) FROM (VALUES (1, 2), (3, 4), (5, NULL)) AS v (a, b);
SELECT * FROM (VALUES (1, y('[1, 2]'::jsonb)), (2, y('[3, 4]'::jsonb))) AS v;
SELECT id, y FROM scored WHERE y > 20;
SELECT g, max(y) FROM scored GROUP BY g ORDER BY g;
SELECT a.id FROM scored AS a JOIN scored AS b ON a.id = b.id AND a.y > b.g ORDER BY 1;
SELECT id, score(x) FROM t WHERE score(x) > 20;
SELECT id, y FROM (SELECT id, y(x) AS y FROM t) AS s WHERE y > 10 AND y < 30;
SELECT id, y FROM (SELECT id, y(x) AS y FROM t OFFSET 0) AS s WHERE y > 10 AND y < 30;
SELECT id, y FROM (SELECT id, y(x) AS y FROM t ORDER BY id LIMIT 30) AS s WHERE y > 10;
WITH s AS (SELECT id, y(x) AS y FROM t) SELECT * FROM s WHERE y > 10;
WITH s AS MATERIALIZED (SELECT id, y(x) AS y FROM t) SELECT a.id, b.y FROM s AS a JOIN s AS b
	USING (id) ORDER BY 1;
WITH s AS MATERIALIZED (SELECT id, x FROM t) SELECT id, y(x) FROM s WHERE y(x) > 9;
WITH RECURSIVE r (n, y) AS (SELECT 1, 1.5::float8 UNION ALL SELECT n + 1, y(ARRAY[n, y]) FROM r
	WHERE n < 20) SELECT * FROM r;
WITH RECURSIVE r (n, y) AS (SELECT id, y(x) FROM t WHERE id < 5 UNION ALL SELECT n + 10,
	y(ARRAY[n, y]) FROM r WHERE n < 40) SELECT * FROM r;
SELECT id, y(x) FROM t WHERE id < 5 UNION ALL SELECT id, y(ARRAY[id, w]) FROM u WHERE id < 5;
SELECT y(j) FROM t UNION SELECT w FROM u ORDER BY 1;
SELECT y(x) FROM t INTERSECT SELECT w FROM u ORDER BY 1;
SELECT y(x) FROM t EXCEPT SELECT w FROM u ORDER BY 1;
SELECT y(x) FROM t EXCEPT ALL SELECT w FROM u ORDER BY 1;
SELECT id, y(x) FROM parts;
SELECT p.id, y(p.x), y(t.x) FROM parts AS p JOIN t USING (id) WHERE y(p.x) > 9 ORDER BY 1;
SELECT p.id FROM parts AS p JOIN t USING (id) WHERE y(ARRAY[p.id, t.g]) > 9 AND y(t.x) > 20
	ORDER BY 1;
SELECT k, y(ARRAY[k, count(*)]) FROM parts WHERE k IS NOT NULL GROUP BY k ORDER BY k;
SELECT id FROM parts WHERE y(x) > 20;
SELECT id, y(x) FROM parts WHERE k = 1 AND y(x) > 20;
SELECT k, avg(y(x)) FROM parts GROUP BY k ORDER BY k;
SELECT id, y(x) FROM parts ORDER BY y(x), id LIMIT 10;
SELECT id, y(x) FROM t WHERE id = 5;
SELECT id, y(x) FROM t WHERE id IN (5, 7, 9);
SELECT id, y(x) FROM t WHERE g = 2;
SELECT id, y(x) FROM t WHERE ctid IN ('(0,1)', '(0,3)');
SELECT id, y(x) FROM t WHERE ctid < '(0,9)';
SELECT id, y(x) FROM t TABLESAMPLE bernoulli (100);
SELECT ctid, tableoid::regclass, id, y(x), t FROM t;
SELECT id, y(to_jsonb(ARRAY[t.id, t.g])), t.* FROM t;
SELECT id FROM t WHERE id = y('[3, 4]'::jsonb)::int;
SELECT id, y(x) FROM t WHERE id > y('[3, 4]'::jsonb);
SELECT noted(id), y(x) FROM t;
SELECT noted(id), y(x) FROM t LIMIT 3;
SELECT noted(y(x)), y(x) FROM t WHERE y(x) > 20;
SELECT g, sum(noted(y(x))) FROM t GROUP BY g ORDER BY g;
SELECT id, y(ARRAY[noted(id), 1]) FROM t;
SELECT id, y(x) FROM t WHERE noted(id) > 20;
SELECT noted(id), y(x) FROM t WHERE noted(id) > 20;
SELECT id, CASE WHEN noted(g) = 1 THEN y(x) END FROM t;
SELECT id, CASE WHEN noted(g) = 1 THEN y(x) END, y(x) FROM t;
SELECT id, y(x) FROM (SELECT id, x FROM t WHERE noted(id) > 20 OFFSET 0) AS s LIMIT 4;
SELECT id, y(x) FROM t WHERE id < 20 FOR UPDATE;
SELECT id, y(x) FROM t WHERE id < 20 ORDER BY id FOR SHARE LIMIT 3;
SELECT id, y(x) FROM (SELECT * FROM t FOR UPDATE) AS s LIMIT 3;
SELECT id, y(x), current_setting('server_version_num')::int > 0 FROM t;
SELECT 1 FROM t WHERE y(x) > 60;
SELECT count(*) FROM t WHERE y(x) > 60;
SELECT count(*) FROM (SELECT y(x) FROM t OFFSET 0) AS s;
SELECT FROM t WHERE y(x) > 65;
SELECT y(x) IS DISTINCT FROM y(j), (y(x) > 5) IS UNKNOWN FROM (SELECT x, j FROM t) AS s WHERE
	false;
SELECT y(x) IS DISTINCT FROM y(j), (y(x) > 5) IS UNKNOWN FROM (SELECT x, j FROM t) AS s;
SELECT id, (y(x) > 20) IS NOT TRUE, (y(j) > 1) IS UNKNOWN FROM t;
SELECT id, m(x) ? 'y', m(x) @> '{"y": [2, 4]}', m(x) #>> '{y,0}' FROM t;
SELECT id, m(x) -> note, m(x) -> 'y' -> g FROM t;
SELECT id, lower(m(x) ->> 'y') || note FROM t;
SELECT id, (SELECT s.y FROM scored AS s WHERE s.id = t.id) FROM t;
SELECT id, ARRAY(SELECT s.y FROM scored AS s WHERE s.g = t.g ORDER BY s.id) FROM t WHERE id < 9;
SELECT t.id FROM t WHERE y(ARRAY[(SELECT max(w) FROM u WHERE u.t_id = t.id), 1]) > 5;
SELECT t.id, y(ARRAY[(SELECT max(w) FROM u), 1]) FROM t;
SELECT t.id, ai_inference((SELECT 'mean'), x) FROM t;
SELECT t.id, ai_inference('me' || 'an', x) FROM t;
SELECT t.id, ai_inference(current_setting('server_encoding'), x) FROM t;
SELECT id, ai_inference('f', to_jsonb(t)) FROM t;
SELECT id, ai_inference('f', row_to_json(t)), ai_inference('f', to_json(t)) FROM t;
SELECT ai_inference('f', to_jsonb(t)) -> 'y' -> 0 FROM t WHERE ai_inference('f', to_jsonb(t))
	->> 'y' > '2';
SELECT ai_inference('f', to_jsonb(s)) FROM (SELECT id, g + 1 AS g FROM t) AS s;
SELECT ai_inference('f', to_jsonb(s)) FROM (SELECT id, g AS h FROM t) AS s;
SELECT ai_inference('f', to_jsonb(s)) FROM (SELECT id, id AS g, g FROM t) AS s;
SELECT ai_inference('f', to_jsonb(s)) FROM (SELECT g, NULLIF(id, 9) AS id FROM t) AS s;
SELECT ai_inference('f', to_jsonb(s)) FROM (SELECT id, g FROM t OFFSET 0) AS s;
SELECT ai_inference('f', to_jsonb(ROW(id, g))) FROM t;
SELECT ai_inference('f', to_jsonb(ROW(id, g, 1)::text)) FROM t;
SELECT ai_inference('f', jsonb_build_object('id', id, 'g', g)) FROM t;
SELECT ai_inference('f', jsonb_build_object('id', id)) FROM t;
SELECT ai_inference('f', jsonb_build_object('id', id, 'id', g)) FROM t;
SELECT ai_inference('f', jsonb_build_object('id', id, 'g', NULL)) FROM t;
SELECT ai_inference('f', jsonb_build_object('id', id, 'g', '5', 'else', x)) FROM t;
SELECT ai_inference('f', jsonb_build_object(note, id)) FROM t;
SELECT ai_inference('f', jsonb_build_object('id', 1 / (id - 7))) FROM t;
SELECT ai_inference('f', jsonb_build_object('id', ai_inference('mean', x) -> 'y')) FROM t WHERE
	x IS NOT NULL;
SELECT ai_inference('f', to_jsonb(p)) FROM parts AS p;
SELECT t.id, ai_inference('f', to_jsonb(u)) FROM t LEFT JOIN u ON u.id = t.id - 20 ORDER BY 1;
SELECT g, count(ai_inference('f', to_jsonb(t))), sum((ai_inference('f', to_jsonb(t)) -> 'y' ->>
	1)::float8) FROM t GROUP BY g ORDER BY g;
SELECT CASE WHEN g > 1 THEN ai_inference('f', to_jsonb(t)) END FROM t;
SELECT ai_inference('double', to_jsonb(x)), ai_inference('double', jsonb_build_object('x', x))
	FROM t;
SELECT ai_inference('double', to_jsonb(s)) FROM (SELECT x FROM t WHERE x IS NOT NULL) AS s;
$queries$, E';\n') AS query WHERE query ~ 'SELECT';
\set ECHO all
UPDATE queries SET query = ltrim(regexp_replace(query, E'\n\t', ' ', 'g'), E'\n');
CALL compare('');
-- Joins in every way, plans that are chosen seldom, compiled expressions, workers
CALL compare('enable_hashjoin = off, enable_mergejoin = off', '(?i)join|, u|lateral');
CALL compare('enable_hashjoin = off, enable_nestloop = off', '(?i)join|, u|lateral');
CALL compare('enable_mergejoin = off, enable_nestloop = off', '(?i)join|, u|lateral| IN ');
CALL compare('enable_hashagg = off, enable_incremental_sort = off', '(?i)group|distinct|union');
CALL compare('enable_sort = off, enable_seqscan = off', '(?i)order by .*limit|group|where g');
CALL compare('jit = on, jit_above_cost = 0', '(?i)case');
CALL compare('force_parallel_mode = on, parallel_setup_cost = 0, parallel_tuple_cost = 0, '
	'min_parallel_table_scan_size = 0', 'parts|sum.y|scored');
SELECT * FROM differences;
SELECT count(*) >= 200 AS many, count(*) FILTER (WHERE batched) > count(*) * 0.85 AS most_batched
	FROM queries;
-- Those that stay row at a time, and those that fail both ways
SELECT query FROM queries WHERE NOT batched ORDER BY id;
SELECT query, error[1] FROM queries, answers(query) AS error WHERE error[1] ~ '^[0-9A-Z]{5} '
	ORDER BY id;

-- Nothing is left for the files after this one
SET client_min_messages = warning;
DROP EXTENSION ai_runtime CASCADE;
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;

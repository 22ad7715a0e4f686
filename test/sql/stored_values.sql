-- Values as tables hold them: out of line, compressed, with a short header. A batch reads them
-- where they are, and what it makes of them is what a call alone makes.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx

CREATE TABLE stored (id int, x real[], j jsonb, word text, number numeric);
INSERT INTO stored SELECT i, ARRAY(SELECT sin(i * k)::real FROM generate_series(1, 768) AS k),
		jsonb_build_object('x', (SELECT jsonb_agg(sin(i * k)) FROM generate_series(1, 768) AS k)),
		(SELECT string_agg(md5((i * k)::text), '') FROM generate_series(1, 100) AS k),
		(SELECT string_agg((i * k % 9973)::text, '') FROM generate_series(1, 2500) AS k)::numeric
			/ 10::numeric ^ 9000
	FROM generate_series(1, 50) AS i;
INSERT INTO stored SELECT i, array_fill(i::real, ARRAY[768]),
		jsonb_build_object('x', array_fill(i, ARRAY[768])), repeat('word', 1000), i
	FROM generate_series(51, 100) AS i;
INSERT INTO stored SELECT i, ARRAY[i, i + 1], jsonb_build_object('x', ARRAY[i, i + 1]), 'a', i / 8.0
	FROM generate_series(101, 150) AS i;
SELECT id <= 50 AS first, min(pg_column_size(x)) > 2000 AS long_array,
		min(pg_column_size(j)) > 2000 AS long_json, min(pg_column_size(word)) > 2000 AS long_text
	FROM stored GROUP BY 1 ORDER BY 1 DESC;

SELECT ai_create_model('widest', onnx.model('{"x FP32[N,M]"}', '{"y FP32[N,1]"}',
	onnx.node('ReduceMax', '{x}', '{y}', onnx.attribute('axes', '{1}'::int8[]))));
SELECT ai_create_model('number', onnx.model('{"x FP32[N,1]"}', '{"y FP32[N,1]"}',
	onnx.node('Neg', '{x}', '{y}')), '{"input": ["number"]}');
SELECT ai_create_model('words', onnx.model('{"x BYTES[N,1]"}', '{"y BYTES[N,1]"}',
	onnx.node('Identity', '{x}', '{y}')), '{"input": ["word"]}');
CREATE FUNCTION answers() RETURNS TABLE (id int, by_array text, by_json text, by_number text,
		by_word text) LANGUAGE sql AS $$
	SELECT id, ai_inference('widest', x) ->> 'y', ai_inference('widest', j) ->> 'y',
		ai_inference('number', to_jsonb(s), '{"on_error": "report"}') ->> 'y',
		md5(ai_inference('words', to_jsonb(s)) ->> 'y')
	FROM stored AS s $$;
SET ai_runtime.enable_batch_scan = off;
CREATE TEMP TABLE alone AS SELECT * FROM answers();
RESET ai_runtime.enable_batch_scan;
SELECT count(*), count(t.by_array) AS arrays, count(t.by_number) AS numbers
	FROM answers() AS t JOIN alone AS a USING (id) WHERE t IS NOT DISTINCT FROM a;
SELECT count(*) FROM answers() JOIN stored USING (id)
	WHERE by_array IS DISTINCT FROM by_json OR by_word IS DISTINCT FROM md5(word);

DROP TABLE stored, alone;
DROP FUNCTION answers();
SELECT ai_drop_model(name) FROM ai_models;

-- Many rows in few requests: the same answers and the same errors as one by one.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx
SELECT ai_create_model('double', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}',
	onnx.node('Add', '{x,x}', '{y}')));
SELECT ai_create_model('both', onnx.model('{"a FP32[N,2]","b FP32[N,2]","k FP32[]"}',
	'{"y FP32[N,2]"}', onnx.node('Add', '{a,b}', '{s}') || onnx.node('Mul', '{s,k}', '{y}')));
SELECT ai_create_model('strings', onnx.model('{"x BYTES[N,M]"}', '{"y BYTES[N,M]"}',
	onnx.node('Identity', '{x}', '{y}')));
SELECT ai_create_model('table', onnx.model('{"x INT64[N]"}', '{"y FP32[N,2]"}',
	onnx.node('Gather', '{t,x}', '{y}'), onnx.constant('t', '{3,2}', '{1,2,3,4,5,6}'::real[])));
SELECT ai_create_model('sum', onnx.model('{"x FP32[N,2]"}', '{"y FP32[?]"}',
	onnx.node('ReduceSum', '{x,axis}', '{y}', onnx.attribute('keepdims', 0)),
	onnx.constant('axis', '{1}', '{0}'::int8[])));
SELECT ai_create_model('square', onnx.model('{"x FP32[N,N]"}', '{"y FP32[N,N]"}',
	onnx.node('MatMul', '{x,x}', '{y}')));
SELECT ai_create_model('one', onnx.model('{"x FP32[1,2]"}', '{"y FP32[1,2]"}',
	onnx.node('Add', '{x,x}', '{y}')));
SELECT ai_create_model('features', onnx.model('{"x FP32[N,4]"}', '{"y FP32[N,4]"}',
	onnx.node('Identity', '{x}', '{y}')), '{"input": ["a", {"name": "b", "default": -1},
	{"name": "job", "categories": ["x", "y"]}], "output": {"all": "y", "last": {"index": -1},
	"job": {"argmax": true, "labels": ["a", "b", "x", "y"]}}}');
SELECT ai_create_model('classifier', onnx.model('{"x FP32[?,2]"}',
	'{"label INT64[?]","p seq(map(INT64,FP32[]))"}',
	onnx.node('LinearClassifier', '{x}', '{label,scores}',
		onnx.attribute('classlabels_ints', '{10,20}'::int8[])
		|| onnx.attribute('coefficients', '{1,0,0,1}'::real[])
		|| onnx.attribute('intercepts', '{0,0.5}'::real[]), 'ai.onnx.ml')
	|| onnx.node('ZipMap', '{scores}', '{p}',
		onnx.attribute('classlabels_int64s', '{10,20}'::int8[]), 'ai.onnx.ml')));

-- One by one, errors told
CREATE FUNCTION one_by_one(model text, inputs jsonb[], options jsonb)
	RETURNS TABLE (idx bigint, output jsonb, error text) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. cardinality(inputs) LOOP
		BEGIN
			idx := i;
			error := NULL;
			output := ai_inference(model, inputs[i], options);
		EXCEPTION WHEN OTHERS THEN
			output := NULL;
			error := SQLERRM;
		END;
		RETURN NEXT;
	END LOOP;
END $$;
-- Rows that differ between the two; rows, and those among them with an error
CREATE FUNCTION compare_rows(model text, inputs jsonb[], options jsonb DEFAULT '{}')
	RETURNS TABLE (different bigint, rows bigint, failed bigint) LANGUAGE sql
	RETURN (SELECT (count(*) FILTER (WHERE (a.idx, a.output, a.error) IS DISTINCT FROM
			(b.idx, b.output, b.error)), count(*), count(b.error))
		FROM ai_inference_batch(model, inputs, options) AS a
			FULL JOIN one_by_one(model, inputs, options) AS b ON a.idx = b.idx);

-- What it gives
SELECT * FROM ai_inference_batch('double',
	'{"[1, 2]","[3, 4]",NULL,"[5]","[[6, 7], [8, 9]]","{\"x\": [0, 1]}"}'::jsonb[]);
SELECT * FROM ai_inference_batch('double', '[[1, 2], null, [3, 4]]'::jsonb);
SELECT * FROM ai_inference_batch('double', '{}'::jsonb[]);
SELECT * FROM ai_inference_batch('double', '[]'::jsonb);
SELECT * FROM ai_inference_batch('double', NULL::jsonb[]);
SELECT * FROM ai_inference_batch(NULL, '[[1, 2]]'::jsonb);
SELECT * FROM ai_inference_batch('double', '[[1, 2]]'::jsonb, NULL);
SELECT * FROM ai_inference_batch('double', '[[1, 2]]'::jsonb, '{"output_format": "tensor"}');
SELECT * FROM ai_inference_batch('double', '{"x": 1}'::jsonb);
\echo :SQLSTATE
SELECT * FROM ai_inference_batch('none', '[[1, 2]]'::jsonb);
\echo :SQLSTATE
SELECT * FROM ai_inference_batch('double', '[[1, 2]]'::jsonb, '{"on_error": 1}');

-- More rows than a batch has; shapes that differ; rows given as batches of their own
SELECT * FROM compare_rows('double', (SELECT array_agg(jsonb_build_array(i, -i / 3.0) ORDER BY i)
	FROM generate_series(1, 2500) AS i));
SELECT * FROM compare_rows('double', (SELECT array_agg(CASE i % 11
		WHEN 0 THEN NULL
		WHEN 1 THEN '[1, 2, 3]'
		WHEN 2 THEN jsonb_build_array(jsonb_build_array(i, 1), jsonb_build_array(2, 3))
		WHEN 3 THEN '"text"'
		WHEN 4 THEN jsonb_build_object('x', jsonb_build_array(i, 0))
		WHEN 5 THEN '[]'
		ELSE jsonb_build_array(i, 1) END ORDER BY i)
	FROM generate_series(1, 1500) AS i));
SELECT * FROM compare_rows('strings', (SELECT array_agg(
		(SELECT jsonb_agg(repeat('ä' || i, j)) FROM generate_series(1, 1 + i % 5) AS j) ORDER BY i)
	FROM generate_series(1, 300) AS i));
SELECT * FROM compare_rows('both',
	(SELECT array_agg(jsonb_build_object('a', jsonb_build_array(i, 1),
		'b', jsonb_build_array(2, i), 'k', i / 100) ORDER BY i)
	FROM generate_series(1, 500) AS i));

-- One row that the model refuses does not take the others with it
SELECT * FROM ai_inference_batch('table', '[0, 1, 3, 2, 0, -4, 1]'::jsonb);
SELECT * FROM compare_rows('table',
	(SELECT array_agg(to_jsonb(CASE WHEN i % 97 = 0 THEN 5 ELSE i % 3
		END) ORDER BY i) FROM generate_series(1, 2000) AS i));
SELECT * FROM ai_inference_batch('table', '[0, 9]'::jsonb, '{"on_error": "raise"}');
\echo :SQLSTATE

-- Models that may not be asked for several rows at once
SELECT * FROM compare_rows('sum', '{"[1, 2]","[3, 4]","[5, 6]"}');
SELECT * FROM compare_rows('square', '{"[1]","[3]","[[1, 2], [3, 4]]"}');
SELECT * FROM compare_rows('one', '{"[1, 2]","[3, 4]","[[5, 6]]","[[1, 2], [3, 4]]"}');

-- Features, output specification, maps
SELECT * FROM compare_rows('features', (SELECT array_agg(CASE i % 7
		WHEN 0 THEN jsonb_build_object('a', i, 'job', 'z')
		WHEN 1 THEN jsonb_build_object('a', i, 'job', 'y', 'b', null)
		WHEN 2 THEN jsonb_build_object('job', 'y', 'b', 1)
		ELSE jsonb_build_object('a', i / 7.0, 'b', -i, 'job', 'x', 'c', 1) END ORDER BY i)
	FROM generate_series(1, 1000) AS i));
SELECT * FROM ai_inference_batch('features',
	'[{"a": 1, "job": "x"}, {"a": 9, "b": 3, "job": "y"}]'::jsonb);
SELECT ai_create_model('kinds_' || lower(datatype), onnx.model(
		ARRAY['x ' || datatype || '[N,13]'], ARRAY['y ' || datatype || '[N,13]'],
		onnx.node('Identity', '{x}', '{y}')), replace('{"input": ["a", {"name": "bb", "default": 7},
	{"name": "b", MISSING}, {"name": "same", "path": "a", "default": 1e-3},
	{"name": "flag", "type": "boolean", "default": true},
	{"name": "onehot", "path": "c", "categories": ["x", "y", 3], "unknown": "zero",
		"default": "y"},
	{"name": "other", "path": "c", "categories": ["x", "longer"], "unknown": "other",
		"default": "x"},
	{"name": "ordinal", "path": "d", "categories": ["x", "y"], "encoding": "ordinal",
		"unknown": 9, "default": "y"}, {"name": "0", "default": 3}]}', 'MISSING',
		CASE datatype WHEN 'INT64' THEN '"default": -1' ELSE '"required": false' END)::jsonb)
	FROM unnest('{FP32,FP64,INT64}'::text[]) AS datatype;
-- Rows of any kind
CREATE FUNCTION compare_kinds(make text) RETURNS TABLE (kind text, different bigint, rows bigint)
	LANGUAGE plpgsql AS $$
DECLARE
	inputs jsonb[];
BEGIN
	FOR kind IN SELECT unnest('{fp32,fp64,int64}'::text[]) LOOP
		EXECUTE format('SELECT array_agg(%s) FROM generate_series(1, 600) AS i', make)
			INTO inputs USING kind;
		SELECT c.different, c.rows FROM compare_rows('kinds_' || kind, inputs,
			'{"output_format": "raw"}') AS c INTO different, rows;
		RETURN NEXT;
	END LOOP;
END $$;
CREATE FUNCTION any_row(i int) RETURNS jsonb LANGUAGE sql VOLATILE
	RETURN (SELECT jsonb_object_agg(key, (ARRAY['null', '1', '-0.1', '3', '12345.678901234567',
			'16777217', '"x"', '"y"', '"longer"', 'true', '"NaN"', '[1]', '{"m": 2}', '1e30',
			'0.30000001192092896', to_jsonb(random())::text]::jsonb[])
			[1 + trunc(random() * (CASE WHEN key IN ('c', 'd') THEN 9 ELSE 16 END))::int])
		FROM unnest('{a,b,bb,c,d,flag,0,z}'::text[]) AS key WHERE random() < 0.9 AND i > 0);
CREATE FUNCTION good_row(i int, kind text) RETURNS jsonb LANGUAGE sql VOLATILE
	RETURN jsonb_build_object('a', CASE kind WHEN 'int64' THEN trunc(random() * 1e6)
			ELSE random() * 10 ^ (i % 40 - 20) END::numeric, 'flag', i % 3 = 0, 'b', i,
		'c', chr(120 + i % 4), 'd', chr(120 + i % 3), 'z', i);
SELECT * FROM compare_kinds('any_row(i)');
SELECT * FROM compare_kinds('good_row(i, $1)');
-- Columns in place of the jsonb made of them: the same to the bit
CREATE FUNCTION compare_columns(model text, source text)
	RETURNS TABLE (different bigint, rows bigint, failed bigint) LANGUAGE plpgsql AS $$
DECLARE
	inputs jsonb[];
BEGIN
	EXECUTE 'SELECT array_agg(to_jsonb(t)) FROM (' || source || ') AS t' INTO inputs;
	RETURN QUERY SELECT count(*) FILTER (WHERE (a.idx, a.output, a.error) IS DISTINCT FROM
			(b.idx, b.output, b.error)), count(*), count(b.error)
		FROM ai_runtime._inference_query(model, source, '{"output_format": "raw"}') AS a
			FULL JOIN ai_inference_batch(model, inputs, '{"output_format": "raw"}') AS b
				ON a.idx = b.idx;
END $$;
CREATE DOMAIN tiny AS int2;
CREATE TABLE typed AS SELECT place, CASE place % 9
		WHEN 0 THEN place WHEN 1 THEN -place / 7 WHEN 2 THEN random() * 10 ^ (place % 80 - 40)
		WHEN 3 THEN 16777217 + 2 * place WHEN 4 THEN 8388608.5 + place WHEN 5 THEN 0.1 * place
		WHEN 6 THEN -random() WHEN 7 THEN (place % 3 - 1) * 0.0 ELSE random() * 1e16 END AS a
	FROM generate_series(1, 3000) AS place
	UNION ALL SELECT 1, a FROM unnest('{NaN,Infinity,-Infinity,-0,1e-45,3.4028236e38,1e300,null}'
		::float8[]) AS a;
SELECT datatype, model, different, rows, failed < rows AS some_fit
FROM unnest('{fp32,fp64,int64}'::text[]) AS model,
	unnest('{float8,real,int2,int4,int8,numeric,tiny,text}'::text[]) AS datatype,
	compare_columns('kinds_' || model, format('SELECT %s AS a, place AS bb, CASE place %% 4 WHEN 0
			THEN NULL ELSE place %% 2 = 0 END AS flag, chr(120 + place %% 4)::varchar AS c,
			chr(120 + place %% 3)::char(2) AS d, ''2020-01-01''::date AS z FROM typed',
		CASE WHEN datatype IN ('int2', 'tiny') THEN format('CASE WHEN abs(a) < 3e4 THEN a::%s END',
			datatype) WHEN datatype = 'int4' THEN 'CASE WHEN abs(a) < 2e9 THEN a::int4 END'
		WHEN datatype = 'int8' THEN 'CASE WHEN abs(a) < 9e18 THEN a::int8 END'
		WHEN datatype = 'real' THEN 'CASE WHEN abs(a) > 1e38 OR a <> 0 AND abs(a) < 1e-44 THEN NULL
			ELSE a::real END'
		ELSE 'a::' || datatype END)) AS same;
SET extra_float_digits = 0;
SELECT different, rows, failed < rows AS some_fit
	FROM compare_columns('kinds_fp32', 'SELECT a, 1 AS bb FROM typed');
RESET extra_float_digits;
-- Other ways of a row: names that are not there, or twice, and tensors by name
SELECT output, error FROM ai_runtime._inference_query('kinds_fp32', 'SELECT 1 AS b FROM
	generate_series(1, 2)');
SELECT output -> 'y' -> 0 AS a, error FROM ai_runtime._inference_query('kinds_fp32',
	'SELECT i AS a, i + 1 AS a, 0 AS b FROM generate_series(1, 2) AS i');
SELECT output, error FROM ai_runtime._inference_query('both', 'SELECT ARRAY[i, 1] AS a,
	ARRAY[2, i] AS b, i AS k FROM generate_series(1, 3) AS i');
SELECT output, error FROM ai_runtime._inference_query('features', 'SELECT i AS a, NULL AS b,
	CASE i WHEN 2 THEN ''z'' ELSE ''y'' END AS job, 1 AS unused FROM generate_series(1, 3) AS i');

-- Each number is the nearest one of its type, as PostgreSQL reads it, between two of them, too
SELECT ai_create_model('same_' || lower(datatype), onnx.model(ARRAY['x ' || datatype || '[N]'],
	ARRAY['y ' || datatype || '[N]'], onnx.node('Identity', '{x}', '{y}')))
	FROM unnest('{FP32,FP64}'::text[]) AS datatype;
CREATE TABLE numbers AS SELECT sign * number AS number FROM unnest('{1,-1}'::int[]) AS sign, (
	SELECT random()::numeric * 10::numeric ^ (i % 60 - 30) FROM generate_series(1, 4000) AS i
	UNION ALL SELECT (random() * 1e15)::int8::numeric / 10::numeric ^ (i % 25)
		FROM generate_series(1, 4000) AS i
	UNION ALL SELECT base + i + step + near
		FROM (VALUES (8388608, 0.5), (4194304, 0.25), (16777217, 0), (16777216 * 4, 4), (131072,
			0.00390625), (9007199254740993, 0), (4503599627370496, 0.5), (1125899906842624, 0.125))
			AS t (base, step), generate_series(0, 40) AS i, unnest('{0,1e-9,-1e-9,1e-3}'::numeric[])
			AS near) AS t (number);
SELECT count(*) > 15000 AS many,
	count(*) FILTER (WHERE (a.output ->> 'y')::real <> number::real) AS wrong_fp32,
	count(*) FILTER (WHERE (b.output ->> 'y')::float8 <> number::float8) AS wrong_fp64
FROM (SELECT array_agg(number ORDER BY number) AS numbers FROM numbers) AS n,
	LATERAL ai_inference_batch('same_fp32', to_jsonb(numbers)) AS a
		JOIN LATERAL ai_inference_batch('same_fp64', to_jsonb(numbers)) AS b USING (idx)
		JOIN LATERAL unnest(numbers) WITH ORDINALITY AS c (number, idx) USING (idx)
WHERE abs(number) < 3e38;
SELECT * FROM ai_inference_batch('classifier', '[[1, 2], [3, 1], [0, 0]]'::jsonb);
SELECT * FROM compare_rows('classifier',
	(SELECT array_agg(jsonb_build_array(i % 5, i % 7) ORDER BY i)
	FROM generate_series(1, 1500) AS i));
SELECT * FROM compare_rows('classifier',
	(SELECT array_agg(jsonb_build_array(i % 5, i % 7) ORDER BY i)
	FROM generate_series(1, 100) AS i), '{"output_format": "raw"}');

-- What is not finite
SELECT * FROM ai_inference_batch('double',
	'[[1, 2], ["NaN", 1], [3, "-Infinity"], [3e38, 0]]'::jsonb);
SET ai_runtime.nan_policy = 'string';
SELECT * FROM ai_inference_batch('double',
	'[[1, 2], ["NaN", 1], [3, "-Infinity"], [3e38, 0]]'::jsonb);
RESET ai_runtime.nan_policy;

-- options.on_error
SELECT * FROM ai_inference_batch('double', '[[1, 2], [1]]'::jsonb,
	'{"on_error": "null"}');
SELECT * FROM ai_inference_batch('double', '[[1, 2], [1]]'::jsonb,
	'{"on_error": "report"}');
SELECT i, ai_inference('double', x, '{"on_error": "null"}') AS "null",
		ai_inference('double', x, '{"on_error": "report"}') AS report
	FROM unnest('{"[1, 2]","[1]","5","[\"NaN\", 1]"}'::jsonb[]) WITH ORDINALITY AS t (x, i);
SELECT ai_inference('double', '{1}'::real[], '{"on_error": "report"}') AS "array",
	ai_inference('double', 'text', '{"on_error": "report"}') AS "text",
	ai_inference('double', '"\u0000"'::json, '{"on_error": "report"}') AS "json";
SELECT ai_inference('table', '7'::jsonb, '{"on_error": "report"}') #>> '{error, code}' AS code;
SELECT ai_inference('none', '7'::jsonb, '{"on_error": "report"}');
SELECT ai_inference('double', '7'::jsonb, '{"on_error": "report", "x": 1}');
SELECT ai_inference('double', '7'::jsonb, '{"on_error": "ignore"}');
\echo :SQLSTATE

-- Hooks: once for each row; their errors are no errors of a row
CREATE TABLE seen (kind text, value jsonb);
CREATE FUNCTION ask(value jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO seen VALUES ('ask', value);
	IF value = '0' THEN
		RAISE EXCEPTION 'zero is not for me' USING ERRCODE = '22023';
	END IF;
	RETURN jsonb_build_array(value, 1);
END $$;
CREATE FUNCTION tell(value jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO seen VALUES ('tell', value);
	RETURN CASE WHEN value #>> '{y, 0}' = '4' THEN NULL ELSE value -> 'y' END;
END $$;
SELECT ai_create_model('hooked', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}',
	onnx.node('Add', '{x,x}', '{y}')), '{"preprocess": "ask", "postprocess": "tell"}');
SELECT * FROM ai_inference_batch('hooked', '[1, 2, "a", 3]'::jsonb);
SELECT kind, count(*) FROM seen GROUP BY kind ORDER BY kind;
SELECT * FROM ai_inference_batch('hooked', '[1, 0]'::jsonb, '{"on_error": "null"}');
\echo :SQLSTATE

-- What is wrong with a row before or after its preprocess function stays with the row
CREATE FUNCTION skip(value jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
	RETURN nullif(value, '[0, 0]');
SELECT ai_create_model('skipping', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}',
	onnx.node('Add', '{x,x}', '{y}')), '{"preprocess": "skip"}');
SELECT * FROM ai_inference_batch('skipping', '[[1, 2], [0, 0], [3, 4]]'::jsonb);
CREATE TABLE arrays AS SELECT row::real[] AS x
	FROM unnest('{"{1,2}","{1,NULL}","{0,0}","{3,4}"}'::text[]) AS row;
SELECT x, ai_inference('skipping', x, '{"on_error": "report"}') FROM arrays;
BEGIN;
DECLARE rows NO SCROLL CURSOR FOR SELECT ai_inference('skipping', x) FROM arrays;
FETCH rows;
FETCH rows;
ROLLBACK;
DROP TABLE arrays;

-- A function of the user that predicts, too, while a batch is under way
CREATE FUNCTION nested(value jsonb) RETURNS jsonb LANGUAGE sql
	RETURN (SELECT jsonb_agg(output #> '{y, 0}') FROM ai_inference_batch('double',
		jsonb_build_array(jsonb_build_array(value, 1), jsonb_build_array(value, 2))));
SELECT ai_create_model('nesting', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}',
	onnx.node('Identity', '{x}', '{y}')), '{"preprocess": "nested"}');
SELECT count(*), count(*) FILTER (WHERE output = jsonb_build_object('y',
		jsonb_build_array(2 * idx, 2 * idx))) AS right
	FROM ai_inference_batch('nesting', (SELECT array_agg(to_jsonb(i) ORDER BY i)
		FROM generate_series(1, 2500) AS i));

-- Rows of which four fill a frame
SELECT idx, length(output ->> 'y') FROM ai_inference_batch('strings',
	(SELECT array_agg(jsonb_build_array(repeat(i::text, 300000)) ORDER BY i)
		FROM generate_series(1, 9) AS i));

-- Few executions for many rows, and one for each row where rows may not be merged
CREATE FUNCTION executions(name text) RETURNS bigint LANGUAGE sql
	RETURN (SELECT sum(execution_count) FROM ai_stat_models WHERE model = name);
CREATE TEMPORARY TABLE before AS SELECT executions('double') AS double, executions('sum') AS sum;
SELECT count(output) FROM ai_inference_batch('double', (SELECT array_agg('[1, 2]'::jsonb)
	FROM generate_series(1, 5000)));
SELECT count(output) FROM ai_inference_batch('sum', (SELECT array_agg('[1, 2]'::jsonb)
	FROM generate_series(1, 50)));
SELECT executions('double') - double < 500 AS few, executions('sum') - sum AS each FROM before;

DROP FUNCTION executions, compare_columns, compare_kinds, any_row, good_row;
DROP FUNCTION compare_rows, one_by_one, ask, tell, nested;
DROP TABLE seen, numbers, typed;
DROP DOMAIN tiny;
SET client_min_messages = warning;
DROP EXTENSION ai_runtime CASCADE;
DROP SCHEMA onnx CASCADE;

-- Tensors by name and bare: every overload, every datatype, shapes, rows, sequences, maps.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx

-- Every overload
SELECT ai_create_model('double', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}',
	onnx.node('Add', '{x,x}', '{y}')));
SELECT ai_inference('double', '{"x": [[1, 2], [3, 4]]}'::jsonb);
SELECT ai_inference('double', '{"x": [[1, 2], [3, 4]]}'::json);
SELECT ai_inference('double', '{"x": [[1, 2], [3, 4]]}'::text);
SELECT ai_inference('double', '{{1, 2}, {3, 4}}'::real[]);
SELECT ai_inference('double', '{{1, 2}, {3, 4}}'::float8[]);
SELECT ai_inference('double', ARRAY[1, 2]) AS integers,
	ai_inference('double', ARRAY[1.5, 2]) AS numerics,
	ai_inference('double', ARRAY[1, 5000000000]) AS large_integers;
SELECT ai_inference(model => 'double', input => '[[1, 2]]'::jsonb, options => '{}');
SELECT pg_typeof(ai_inference('double', '[[1, 2]]'));

-- NULL
SELECT ai_inference(NULL, '[[1, 2]]'::jsonb) IS NULL AS no_model,
	ai_inference('double', NULL::jsonb) IS NULL AS no_input,
	ai_inference('double', NULL::real[]) IS NULL AS no_array,
	ai_inference('double', NULL::text) IS NULL AS no_text,
	ai_inference('double', NULL::json) IS NULL AS no_json;
SELECT ai_inference('double', '[[1, 2]]'::jsonb, NULL);

-- A row: the axis of the batch is added, and taken off the result
SELECT ai_inference('double', '[1, 2]'::jsonb) AS row_json,
	ai_inference('double', '{"x": [1, 2]}'::jsonb) AS row_named,
	ai_inference('double', '{1, 2}'::real[]) AS row_real,
	ai_inference('double', '{1, 2}'::float8[]) AS row_float8,
	ai_inference('double', '[2:3]={1, 2}'::real[]) AS bounds;
SELECT ai_create_model('mean', onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,1]"}',
	onnx.node('ReduceMean', '{x}', '{y}', onnx.attribute('axes', '{1}'::int8[]))));
SELECT ai_inference('mean', '{1, 2}'::real[]) AS one_element_is_a_scalar,
	ai_inference('mean', '{{1, 2}}'::real[]) AS a_batch_of_one_is_a_batch,
	ai_inference('mean', '{{1, 2}, {3, 4}}'::real[]) AS batch;
SELECT i, ai_inference('mean', ARRAY[i, i + 1]::real[]) FROM generate_series(1, 3) AS i;

-- Empty inputs have the shape of the signature, with 0 where it is free
SELECT ai_inference('double', '[]'::jsonb) AS json, ai_inference('double', '{}'::real[]) AS array,
	ai_inference('double', '{"x": []}'::jsonb, '{"output_format": "tensor"}') AS shape;

-- Every datatype, exactly
CREATE FUNCTION identity_model(datatype text) RETURNS bytea LANGUAGE sql
	RETURN onnx.model(ARRAY['x ' || datatype || '[N]'], ARRAY['y ' || datatype || '[N]'],
		onnx.node('Identity', '{x}', '{y}'));
CREATE TABLE datatypes (place serial, datatype text, input jsonb);
INSERT INTO datatypes (datatype, input) VALUES
	('BOOL', '[true, false]'),
	('UINT8', '[0, 255]'), ('UINT16', '[0, 65535]'), ('UINT32', '[0, 4294967295]'),
	('UINT64', '[0, 9223372036854775808, 18446744073709551615]'),
	('INT8', '[-128, 127]'), ('INT16', '[-32768, 32767]'), ('INT32', '[-2147483648, 2147483647]'),
	('INT64', '[-9223372036854775808, 9007199254740993, 9223372036854775807, 5.00, 1e3]'),
	('FP16', '[65504, 65519.9999, 0.1, 6.0e-8, 1.00048828125, 1.000488281250000000000001]'),
	('FP32', '[3.4028235e38, 0.1, 16777217, 1e-45, 7.038531e-26, 8.589973e9, 0.3, 1e-60]'),
	('FP64', '[1.7976931348623157e308, 0.1, 9007199254740993, 5e-324, 0.30000000000000004, 1e23]'),
	('BF16', '[3.3895314e38, 0.1, 1.00390625, 1.0039062500000000001, 257]'),
	('BYTES', '["", "a", "ünïcödé", "NaN", "\"quoted\""]');
SELECT count(ai_create_model(lower(datatype), identity_model(datatype))) FROM datatypes;
\pset format unaligned
SELECT datatype, ai_inference(lower(datatype), input) -> 'y' AS output
	FROM datatypes ORDER BY place;
SELECT datatype, ai_inference(lower(datatype), input, '{"output_format": "raw"}') -> 'y' ->> 'raw'
	AS raw FROM datatypes ORDER BY place;
SELECT datatype, ai_inference(lower(datatype), input, '{"output_format": "tensor"}') -> 'y'
	AS tensor FROM datatypes ORDER BY place;

\pset format aligned

-- What came out goes in again, bit by bit
SELECT datatype,
	ai_inference(lower(datatype), first.raw, '{"output_format": "raw"}') -> 'y' = first.raw AS raw,
	ai_inference(lower(datatype), first.tensor, '{"output_format": "tensor"}') -> 'y'
		= first.tensor AS tensor
	FROM datatypes,
		LATERAL (SELECT
			ai_inference(lower(datatype), input, '{"output_format": "raw"}') -> 'y' AS raw,
			ai_inference(lower(datatype), input, '{"output_format": "tensor"}') -> 'y' AS tensor)
			AS first
	ORDER BY place;

-- Arrays into every numeric type
SELECT datatype, ai_inference(lower(datatype), '{1, 0, 127}'::real[]) -> 'y' AS real,
	ai_inference(lower(datatype), '{1, 0, 127}'::float8[]) -> 'y' AS float8,
	ai_inference(lower(datatype), '{1, 0, 127}'::int4[]) -> 'y' AS int4,
	ai_inference(lower(datatype), '{1, 0, 127}'::int8[]) -> 'y' AS int8,
	ai_inference(lower(datatype), '{1, 0, 127}'::numeric[]) -> 'y' AS numeric
	FROM datatypes WHERE datatype NOT IN ('BOOL', 'BYTES') ORDER BY place;
SELECT ai_inference('fp32', '{0.1, 1e-40, -0.0}'::float8[]) AS narrowed,
	ai_inference('fp64', '{0.1}'::real[]) AS widened,
	ai_inference('fp32', '{-0.0}'::real[], '{"output_format": "raw"}') AS negative_zero;
SELECT ai_inference('int64', '{9007199254740993, -9223372036854775808}'::int8[]) AS int8,
	ai_inference('int64', '{9007199254740993}'::numeric[]) AS numeric,
	ai_inference('uint64', '{18446744073709551615}'::numeric[]) AS unsigned;
SELECT ai_inference('fp32', '{16777217, 16777219}'::int4[]) AS fp32,
	ai_inference('fp64', '{9007199254740993, 9007199254740995}'::int8[]) AS fp64,
	ai_inference('fp16', '{1.000488281250000000000001, 2049, 2051}'::numeric[]) AS fp16,
	ai_inference('bf16', '{72339069014638593, 72339069014638592}'::int8[]) AS bf16;

-- Texts: JSON if they are, else a string
SELECT ai_inference('bytes', '["x", "y"]'::text) AS json, ai_inference('bytes', 'not json') AS text,
	ai_inference('bytes', '"quoted"') AS quoted;

-- Tensor objects: flat or nested data, base64
SELECT ai_inference('double', '{"shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}'::jsonb);
SELECT ai_inference('double',
	'{"x": {"shape": [2, 2], "datatype": "FP32", "data": [[1, 2], [3, 4]]}}'::jsonb);
SELECT ai_inference('double',
	'{"x": {"shape": [1, 2], "datatype": "FP32", "raw": "AACAPwAAAEA="}}'::jsonb);
SELECT ai_inference('double', '{"shape": [2], "datatype": "FP32", "data": [1, 2]}'::jsonb) AS row;
SELECT ai_inference('double', '{"shape": [0, 2], "datatype": "FP32", "data": []}'::jsonb) AS empty;

-- Not finite: strings in, ai_runtime.nan_policy out
SELECT ai_inference('fp32', '["NaN", "Infinity", "-Infinity", 1]'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('fp32', '{1, Infinity}'::real[]);
SELECT ai_inference('fp32', '{1, -Infinity}'::real[]);
SET ai_runtime.nan_policy = 'null';
SELECT ai_inference('fp32', '["NaN", "Infinity", "-Infinity", 1]'::jsonb);
SET ai_runtime.nan_policy = 'string';
SELECT ai_inference(model, '["NaN", "Infinity", "-Infinity", 1]'::jsonb)
	FROM unnest('{fp16,fp32,fp64,bf16}'::text[]) AS model;
SELECT ai_inference('fp32', '{NaN, Infinity, -Infinity, 1}'::real[]) AS real,
	ai_inference('fp16', '{NaN, Infinity, -Infinity, 1}'::numeric[]) AS numeric;
RESET ai_runtime.nan_policy;
SELECT ai_inference('fp32', '{NaN}'::real[], '{"output_format": "raw"}');

-- Several inputs and outputs; a symbolic dimension is one size in all of them
SELECT ai_create_model('both', onnx.model('{"a FP32[N,2]","b FP32[N,2]","k FP32[]"}',
	'{"sum FP32[N,2]","scaled FP32[N,2]","pick INT64[N]"}',
	onnx.node('Add', '{a,b}', '{sum}') || onnx.node('Mul', '{a,k}', '{scaled}')
	|| onnx.node('ArgMax', '{sum}', '{pick}', onnx.attribute('axis', 1)
		|| onnx.attribute('keepdims', 0))));
SELECT ai_inference('both', '{"a": [[1, 2]], "b": [[3, 4]], "k": 10}'::jsonb) AS batch,
	ai_inference('both', '{"a": [1, 2], "b": [3, 4], "k": 10}'::jsonb) AS row;
SELECT ai_inference('both', '{"a": [[1, 2]], "b": [[3, 4]], "k": 10}'::jsonb,
	'{"outputs": ["pick", "sum"]}');

-- Unknown rank and unknown dimensions
SELECT ai_create_model('any', onnx.model('{"x FP32[...]"}', '{"y FP32[...]"}',
	onnx.node('Neg', '{x}', '{y}')));
SELECT ai_inference('any', '5'::jsonb) AS scalar, ai_inference('any', '[[[5]]]'::jsonb) AS three,
	ai_inference('any', '{{1, 2}}'::real[]) AS array, ai_inference('any', '[]'::jsonb) AS empty;
SELECT ai_create_model('unknown', onnx.model('{"x FP32[?,?]"}', '{"y FP32[?,?]"}',
	onnx.node('Neg', '{x}', '{y}')));
SELECT ai_inference('unknown', '[[1, 2, 3]]'::jsonb) AS two,
	ai_inference('unknown', '[1, 2]'::jsonb) AS row;

-- No input at all
SELECT ai_create_model('constant', onnx.model('{}', '{"y FP32[2]"}', onnx.node('Identity', '{c}',
	'{y}'), onnx.constant('c', '{2}', '{1.5,2.5}'::real[])));
SELECT ai_inference('constant', '{}'::jsonb);

-- Sequences
SELECT ai_create_model('join', onnx.model('{"s seq(FP32[?])"}', '{"y FP32[?]"}',
	onnx.node('ConcatFromSequence', '{s}', '{y}', onnx.attribute('axis', 0))));
SELECT ai_inference('join', '[[1, 2], [3], [4, 5, 6]]'::jsonb) AS bare,
	ai_inference('join', '{"s": [[1], {"shape": [2], "datatype": "FP32", "data": [2, 3]}]}'::jsonb)
	AS named;
SELECT ai_create_model('split', onnx.model('{"x FP32[N,2]"}', '{"s seq(FP32[?,2])"}',
	onnx.node('SplitToSequence', '{x}', '{s}', onnx.attribute('axis', 0))));
SELECT ai_inference('split', '[[1, 2], [3, 4]]'::jsonb) AS two,
	ai_inference('split', '[1, 2]'::jsonb) AS one;

-- Maps
SELECT ai_create_model('zip', onnx.model('{"x FP32[N,2]"}', '{"z seq(map(INT64,FP32[]))"}',
	onnx.node('ZipMap', '{x}', '{z}', onnx.attribute('classlabels_int64s', '{7,8}'::int8[]),
		'ai.onnx.ml')));
SELECT ai_inference('zip', '{{1, 2}, {3, 4}}'::real[]) AS batch,
	ai_inference('zip', '{1, 2}'::real[]) AS row;
SELECT ai_create_model('names', onnx.model('{"x FP32[N,2]"}', '{"z seq(map(BYTES,FP32[]))"}',
	onnx.node('ZipMap', '{x}', '{z}', onnx.attribute('classlabels_strings', '{yes,no}'::text[]),
		'ai.onnx.ml')));
SELECT ai_inference('names', '{1, 2}'::real[]);
SELECT ai_create_model('vectorize', onnx.model('{"m map(BYTES,FP32[])"}', '{"y FP32[1,?]"}',
	onnx.node('DictVectorizer', '{m}', '{y}',
		onnx.attribute('string_vocabulary', '{a,b,c}'::text[]), 'ai.onnx.ml')));
SELECT ai_inference('vectorize', '{"c": 3, "a": 1.5}'::jsonb) AS bare,
	ai_inference('vectorize', '{"m": {"b": 2}}'::jsonb) AS named;

-- Optionals
SELECT ai_create_model('maybe', onnx.model('{"o optional(FP32[N])"}', '{"has BOOL[]"}',
	onnx.node('OptionalHasElement', '{o}', '{has}')));
SELECT ai_inference('maybe', '{"o": [1, 2]}'::jsonb) AS present;

-- Many rows and many elements
SELECT count(DISTINCT i), sum((ai_inference('mean', ARRAY[i, i]::real[]) ->> 'y')::float8)
	FROM generate_series(1, 10000) AS i;
SELECT jsonb_array_length(ai_inference('double',
	(SELECT jsonb_agg(jsonb_build_array(i, -i)) FROM generate_series(1, 100000) AS i)) -> 'y');

-- In a trigger, a view, a prepared statement, a parallel plan
CREATE TABLE scored (a real, b real, score float8);
CREATE FUNCTION score() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.score := ai_inference('mean', ARRAY[NEW.a, NEW.b]) -> 'y';
	RETURN NEW;
END
$$;
CREATE TRIGGER score BEFORE INSERT ON scored FOR EACH ROW EXECUTE FUNCTION score();
INSERT INTO scored (a, b) SELECT i, i + 1 FROM generate_series(1, 3) AS i RETURNING score;
SET force_parallel_mode = on;
SELECT ai_inference('mean', ARRAY[a, b]) FROM scored ORDER BY a;
RESET force_parallel_mode;

DROP TABLE scored, datatypes;
DROP FUNCTION score, identity_model;
SET client_min_messages = warning;
DROP SCHEMA onnx CASCADE;

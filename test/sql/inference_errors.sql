-- Every message about an input, with its SQLSTATE; after each the session goes on.
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
SELECT ai_create_model('both', onnx.model('{"a FP32[N,2]","b FP32[N,2]","k FP32[]"}',
	'{"y FP32[N,2]"}', onnx.node('Add', '{a,b}', '{s}') || onnx.node('Mul', '{s,k}', '{y}')));
SELECT ai_create_model(lower(datatype), onnx.model(ARRAY['x ' || datatype || '[N]'],
		ARRAY['y ' || datatype || '[N]'], onnx.node('Identity', '{x}', '{y}')))
	FROM unnest('{BOOL,UINT8,INT32,INT64,UINT64,FP16,FP32,FP64,BYTES}'::text[]) AS datatype;

-- Missing, extra and null inputs
SELECT ai_inference('both', '{"a": [1, 2], "k": 1}'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('both', '{"a": [1, 2], "b": [1, 2], "k": 1, "c": 1}'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('double', '{"z": [1, 2]}'::jsonb);
SELECT ai_inference('double', '{}'::jsonb);
SELECT ai_inference('both', '[1, 2]'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('both', '{1, 2}'::real[]);
\echo :SQLSTATE
SELECT ai_inference('both', '{"a": [1, 2], "b": null, "k": 1}'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('double', 'null'::jsonb);
SELECT ai_inference('double', '[[1, null]]'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('double', '[[1, 2], null]'::jsonb);
SELECT ai_inference('double', '{1, NULL}'::real[]);
\echo :SQLSTATE
SELECT ai_inference('double', '{{1, 2}, {3, NULL}}'::float8[]);

-- Shapes
SELECT ai_inference('double', '[[1, 2, 3]]'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('double', '{1, 2, 3}'::real[]);
SELECT ai_inference('double', '{{{1, 2}}}'::real[]);
\echo :SQLSTATE
SELECT ai_inference('double', '1'::jsonb);
SELECT ai_inference('double', '[[[1, 2]]]'::jsonb);
SELECT ai_inference('double', '[[], []]'::jsonb);
SELECT ai_inference('both', '{"a": [[1, 2]], "b": [[1, 2], [3, 4]], "k": 1}'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('both', '{"a": [1, 2], "b": [[1, 2]], "k": 1}'::jsonb);
SELECT ai_inference('both', '{"a": [1, 2], "b": [1, 2], "k": [1]}'::jsonb);
SELECT ai_inference('double', '[[1, 2], [3]]'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('double', '[[1, 2], 3]'::jsonb);
SELECT ai_inference('double', '[[1, [2]]]'::jsonb);
SELECT ai_inference('double', (repeat('[', 20) || repeat(']', 20))::jsonb);
SELECT ai_inference('double', (repeat('[', 5000) || repeat(']', 5000))::jsonb);

-- Types
SELECT ai_inference('double', '[["a", 2]]'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('double', '[[true, 2]]'::jsonb);
SELECT ai_inference('double', '[[{}, 2]]'::jsonb);
SELECT ai_inference('double', 'no JSON');
SELECT ai_inference('double', '[["nan", 2]]'::jsonb);
SELECT ai_inference('both', '{"a": {"b": 1}, "b": 1, "k": 1}'::jsonb);
SELECT ai_inference('bool', '[1]'::jsonb);
SELECT ai_inference('bool', '{1}'::real[]);
SELECT ai_inference('bytes', '[1]'::jsonb);
SELECT ai_inference('bytes', '{1}'::float8[]);
SELECT ai_inference('int64', '["NaN"]'::jsonb);
SELECT ai_inference('int64', '["12"]'::jsonb);

-- Ranges and fractions
SELECT ai_inference('int64', '[3.5]'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('int64', '{3.5}'::real[]);
SELECT ai_inference('int64', '{3.5}'::float8[]);
SELECT ai_inference('int64', '{NaN}'::float8[]);
SELECT ai_inference('int64', '{Infinity}'::float8[]);
SELECT ai_inference('int64', '[9223372036854775808]'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('int64', '{9.3e18}'::float8[]);
SELECT ai_inference('int32', '{2147483648}'::int8[]);
SELECT ai_inference('uint8', '{-1}'::int4[]);
SELECT ai_inference('int64', '{1.5}'::numeric[]);
SELECT ai_inference('int64', '{NaN}'::numeric[]);
SELECT ai_inference('int64', '{9223372036854775808}'::numeric[]);
SELECT ai_inference('double', '{1, NULL}'::numeric[]);
SELECT ai_inference('int32', '[-2147483649]'::jsonb);
SELECT ai_inference('uint8', '[256]'::jsonb);
SELECT ai_inference('uint8', '[-1]'::jsonb);
SELECT ai_inference('uint8', '{-1}'::real[]);
SELECT ai_inference('uint64', '[18446744073709551616]'::jsonb);
SELECT ai_inference('uint64', '{1.9e19}'::float8[]);
SELECT ai_inference('fp16', '[65520]'::jsonb);
SELECT ai_inference('fp16', '{1e5}'::real[]);
SELECT ai_inference('fp32', '[3.5e38]'::jsonb);
SELECT ai_inference('fp32', '{1, 1e39}'::float8[]);
SELECT ai_inference('fp64', '[1e309]'::jsonb);
SELECT ai_inference('fp64', ('[1' || repeat('0', 400) || ']')::jsonb);

-- Tensor objects
SELECT ai_inference('double', '{"shape": [1, 2], "datatype": "INT64", "data": [1, 2]}'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('double', '{"shape": [1, 2], "datatype": "FP33", "data": [1, 2]}'::jsonb);
SELECT ai_inference('double', '{"shape": [1, 2], "datatype": 1, "data": [1, 2]}'::jsonb);
SELECT ai_inference('double', '{"shape": 2, "datatype": "FP32", "data": [1, 2]}'::jsonb);
SELECT ai_inference('double', '{"shape": [1, -2], "datatype": "FP32", "data": [1, 2]}'::jsonb);
SELECT ai_inference('double', '{"shape": [1, 2], "datatype": "FP32", "data": [1, 2, 3]}'::jsonb);
SELECT ai_inference('double', '{"shape": [1, 2], "datatype": "FP32", "data": [[1, 2, 3]]}'::jsonb);
SELECT ai_inference('double', '{"shape": [1, 2], "datatype": "FP32", "data": null}'::jsonb);
SELECT ai_inference('double', '{"shape": [1, 2], "datatype": "FP32", "raw": "AACAPw=="}'::jsonb);
SELECT ai_inference('double', '{"shape": [1, 2], "datatype": "FP32", "raw": "*"}'::jsonb);
SELECT ai_inference('double', '{"shape": [1, 2], "datatype": "FP32", "raw": 1}'::jsonb);
SELECT ai_inference('bool', '{"shape": [1], "datatype": "BOOL", "raw": "Ag=="}'::jsonb);
SELECT ai_inference('bytes', '{"shape": [2], "datatype": "BYTES", "raw": "AQAAAGE="}'::jsonb);
SELECT ai_inference('bytes', '{"shape": [1], "datatype": "BYTES", "raw": "AgAAAGE="}'::jsonb);
SELECT ai_inference('bytes', '{"shape": [0], "datatype": "BYTES", "raw": "AQAAAGE="}'::jsonb);
SELECT ai_inference('bytes', '{"shape": [1], "datatype": "BYTES", "raw": "AQAAAP8="}'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('bytes', '{"shape": [1], "datatype": "BYTES", "raw": "AQAAAP8="}'::jsonb,
	'{"output_format": "raw"}');
SELECT ai_inference('fp32',
	'{"shape": [4294967295], "datatype": "FP32", "data": [1]}'::jsonb);
\echo :SQLSTATE

-- Sequences, maps and optionals
SELECT ai_create_model('join', onnx.model('{"s seq(FP32[?])"}', '{"y FP32[?]"}',
	onnx.node('ConcatFromSequence', '{s}', '{y}', onnx.attribute('axis', 0))));
SELECT ai_inference('join', '1'::jsonb);
SELECT ai_inference('join', '[[1], 2]'::jsonb);
SELECT ai_inference('join', '[[1], null]'::jsonb);
SELECT ai_inference('join', 'null'::jsonb);
SELECT ai_inference('join', '{1}'::real[]);
SELECT ai_create_model('vectorize', onnx.model('{"m map(INT64,FP32[])"}', '{"y FP32[1,?]"}',
	onnx.node('DictVectorizer', '{m}', '{y}',
		onnx.attribute('int64_vocabulary', '{1,2}'::int8[]), 'ai.onnx.ml')));
SELECT ai_inference('vectorize', '{"2": 5}'::jsonb);
SELECT ai_inference('vectorize', '{"a": 5}'::jsonb);
SELECT ai_inference('vectorize', '{"1": "a"}'::jsonb);
SELECT ai_inference('vectorize', '[1]'::jsonb);
SELECT ai_create_model('maybe', onnx.model('{"o optional(FP32[N])"}', '{"has BOOL[]"}',
	onnx.node('OptionalHasElement', '{o}', '{has}')));
SELECT ai_inference('maybe', '{"o": null}'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('maybe', '{}'::jsonb);

-- Options
SELECT ai_inference('double', '[1, 2]'::jsonb, '{"format": "raw"}');
\echo :SQLSTATE
SELECT ai_inference('double', '[1, 2]'::jsonb, '[]');
SELECT ai_inference('double', '[1, 2]'::jsonb, '"raw"');
SELECT ai_inference('double', '[1, 2]'::jsonb, '{"output_format": "xml"}');
SELECT ai_inference('double', '[1, 2]'::jsonb, '{"outputs": "y"}');
SELECT ai_inference('double', '[1, 2]'::jsonb, '{"outputs": []}');
SELECT ai_inference('double', '[1, 2]'::jsonb, '{"outputs": [1]}');
SELECT ai_inference('double', '[1, 2]'::jsonb, '{"outputs": ["y", "y"]}');
SELECT ai_inference('double', '[1, 2]'::jsonb, '{"outputs": ["z"]}');
\echo :SQLSTATE
SELECT ai_inference('double', '[1, 2]'::jsonb, '{"timeout_ms": -1}');
SELECT ai_inference('double', '[1, 2]'::jsonb, '{"timeout_ms": "1s"}');
SELECT ai_inference('double', '[1, 2]'::jsonb, '{"timeout_ms": 60000}');

-- What the model itself refuses
SELECT ai_create_model('gather', onnx.model('{"i INT64[N]"}', '{"y FP32[N]"}',
	onnx.node('Gather', '{c,i}', '{y}'), onnx.constant('c', '{2}', '{1,2}'::real[])));
SELECT ai_inference('gather', '[1]'::jsonb);
\set VERBOSITY terse
SELECT ai_inference('gather', '[7]'::jsonb);
\echo :SQLSTATE
\set VERBOSITY default
SELECT ai_inference('gather', '[0]'::jsonb);

SET client_min_messages = warning;
DROP SCHEMA onnx CASCADE;

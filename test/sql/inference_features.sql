-- Declared features: options.input of ai_create_model(), from rows of JSON to tensors.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx
-- Shows what the features make: the model gives back its input.
CREATE FUNCTION echo(name text, type text, features jsonb) RETURNS int LANGUAGE sql
	RETURN ai_create_model(name, onnx.model(ARRAY['x ' || type], ARRAY['x_out ' || type],
		onnx.node('Identity', '{x}', '{x_out}')), jsonb_build_object('input', features));
CREATE FUNCTION features(name text, input jsonb) RETURNS jsonb LANGUAGE sql
	RETURN ai_inference(name, input) -> 'x_out';

-- Names, paths, defaults, categories, aggregates
SELECT echo('customer', 'FP32[N,?]', '[
	"age",
	{"name": "balance", "path": "account.balance", "default": 0.5},
	{"name": "first", "path": "scores.0"},
	{"name": "last", "path": ["scores", -1]},
	{"name": "dotted", "path": ["a.b"], "required": false},
	{"name": "married", "type": "boolean"},
	{"name": "job", "categories": ["admin", "tech", 3, true]},
	{"name": "grade", "type": "category", "categories": ["low", "mid", "high"],
		"encoding": "ordinal"},
	{"name": "orders", "aggregate": "count"},
	{"name": "spent", "path": "orders", "aggregate": "sum", "of": "amount"},
	{"name": "mean", "path": "orders", "aggregate": "avg", "of": "amount"},
	{"name": "least", "path": "orders", "aggregate": "min", "of": "amount"},
	{"name": "most", "path": "orders", "aggregate": "max", "of": "amount"},
	{"name": "longest", "path": "scores", "aggregate": "max"}
]');
SELECT '{"age": 42.5, "account": {"balance": 1e3}, "scores": [7, 8, 9], "a.b": 6, "married": true,
	"job": "tech", "grade": "high",
	"orders": [{"amount": 10}, {"amount": 2.5}, {"amount": null}, {}]}'::jsonb AS customer \gset
SELECT features('customer', :'customer');
SELECT features('customer', jsonb_build_array(:'customer'::jsonb,
	:'customer'::jsonb || '{"account": {}, "job": 3, "grade": "low", "married": false}'));
SELECT features('customer', '[]') AS no_rows;
SELECT features('customer', :'customer'::jsonb || '{"job": true}') AS other_kinds;
SELECT ai_inference('customer', :'customer'::json) -> 'x_out' -> 0 AS json,
	ai_inference('customer', :'customer'::text) -> 'x_out' -> 0 AS text;
SET ai_runtime.nan_policy = 'string';
SELECT features('customer', :'customer'::jsonb - 'a.b' - 'account') AS missing,
	features('customer', :'customer'::jsonb || '{"a.b": null, "account": null, "age": "NaN"}')
	AS nulls;
RESET ai_runtime.nan_policy;
SELECT ai_inference('customer', array_fill(1.5::real, '{3}')) -> 'x_out'
	AS an_array_is_the_tensor_itself;

-- What does not fit: each message names model, feature, what it takes and what it got
SELECT features('customer', :'customer'::jsonb - 'age');
\echo :SQLSTATE
SELECT features('customer', :'customer'::jsonb || '{"age": null}');
\echo :SQLSTATE
SELECT features('customer', :'customer'::jsonb || '{"age": "42"}');
\echo :SQLSTATE
SELECT features('customer', :'customer'::jsonb || '{"age": [42]}');
SELECT features('customer', :'customer'::jsonb || '{"age": 1e39}');
\echo :SQLSTATE
SELECT features('customer', :'customer'::jsonb || '{"account": 7}');
SELECT features('customer', :'customer'::jsonb || '{"account": [7]}');
SELECT features('customer', :'customer'::jsonb || '{"scores": []}');
SELECT features('customer', :'customer'::jsonb || '{"married": 1}');
SELECT features('customer', :'customer'::jsonb || '{"job": "astronaut"}');
\echo :SQLSTATE
SELECT features('customer', :'customer'::jsonb || '{"job": {"title": "tech"}}');
SELECT features('customer', :'customer'::jsonb || '{"job": null}');
SELECT features('customer', :'customer'::jsonb || '{"orders": 5}');
SELECT features('customer', :'customer'::jsonb || '{"orders": [{"amount": "5"}]}');
SELECT features('customer', :'customer'::jsonb || '{"orders": [5]}');
SELECT features('customer', :'customer'::jsonb || '{"orders": []}');
SELECT features('customer', '"a string"');
SELECT features('customer', '[1]');
SELECT features('customer', 'null');

-- Unknown categories
SELECT echo('unknown', 'FP32[N,?]', '[
	{"name": "a", "categories": ["x", "y"], "unknown": "zero"},
	{"name": "b", "categories": ["x", "y"], "unknown": "other"},
	{"name": "c", "categories": ["x", "y"], "encoding": "ordinal", "unknown": "other"},
	{"name": "d", "categories": ["x", "y"], "encoding": "ordinal", "unknown": -1},
	{"name": "e", "categories": ["x", "y"], "required": false},
	{"name": "f", "categories": ["x", "y"], "default": "y"}
]');
SELECT features('unknown', '{"a": "y", "b": "y", "c": "y", "d": "y", "e": "y", "f": "x"}') AS known,
	features('unknown', '{"a": "z", "b": "z", "c": "z", "d": "z"}') AS unknown;

-- Empty aggregates
SELECT echo('empty', 'FP32[N,5]', '[
	{"name": "count", "path": "list", "aggregate": "count"},
	{"name": "sum", "path": "list", "aggregate": "sum"},
	{"name": "min", "path": "list", "aggregate": "min", "default": -1},
	{"name": "visits", "aggregate": "count", "required": false},
	{"name": "spent", "aggregate": "sum", "default": 0}
]');
SELECT features('empty', '{"list": []}') AS empty, features('empty', '{"list": [null, 4]}') AS one;

-- Types of tensors
SELECT echo('strings', 'BYTES[N,3]', '["name", {"name": "size", "categories": ["S", "M"]},
	{"name": "note", "required": false}]');
SELECT features('strings', '{"name": "Zoë", "size": "M"}');
SELECT features('strings', '{"name": 5, "size": "M"}');
SELECT features('strings', '{"name": "Zoë", "size": "XL"}');
SELECT echo('flags', 'BOOL[N,2]', '["a", {"name": "b", "default": true}]');
SELECT features('flags', '{"a": false}');
SELECT echo('integers', 'INT64[N,3]', '["id", {"name": "size", "categories": ["S", "M"]}]');
SELECT features('integers', '{"id": 9007199254740993, "size": "M"}');
SELECT features('integers', '{"id": 1.5, "size": "M"}');
SELECT features('integers', '{"id": 9223372036854775808, "size": "M"}');
SELECT echo('bytes', 'UINT8[N,1]', '[{"name": "count", "path": "list", "aggregate": "sum"}]');
SELECT features('bytes', '{"list": [200, 55]}');
SELECT features('bytes', '{"list": [200, 56]}');
SELECT features('bytes', '{"list": [0.5]}');

-- Shapes: one dimension, none, the input itself
SELECT echo('column', 'FP32[N]', '["a"]');
SELECT features('column', '{"a": 1}') AS row, features('column', '[{"a": 1}, {"a": 2}]') AS rows;
SELECT echo('vector', 'FP32[2]', '["a", "b"]');
SELECT features('vector', '{"a": 1, "b": 2}');
SELECT features('vector', '[{"a": 1, "b": 2}, {"a": 1, "b": 2}]');
SELECT echo('scalar', 'FP32[]', '["a"]');
SELECT features('scalar', '{"a": 1}');
SELECT echo('itself', 'BYTES[N,1]', '[{"name": "text", "path": []}]');
SELECT ai_inference('itself', 'plain text') -> 'x_out' AS text,
	features('itself', '["a", "b"]') AS texts;
SELECT echo('fixed', 'FP32[2,1]', '["a"]');
SELECT features('fixed', '[{"a": 1}, {"a": 2}]');
SELECT features('fixed', '{"a": 1}');

-- Several inputs
SELECT ai_create_model('loan', onnx.model('{"amount FP32[N,1]","purpose BYTES[N,1]"}',
	'{"a FP32[N,1]","p BYTES[N,1]"}', onnx.node('Identity', '{amount}', '{a}')
		|| onnx.node('Identity', '{purpose}', '{p}')),
	'{"input": {"amount": ["amount"], "purpose": {"name": "purpose", "path": "loan.purpose"}}}');
SELECT ai_inference('loan', '{"amount": 5, "loan": {"purpose": "car"}}'::jsonb) AS row,
	ai_inference('loan', '[{"amount": 5, "loan": {"purpose": "car"}}]'::jsonb) AS rows;
SELECT ai_inference('loan', to_jsonb(request))
	FROM (VALUES (1.5, '{"purpose": "house"}'::jsonb)) AS request (amount, loan);

-- Specifications that cannot be
CREATE FUNCTION refuse(type text, features jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
BEGIN
	PERFORM echo('refused', type, features);
	RETURN 'accepted';
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
	RETURN message;
END
$$;
SELECT echo('refused', 'FP32[N,2]', '["a"]');
\echo :SQLSTATE
\pset format unaligned
\pset tuples_only on
SELECT refuse(type, features::jsonb) FROM (VALUES
	('FP32[N,2]', '[]'), ('FP32[N,2]', '"a"'), ('FP32[N,2]', '{}'), ('FP32[N,2]', '{"y": ["a"]}'),
	('FP32[N,1]', '[5]'), ('FP32[N,1]', '[{}]'), ('FP32[N,1]', '[{"name": 5}]'),
	('FP32[N,1]', '[{"name": "a", "kind": "number"}]'),
	('FP32[N,1]', '[{"name": "a", "type": "float"}]'),
	('FP32[N,1]', '[{"name": "a", "type": "string"}]'),
	('BYTES[N,1]', '[{"name": "a", "type": "number"}]'),
	('BOOL[N,1]', '[{"name": "a", "categories": ["x"]}]'),
	('FP32[N,1]', '[{"name": "a", "path": 5}]'), ('FP32[N,1]', '[{"name": "a", "path": "a..b"}]'),
	('FP32[N,1]', '[{"name": "a", "path": [{}]}]'),
	('FP32[N,1]', '[{"name": "a", "type": "category"}]'),
	('FP32[N,1]', '[{"name": "a", "categories": []}]'),
	('FP32[N,1]', '[{"name": "a", "categories": [null]}]'),
	('FP32[N,2]', '[{"name": "a", "categories": ["x", "x"]}]'),
	('FP32[N,1]', '[{"name": "a", "categories": ["x"], "encoding": "hash"}]'),
	('FP32[N,1]', '[{"name": "a", "categories": ["x"], "unknown": "ignore"}]'),
	('FP32[N,1]', '[{"name": "a", "categories": ["x"], "unknown": 5}]'),
	('FP32[N,1]', '[{"name": "a", "categories": ["x"], "encoding": "ordinal", "unknown": "zero"}]'),
	('FP32[N,1]', '[{"name": "a", "categories": ["x"], "default": "y"}]'),
	('BYTES[N,1]', '[{"name": "a", "categories": ["x"], "encoding": "onehot"}]'),
	('BYTES[N,1]', '[{"name": "a", "categories": ["x"], "unknown": "other"}]'),
	('FP32[N,1]', '[{"name": "a", "type": "number", "categories": ["x"]}]'),
	('FP32[N,1]', '[{"name": "a", "aggregate": "median"}]'),
	('FP32[N,1]', '[{"name": "a", "of": "b"}]'),
	('FP32[N,1]', '[{"name": "a", "type": "boolean", "aggregate": "sum"}]'),
	('FP32[N,1]', '[{"name": "a", "default": "x"}]'),
	('FP32[N,1]', '[{"name": "a", "required": "yes"}]'),
	('FP32[N,1]', '[{"name": "a", "required": true, "default": 1}]'),
	('INT64[N,1]', '[{"name": "a", "required": false}]'),
	('FP32[N,1,1]', '["a"]'), ('FP32[]', '["a", "b"]'), ('FP32[3]', '["a"]'))
	AS spec (type, features);
\pset format aligned
\pset tuples_only off
SELECT ai_create_model('refused', onnx.model('{"a FP32[N,1]","b FP32[N,1]"}', '{"y FP32[N,1]"}',
	onnx.node('Add', '{a,b}', '{y}')), '{"input": ["a"]}');
SELECT ai_create_model('refused', onnx.model('{"a FP32[N,1]","b FP32[N,1]"}', '{"y FP32[N,1]"}',
	onnx.node('Add', '{a,b}', '{y}')), '{"input": {"a": "a"}}');
SELECT ai_create_model('refused', onnx.model('{"s seq(FP32[?])"}', '{"y FP32[?]"}',
	onnx.node('ConcatFromSequence', '{s}', '{y}', onnx.attribute('axis', 0))),
	'{"input": ["a"]}');

DROP FUNCTION refuse, echo, features;
SET client_min_messages = warning;
DROP SCHEMA onnx CASCADE;

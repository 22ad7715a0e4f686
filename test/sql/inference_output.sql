-- The output specification, preprocess and postprocess functions, an absent server.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx
CREATE FUNCTION echo(name text, options jsonb) RETURNS int LANGUAGE sql
	RETURN ai_create_model(name, onnx.model('{"x FP32[N,3]"}', '{"probabilities FP32[N,3]"}',
		onnx.node('Identity', '{x}', '{probabilities}')), options);

-- Names, elements, classes, the largest, labels, thresholds
SELECT echo('classes', '{"output": {
	"all": "probabilities",
	"renamed": {"from": "probabilities"},
	"first": {"index": 0},
	"last": {"index": -1},
	"yes": {"class": "yes", "labels": ["no", "maybe", "yes"]},
	"best": {"argmax": true},
	"prediction": {"argmax": true, "labels": ["no", "maybe", "yes"]},
	"risk_level": {"index": 2, "thresholds": [{"below": 0.3, "label": "low"},
		{"below": 0.7, "label": "medium"}, {"label": "high"}]},
	"risk_of_yes": {"class": "yes", "labels": ["no", "maybe", "yes"],
		"thresholds": [{"below": 0.5, "label": "low"}, {"label": "high"}]}
}}');
\x on
SELECT key, value FROM jsonb_each(ai_inference('classes', '{0.1, 0.2, 0.7}'::real[]));
\x off
SELECT key, value FROM jsonb_each(ai_inference('classes',
	'{{0.1, 0.2, 0.7}, {0.5, 0.4, 0.1}, {0.2, 0.5, 0.3}}'::real[]));
SELECT ai_inference('classes', '{}'::real[]);
SELECT ai_inference('classes', '{0.1, 0.2, 0.69}'::real[], '{"outputs": ["risk_level"]}') AS below,
	ai_inference('classes', '{0.1, 0.2, 0.7}'::real[], '{"outputs": ["risk_level"]}') AS at,
	ai_inference('classes', '{0.1, 0.2, 0.29999998}'::real[], '{"outputs": ["risk_level"]}') AS low;
SELECT ai_inference('classes', '{0.1, 0.2, 0.7}'::real[], '{"outputs": ["risk_level", "best"]}');
SELECT ai_inference('classes', '{0.1, 0.2, 0.7}'::real[], '{"outputs": ["probabilities"]}');
\echo :SQLSTATE
SELECT ai_inference('classes', '{0.1, 0.2, 0.7}'::real[], '{"output_format": "tensor"}')
	AS formats_show_what_the_model_gives;
SELECT ai_inference('classes', '{0.1, 0.2, 0.7}'::real[],
	'{"output_format": "raw", "outputs": ["probabilities"]}');

-- What is not finite has no label
SELECT ai_inference('classes', '{0.1, 0.2, NaN}'::real[], '{"outputs": ["risk_level"]}');
SET ai_runtime.nan_policy = 'null';
SELECT ai_inference('classes', '{0.1, 0.2, NaN}'::real[], '{"outputs": ["risk_level", "best"]}');
SET ai_runtime.nan_policy = 'string';
SELECT ai_inference('classes', '{0.1, 0.2, NaN}'::real[], '{"outputs": ["risk_level", "best"]}');
RESET ai_runtime.nan_policy;

-- Labels of integers and strings
SELECT ai_create_model('labels', onnx.model('{"x INT64[N]","s BYTES[N]"}',
	'{"y INT64[N]","t BYTES[N]"}', onnx.node('Identity', '{x}', '{y}')
		|| onnx.node('Identity', '{s}', '{t}')),
	'{"output": {"by_place": {"from": "y", "labels": ["zero", "one"]},
		"by_value": {"from": "y", "labels": {"0": null, "1": true, "-5": 5}},
		"t": {"labels": {"a": "alpha"}}}}');
SELECT ai_inference('labels', '{"x": 1, "s": "a"}'::jsonb) AS row,
	ai_inference('labels', '{"x": [0, 1], "s": ["a", "a"]}'::jsonb) AS rows;
SELECT ai_inference('labels', '{"x": -5, "s": "a"}'::jsonb, '{"outputs": ["by_value"]}');
SELECT ai_inference('labels', '{"x": 7, "s": "a"}'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('labels', '{"x": 1, "s": "b"}'::jsonb);

-- Maps
CREATE FUNCTION zip(name text, options jsonb) RETURNS int LANGUAGE sql
	RETURN ai_create_model(name, onnx.model('{"x FP32[N,2]"}', '{"z seq(map(BYTES,FP32[]))"}',
		onnx.node('ZipMap', '{x}', '{z}', onnx.attribute('classlabels_strings', '{yes,no}'::text[]),
			'ai.onnx.ml')), options);
SELECT zip('zip', '{"output": {"z": {}, "p": {"class": "yes"}, "best": {"argmax": true},
	"level": {"class": "yes", "thresholds": [{"below": 0.5, "label": "low"}, {"label": "high"}]},
	"answer": {"argmax": true, "labels": {"yes": 1, "no": 0}}}}');
SELECT ai_inference('zip', '{0.25, 0.75}'::real[]) AS row;
SELECT ai_inference('zip', '{{0.25, 0.75}, {0.6, 0.4}}'::real[]) AS rows;
SELECT zip('unzip', '{"output": {"p": {"class": "perhaps"}}}');
SELECT ai_inference('unzip', '{0.25, 0.75}'::real[]);

-- An index beyond what the model gives
SELECT echo('beyond', '{"output": {"p": {"index": 3}}}');
SELECT ai_inference('beyond', '{0.1, 0.2, 0.7}'::real[]);
\echo :SQLSTATE
SELECT echo('before', '{"output": {"p": {"index": -4}}}');
SELECT ai_inference('before', '{0.1, 0.2, 0.7}'::real[]);
SELECT ai_create_model('texts', onnx.model('{"x BYTES[N]"}', '{"y BYTES[N]"}',
	onnx.node('Identity', '{x}', '{y}')), '{"output": {"p": {"index": 0}}}');
SELECT ai_inference('texts', 'text');

-- Specifications that cannot be
CREATE FUNCTION refuse(output text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
BEGIN
	PERFORM ai_create_model('refused', onnx.model('{"x FP32[N,3]"}',
		'{"y FP32[N,3]","z seq(map(INT64,FP32[]))","s seq(FP32[?,3])"}',
		onnx.node('Identity', '{x}', '{y}')
		|| onnx.node('ZipMap', '{x}', '{z}',
			onnx.attribute('classlabels_int64s', '{7,8,9}'::int8[]), 'ai.onnx.ml')
		|| onnx.node('SplitToSequence', '{x}', '{s}')),
		jsonb_build_object('output', output::jsonb));
	RETURN 'accepted';
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT;
	RETURN message;
END
$$;
SELECT echo('refused', '{"output": {"p": {"from": "q"}}}');
\echo :SQLSTATE
\pset format unaligned
\pset tuples_only on
SELECT refuse(output) FROM unnest(ARRAY[
	'{}', '{"p": 5}', '{"p": "q"}', '{"p": {}}', '{"p": {"from": 5}}',
	'{"p": {"from": "y", "threshold": 1}}',
	'{"p": {"from": "y", "labels": "a"}}', '{"p": {"from": "y", "labels": [[]]}}',
	'{"p": {"from": "y", "labels": {"a": {}}}}',
	'{"p": {"from": "y", "thresholds": {}}}', '{"p": {"from": "y", "thresholds": []}}',
	'{"p": {"from": "y", "thresholds": [5]}}',
	'{"p": {"from": "y", "thresholds": [{"below": 1, "label": "a"}]}}',
	'{"p": {"from": "y", "thresholds": [{"label": "a"}, {"label": "b"}]}}',
	'{"p": {"from": "y", "thresholds": [{"below": "1", "label": "a"}, {"label": "b"}]}}',
	'{"p": {"from": "y", "thresholds": [{"below": 1, "label": "a", "x": 1}, {"label": "b"}]}}',
	'{"p": {"from": "y", "thresholds": [{"below": 2, "label": "a"}, {"below": 1, "label": "b"},
		{"label": "c"}]}}',
	'{"p": {"from": "y", "labels": ["a"], "thresholds": [{"label": "b"}]}}',
	'{"p": {"from": "y", "class": "c", "labels": ["a"]}}', '{"p": {"from": "y", "class": "c"}}',
	'{"p": {"from": "y", "class": []}}', '{"p": {"from": "y", "index": "1"}}',
	'{"p": {"from": "y", "argmax": 1}}', '{"p": {"from": "y", "argmax": true, "index": 1}}',
	'{"p": {"from": "z", "index": 1}}', '{"p": {"from": "z", "labels": ["a"]}}',
	'{"p": {"from": "s", "index": 1}}']) AS output;
\pset format aligned
\pset tuples_only off

-- Hooks
CREATE SCHEMA hooks;
CREATE FUNCTION hooks.celsius(input jsonb) RETURNS jsonb LANGUAGE sql
	RETURN jsonb_build_array((input ->> 'fahrenheit')::float8 - 32, 0, 0);
CREATE FUNCTION hooks.first(output jsonb) RETURNS jsonb LANGUAGE sql
	RETURN output -> 'probabilities' -> 0;
CREATE FUNCTION hooks.pass(value jsonb) RETURNS jsonb LANGUAGE plv8 AS $$
	return value;
$$;
CREATE FUNCTION hooks.nothing(value jsonb) RETURNS jsonb LANGUAGE sql RETURN NULL::jsonb;
CREATE FUNCTION hooks.fail(value jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	RAISE EXCEPTION 'no luck with %', value USING ERRCODE = 'P7777';
END
$$;
SELECT echo('thermometer', '{"preprocess": "hooks.celsius", "postprocess": "hooks.first"}');
SELECT preprocess, postprocess FROM ai_model_versions WHERE model = 'thermometer';
SELECT ai_inference('thermometer', '{"fahrenheit": 50}'::jsonb) FROM generate_series(1, 2);
SELECT ai_inference('thermometer', '{"fahrenheit": 50}'::jsonb, '{"output_format": "tensor"}');
SELECT echo('passing', '{"preprocess": "hooks.pass", "postprocess": "hooks.pass"}');
SELECT ai_inference('passing', '[1, 2, 3]'::jsonb) AS json,
	ai_inference('passing', '{1, 2, 3}'::real[]) AS array,
	ai_inference('passing', '{{1, 2, 0.1}}'::float8[]) AS arrays;
SELECT ai_inference('passing', ARRAY[1, 2, 3]) AS int4,
	ai_inference('passing', ARRAY[[1, 2.5, 0.1]]) AS numeric,
	ai_inference('passing', '{1, 2, 3}'::int8[]) AS int8;
SELECT ai_inference('passing', '{1, NULL, 3}'::real[]);
SET ai_runtime.nan_policy = 'string';
SELECT ai_inference('passing', '{1, NaN, 3}'::real[]) AS real,
	ai_inference('passing', '{1, NaN, 3}'::numeric[]) AS numeric;
RESET ai_runtime.nan_policy;
SELECT echo('nothing_in', '{"preprocess": "hooks.nothing"}');
SELECT ai_inference('nothing_in', '[1, 2, 3]'::jsonb);
\echo :SQLSTATE
SELECT echo('nothing_out', '{"postprocess": "hooks.nothing"}');
SELECT ai_inference('nothing_out', '[1, 2, 3]'::jsonb) IS NULL AS null_is_null;
SELECT echo('failing', '{"preprocess": "hooks.fail"}');
SELECT ai_inference('failing', '[1, 2, 3]'::jsonb);
\echo :SQLSTATE
SELECT ai_inference('passing', '[1, 2, 3]'::jsonb) AS the_session_goes_on;

-- A hook that predicts itself
CREATE FUNCTION hooks.twice(input jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	RETURN ai_inference('passing', input) -> 'probabilities';
END
$$;
SELECT echo('nested', '{"preprocess": "hooks.twice", "postprocess": "hooks.first"}');
SELECT i, ai_inference('nested', jsonb_build_array(i, 2, 3)) FROM generate_series(1, 3) AS i;

-- A hook runs with the caller's rights, and the caller must have the right to it
CREATE ROLE regress_predictor IN ROLE ai_runtime_predictor;
GRANT USAGE ON SCHEMA public, hooks TO regress_predictor;
CREATE FUNCTION hooks.who(output jsonb) RETURNS jsonb LANGUAGE sql RETURN to_jsonb(current_user);
SELECT echo('who', '{"postprocess": "hooks.who"}');
REVOKE EXECUTE ON FUNCTION hooks.celsius(jsonb) FROM PUBLIC;
SET ROLE regress_predictor;
SELECT ai_inference('who', '[1, 2, 3]'::jsonb);
SELECT ai_inference('thermometer', '{"fahrenheit": 50}'::jsonb);
\echo :SQLSTATE
RESET ROLE;
REVOKE ALL ON SCHEMA public, hooks FROM regress_predictor;
DROP ROLE regress_predictor;

-- A hook that is gone, or became another kind of function
DROP FUNCTION hooks.who;
SELECT ai_inference('who', '[1, 2, 3]'::jsonb);
\echo :SQLSTATE
CREATE FUNCTION hooks.who(output jsonb) RETURNS text LANGUAGE sql RETURN 'somebody';
SELECT ai_inference('who', '[1, 2, 3]'::jsonb);
\echo :SQLSTATE

-- More than JSON holds
SELECT ai_create_model('many', onnx.model('{"n INT64[1]"}', '{"y FP32[?]"}',
	onnx.node('ConstantOfShape', '{n}', '{y}')));
SELECT ai_inference('many', '{20000000}'::real[]);
\echo :SQLSTATE
SELECT jsonb_array_length(ai_inference('many', '{100000}'::real[]) -> 'y');

-- Without a server: an error, or NULL where ai_runtime.on_unavailable says so
CREATE PROCEDURE wait_for(wanted text) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..1000 LOOP
		EXIT WHEN (SELECT state FROM ai_stat_server) = wanted;
		PERFORM pg_sleep(0.02);
	END LOOP;
END
$$;
ALTER SYSTEM SET ai_runtime.server_autostart = off;
SELECT pg_reload_conf();
CALL wait_for('off');
\set VERBOSITY sqlstate
SELECT ai_inference('beyond', '{1, 2, 3}'::real[]);
\set VERBOSITY default
SET ai_runtime.on_unavailable = 'null';
SELECT ai_inference('beyond', '{1, 2, 3}'::real[]) IS NULL AS unavailable;
SELECT ai_inference('beyond', '{1, 2}'::real[]);
RESET ai_runtime.on_unavailable;
ALTER SYSTEM RESET ai_runtime.server_autostart;
SELECT pg_reload_conf();
CALL wait_for('running');
SELECT ai_inference('thermometer', '{"fahrenheit": 50}'::jsonb) AS back;

DROP PROCEDURE wait_for;
DROP FUNCTION refuse, echo, zip;
SET client_min_messages = warning;
DROP SCHEMA onnx, hooks CASCADE;

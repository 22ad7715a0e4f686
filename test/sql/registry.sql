-- Models and versions: every function of the registry and every message that it raises.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
SELECT ai_runtime._wait_until_ready(30000);

-- An ONNX model of 85 bytes: y = op(x, x), x and y FP32[N,2].
CREATE FUNCTION onnx(op text) RETURNS bytea LANGUAGE sql IMMUTABLE
	RETURN decode('08081207726567726573731a01313a3f0a0e0a01780a01781201792203', 'hex')
		|| convert_to(op, 'UTF8')
		|| decode('1201675a140a0178120f0a0d080112090a0312014e0a02080262140a0179120f0a0d0801'
			'12090a0312014e0a02080242040a00100d', 'hex');
CREATE VIEW stored AS
	SELECT (SELECT count(*) FROM ai_runtime.model_blobs) AS blobs,
		(SELECT count(*) FROM ai_runtime.model_chunks) AS chunks,
		(SELECT count(*) FROM ai_runtime.models) AS models,
		(SELECT count(*) FROM ai_runtime.model_versions) AS versions,
		(SELECT count(*) FROM ai_runtime.deployments) AS deployments;

-- Creating
SELECT ai_create_model('double', onnx('Add'), '{"description": "twice x"}');
SELECT name, description, deployed_version, versions, latest_version,
	created_by = session_user AS by_me
	FROM ai_models;
SELECT model, version, deployed, aliases, size_bytes, inputs, outputs, opset, opsets, ir_version,
	producer, description, options
	FROM ai_model_versions;
SELECT sha256 = encode(sha256(onnx('Add')), 'hex') AS right_hash FROM ai_model_versions;
SELECT version.spec, version.spec_sha256 = sha256(convert_to(version.spec::text, 'UTF8')) AS hashed
	FROM ai_runtime.model_versions AS version;
SELECT ai_inference('double', '[[1, 2]]'::jsonb);

-- A second version waits to be deployed, a third is deployed at once
SELECT ai_create_version('double', onnx('Mul'));
SELECT ai_inference('double', '[[3, 4]]'::jsonb) AS deployed,
	ai_inference('double:2', '[[3, 4]]'::jsonb) AS pinned;
SELECT ai_create_version('double', onnx('Sub'), '{"deploy": true, "description": "nothing"}');
SELECT ai_inference('double', '[[3, 4]]'::jsonb);
SELECT model, version, deployed, description FROM ai_model_versions ORDER BY version;

-- Equal bytes are stored once
SELECT ai_create_model('twin', onnx('Add'), '{"deploy": false}');
SELECT * FROM stored;
SELECT name, deployed_version, deployed_at IS NULL AS never FROM ai_models WHERE name = 'twin';

-- Nobody deletes by hand what something refers to; inserting is open, for pg_restore -j
DELETE FROM ai_runtime.model_blobs;
DELETE FROM ai_runtime.models;
SELECT count(*) > 0 AS some, bool_and(tgenabled = 'D') AS open
	FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
	WHERE relnamespace = 'ai_runtime'::regnamespace AND tgfoid = '"RI_FKey_check_ins"'::regproc;

-- Names
SELECT ai_create_model('double', onnx('Add'));
\echo :SQLSTATE
SELECT ai_create_model(NULL, onnx('Add'));
\echo :SQLSTATE
SELECT ai_create_model('', onnx('Add'));
\echo :SQLSTATE
SELECT ai_create_model('a:b', onnx('Add'));
SELECT ai_create_model('a@b', onnx('Add'));
SELECT ai_create_model(E'a\tb', onnx('Add'));
SELECT ai_create_model(repeat('ä', 32), onnx('Add'));
SELECT ai_create_version('nobody', onnx('Add'));
\echo :SQLSTATE
SELECT ai_create_model(E'"; DROP TABLE x; $$ \'', onnx('Add'));
SELECT ai_drop_model(name) FROM ai_models WHERE name LIKE '%DROP TABLE%';

-- Bytes
SELECT ai_create_model('none', NULL);
\echo :SQLSTATE
SELECT ai_create_version('double', NULL);
SELECT ai_create_model('empty', '');
\echo :SQLSTATE
SELECT ai_create_model('garbage', '\xdeadbeef');
\echo :SQLSTATE
DO $$
DECLARE
	context text;
BEGIN
	PERFORM ai_create_model('garbage', '\xdeadbeef');
EXCEPTION WHEN invalid_parameter_value THEN
	GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
	RAISE NOTICE '%', substring(context FROM 'reading the bytes of [^\n]*');
END
$$;
SELECT ai_create_model('unknown operator', onnx('Foo'));
\echo :SQLSTATE
SELECT ai_create_model_from_file('missing', '/nonexistent/model.onnx');
\echo :SQLSTATE
SELECT ai_create_model_from_file('missing', NULL);
SELECT lo_from_bytea(0, onnx('Add')) AS bytes,
	current_setting('data_directory') || '/regress.onnx' AS path \gset
SELECT lo_export(:bytes, :'path'), lo_unlink(:bytes);
SELECT ai_create_model_from_file('from file', :'path', '{"description": "read here"}');
SELECT deployed, sha256 = encode(sha256(onnx('Add')), 'hex') AS same_bytes
	FROM ai_model_versions WHERE model = 'from file';
SELECT ai_drop_model('from file');

-- Options
SELECT ai_create_model('m', onnx('Add'), '{"descripton": "x"}');
\echo :SQLSTATE
SELECT ai_create_model('m', onnx('Add'), '[]');
SELECT ai_create_model('m', onnx('Add'), '{"deploy": "yes"}');
SELECT ai_create_model('m', onnx('Add'), '{"description": 1}');
SELECT ai_create_model('m', onnx('Add'), '{"input": "x"}');
SELECT ai_create_model('m', onnx('Add'), '{"output": [1]}');
SELECT ai_create_model('m', onnx('Add'), '{"preprocess": 1}');
SELECT ai_create_model('m', onnx('Add'), '{"postprocess": null}');
SELECT ai_create_model('m', onnx('Add'), NULL);
SELECT options, spec FROM ai_runtime.model_versions WHERE model = 'm';
SELECT ai_drop_model('m');

-- A specification is checked against the signature, and keeps its numbers to the last digit
SELECT ai_create_model('m', onnx('Add'), '{"input": [
	{"name": "a", "type": "number", "default": 0.30000000000000004441},
	{"name": "b", "type": "number", "required": true}]}');
SELECT input_spec, output_spec FROM ai_model_versions WHERE model = 'm';
SELECT ai_inference('m', '{"b": 2}'::jsonb);
SELECT ai_drop_model('m');
SELECT ai_create_model('m', onnx('Add'), '{"input": [{"name": "a", "type": "number"}]}');
\echo :SQLSTATE
SELECT ai_create_model('m', onnx('Add'), '{"output": {"z": {"from": "nothing"}}}');
\echo :SQLSTATE

-- Hooks are found by the caller's search_path, stored with their schema, and must fit
CREATE SCHEMA "my hooks";
CREATE FUNCTION "my hooks".clean(jsonb) RETURNS jsonb LANGUAGE sql RETURN $1 -> 'x';
CREATE FUNCTION clean_text(jsonb) RETURNS text LANGUAGE sql RETURN 'x';
CREATE FUNCTION clean_set(jsonb) RETURNS SETOF jsonb LANGUAGE sql AS 'SELECT $1';
SELECT ai_create_model('m', onnx('Add'), '{"preprocess": "clean"}');
\echo :SQLSTATE
SELECT ai_create_model('m', onnx('Add'), '{"preprocess": "clean_text"}');
SELECT ai_create_model('m', onnx('Add'), '{"postprocess": "clean_set"}');
SELECT ai_create_model('m', onnx('Add'), '{"postprocess": "f(jsonb); DROP TABLE x"}');
SELECT ai_create_model('m', onnx('Add'), '{"postprocess": "a.b.c"}');
SET search_path = "my hooks", public;
SELECT ai_create_model('m', onnx('Add'), '{"preprocess": "clean"}');
RESET search_path;
SELECT preprocess, postprocess FROM ai_model_versions WHERE model = 'm';
SELECT ai_inference('m', '{"x": [[1, 2]]}'::jsonb);
SELECT ai_drop_model('m');

-- Inspecting stores nothing
SELECT jsonb_pretty(ai_inspect_model(onnx('Mul')) - 'sha256');
SELECT ai_inspect_model(NULL) IS NULL AS "null";
SELECT ai_inspect_model('\xdeadbeef');
\echo :SQLSTATE
SELECT * FROM stored;

-- A transaction sees its own models, and rolled back leaves no trace
BEGIN;
SELECT ai_create_model('fleeting', onnx('Max'));
SELECT ai_inference('fleeting', '[[7, 8]]'::jsonb);
SAVEPOINT deployed;
SELECT ai_create_version('fleeting', onnx('Sub'), '{"deploy": true}');
SELECT ai_inference('fleeting', '[[7, 8]]'::jsonb);
ROLLBACK TO deployed;
SELECT ai_inference('fleeting', '[[7, 8]]'::jsonb);
ROLLBACK;
SELECT * FROM stored;
SELECT ai_inference('fleeting', '[[7, 8]]'::jsonb);
\echo :SQLSTATE

-- Dropping takes the bytes that nobody else uses
INSERT INTO ai_runtime.aliases VALUES ('double', 'champion', 2);
SELECT version, aliases FROM ai_model_versions WHERE model = 'double' ORDER BY version;
BEGIN;
SELECT ai_drop_model('double');
SELECT * FROM stored;
ROLLBACK;
SELECT ai_drop_model('double');
SELECT * FROM stored;
SELECT ai_inference('twin:1', '[[1, 2]]'::jsonb);
SELECT ai_drop_model('double');
\echo :SQLSTATE
SELECT ai_drop_model('double', if_exists => true);
SELECT ai_drop_model(NULL);
\echo :SQLSTATE
SELECT ai_drop_model('twin', NULL);
SELECT * FROM stored;

-- Signatures in words are the same in SQL and in TypeScript
WITH type (value) AS (VALUES
	('{"name": "a", "kind": "tensor", "datatype": "FP32", "shape": ["N", null, 3]}'::jsonb),
	('{"name": "b", "kind": "tensor", "datatype": "BYTES", "shape": []}'),
	('{"name": "c", "kind": "tensor", "datatype": "INT64", "shape": null}'),
	('{"name": "d", "kind": "tensor", "datatype": "INT64"}'),
	('{"name": "e", "kind": "sequence", "element": {"kind": "map", "key_datatype": "INT64",
		"element": {"kind": "tensor", "datatype": "FP32", "shape": []}}}'),
	('{"name": "f", "kind": "optional", "element": {"datatype": "BOOL", "shape": [1]}}'))
SELECT in_sql.words, in_sql.words = (ai_runtime._describe_model(
		jsonb_build_object('inputs', jsonb_build_array(value)), '', 0)
		#>> '{summary,inputs,0}') AS same
	FROM type, ai_runtime._values_text(jsonb_build_array(value)) AS in_sql (words);

-- Health: every check passes here, where the server runs
SELECT name, ok, hint FROM ai_health();
SELECT preloaded, state, version = (SELECT extversion FROM pg_extension
	WHERE extname = 'ai_runtime') AS same_version FROM ai_stat_server;

-- Rights: a deployer creates and drops, reading no table; a predictor does neither
CREATE ROLE regress_ai_deployer IN ROLE ai_runtime_deployer;
CREATE ROLE regress_ai_predictor IN ROLE ai_runtime_predictor;
SET ROLE regress_ai_deployer;
SELECT ai_create_model('m', onnx('Add'));
SELECT ai_create_model_from_file('f', '/etc/passwd');
\echo :SQLSTATE
SELECT count(*) FROM ai_runtime.models;
SELECT ai_drop_model('m');
SET ROLE regress_ai_predictor;
SELECT ai_create_model('m', onnx('Add'));
\echo :SQLSTATE
SELECT ai_drop_model('m');
SELECT count(*) FROM ai_models;
RESET ROLE;
DROP ROLE regress_ai_deployer, regress_ai_predictor;

SET client_min_messages = warning;
DROP SCHEMA "my hooks" CASCADE;
DROP FUNCTION clean_text(jsonb), clean_set(jsonb);
DROP VIEW stored;
DROP FUNCTION onnx(text);

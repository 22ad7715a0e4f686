-- The bytes of models: stored in chunks, by content; read back for the server; inspected.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx
CREATE FUNCTION small() RETURNS bytea LANGUAGE sql
	RETURN onnx.model('{"x FP32[N]"}', '{"y FP32[N]"}', onnx.node('Neg', '{x}', '{y}'));
-- Ten and a half MB, which do not compress: a constant that nothing reads.
CREATE TABLE made AS SELECT small() || onnx.string(6, (SELECT string_agg(md5(i::text), '')
	FROM generate_series(1, 330000) AS i)) AS model;
CREATE FUNCTION large() RETURNS bytea LANGUAGE sql RETURN (SELECT model FROM made);

-- Storing
SELECT ai_runtime._store_model(small()) = sha256(small()) AS stored;
SELECT ai_runtime._store_model(small()) = sha256(small()) AS again;
SELECT ai_runtime._store_model(large()) = sha256(large()) AS stored;
SELECT size_bytes, seq, octet_length(data) AS chunk_bytes
	FROM ai_runtime.model_blobs JOIN ai_runtime.model_chunks USING (sha256)
	ORDER BY size_bytes, seq;
SELECT size_bytes > 1000 AS large, sha256(string_agg(data, '' ORDER BY seq)) = sha256 AS intact
	FROM ai_runtime.model_blobs JOIN ai_runtime.model_chunks USING (sha256)
	GROUP BY sha256, size_bytes ORDER BY size_bytes;
SELECT ai_runtime._store_model('');
\echo :SQLSTATE
SELECT ai_runtime._store_model(NULL) IS NULL AS strict;

-- From a table: inline, compressed, out of line, both
CREATE TABLE given (place serial, model bytea);
CREATE FUNCTION padded(bytes int) RETURNS bytea LANGUAGE sql
	RETURN small() || onnx.string(6, repeat('x', bytes));
INSERT INTO given (model) VALUES (small()), (padded(10000)), (padded(6000000));
ALTER TABLE given ALTER COLUMN model SET STORAGE EXTERNAL;
INSERT INTO given (model) VALUES (padded(10001)), (padded(6000001));
SELECT place, ai_runtime._store_model(model) = sha256(model) AS stored FROM given ORDER BY place;
BEGIN;
SELECT ai_runtime._store_model(padded(5)) = sha256(padded(5)) AS stored;
ROLLBACK;
SELECT count(*) FROM ai_runtime.model_blobs WHERE sha256 = sha256(padded(5));

-- From a file
SELECT lo_from_bytea(4711, padded(20)) \g /dev/null
SELECT lo_export(4711, current_setting('data_directory') || '/model.onnx'),
	lo_unlink(4711) \g /dev/null
SELECT ai_runtime._store_model_from_file('model.onnx') = sha256(padded(20)) AS relative,
	ai_runtime._store_model_from_file(current_setting('data_directory') || '/model.onnx')
	= sha256(padded(20)) AS absolute;
SELECT ai_create_model_from_file('from_file', 'model.onnx');
SELECT ai_inference('from_file', '{1}'::real[]);
SELECT ai_runtime._store_model_from_file('no_such.onnx');
\echo :SQLSTATE
SELECT ai_runtime._store_model_from_file('global');
\echo :SQLSTATE
SELECT ai_runtime._store_model_from_file('/dev/null');
CREATE ROLE regress_deployer IN ROLE ai_runtime_deployer;
GRANT USAGE ON SCHEMA public, onnx TO regress_deployer;
SET ROLE regress_deployer;
SELECT ai_create_model_from_file('file', 'model.onnx');
\echo :SQLSTATE
SELECT ai_create_model('mine', padded(30));
RESET ROLE;
SELECT created_by FROM ai_runtime.models WHERE name = 'mine';
GRANT pg_read_server_files TO regress_deployer;
SET ROLE regress_deployer;
SELECT ai_create_model_from_file('file', 'model.onnx');
RESET ROLE;
SELECT lo_from_bytea(4711, '') \g /dev/null
SELECT lo_export(4711, current_setting('data_directory') || '/model.onnx'),
	lo_unlink(4711) \g /dev/null
SELECT ai_runtime._store_model_from_file('model.onnx');
\echo :SQLSTATE
REVOKE ALL ON SCHEMA public, onnx FROM regress_deployer;
DROP ROLE regress_deployer;

-- The server asks for bytes that it does not have, whatever their size
SELECT ai_create_model('small', small()), ai_create_model('large', large());
SELECT ai_runtime._unload_model(sha256(small())) AS dropped,
	ai_runtime._unload_model(sha256(small())) AS again;
SELECT ai_runtime._unload_model(sha256(large())) AS dropped;
SELECT ai_inference('small', '{1}'::real[]) AS small, ai_inference('large', '{2}'::real[]) AS large;
SELECT ai_runtime._unload_model('\x00');
\echo :SQLSTATE

-- Signatures
SELECT ai_runtime._model_signature(sha256(small()), 'm');
SELECT ai_runtime._model_signature(ai_runtime._store_model(padded(40)), 'm') -> 'outputs'
	AS own_write;
SELECT ai_runtime._model_signature(sha256('nobody'), 'm');
\echo :SQLSTATE
SELECT ai_runtime._model_signature('\x00', 'm');
SELECT ai_runtime._inspect_model(padded(50)) -> 'inputs' AS inputs;
SELECT count(*) AS not_stored FROM ai_runtime.model_blobs WHERE sha256 = sha256(padded(50));
SELECT ai_runtime._unload_model(sha256(padded(50))) AS not_kept;
SELECT ai_runtime._inspect_model(small()) -> 'inputs' AS inputs;
SELECT ai_runtime._unload_model(sha256(small())) AS kept;
SELECT ai_runtime._inspect_model('');
\set VERBOSITY sqlstate
SELECT ai_runtime._inspect_model('not a model');
SELECT ai_create_model('bad', 'not a model');
\set VERBOSITY default

-- Damage is found before the server loads anything
SELECT ai_runtime._unload_model(sha256(large())) AS dropped;
BEGIN;
DELETE FROM ai_runtime.model_chunks WHERE sha256 = sha256(large()) AND seq = 1;
SELECT ai_inference('large', '{2}'::real[]);
\echo :SQLSTATE
ROLLBACK;
BEGIN;
DELETE FROM ai_runtime.model_chunks WHERE sha256 = sha256(large()) AND seq = 2;
SELECT ai_inference('large', '{2}'::real[]);
ROLLBACK;
BEGIN;
UPDATE ai_runtime.model_chunks SET data = data || 'x'
	WHERE sha256 = sha256(large()) AND seq = 2;
SELECT ai_inference('large', '{2}'::real[]);
ROLLBACK;
BEGIN;
DELETE FROM ai_runtime.model_chunks WHERE sha256 = sha256(large());
SELECT ai_inference('large', '{2}'::real[]);
ROLLBACK;
BEGIN;
UPDATE ai_runtime.model_chunks SET data = set_byte(data, 100, get_byte(data, 100) # 1)
	WHERE sha256 = sha256(large()) AND seq = 1;
SELECT ai_inference('large', '{2}'::real[]);
\echo :SQLSTATE
ROLLBACK;
SELECT ai_inference('large', '{2}'::real[]) AS mended;
BEGIN;
UPDATE ai_runtime.model_versions SET signature = '{"inputs": []}', spec_sha256 = sha256('other')
	WHERE model = 'large';
SELECT ai_inference('large', '{2}'::real[]);
\echo :SQLSTATE
ROLLBACK;

-- Specifications by themselves
SELECT ai_runtime._check_spec(signature, '{"input": ["a"], "output": {"b": "y"}}')
	FROM ai_runtime.model_versions WHERE model = 'small';
SELECT ai_runtime._check_spec(signature, '[]') FROM ai_runtime.model_versions WHERE model = 'small';
SELECT ai_runtime._check_spec(signature, '{"preprocess": 5}')
	FROM ai_runtime.model_versions WHERE model = 'small';
SELECT ai_runtime._check_spec('{}', '{}');
\echo :SQLSTATE
SELECT ai_runtime._check_spec('{"inputs": [{"name": "x", "datatype": "FP99"}], "outputs": []}',
	'{}');

DROP FUNCTION small, large, padded;
DROP TABLE given, made;
SET client_min_messages = warning;
DROP SCHEMA onnx CASCADE;

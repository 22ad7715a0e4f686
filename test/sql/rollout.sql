-- Versions on their way: validated, deployed, rolled back, archived, aliased, and their history.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx

-- y = op(x, x) for FP32[N,2]: from 3 and 4, Add makes 6 and 8, Mul 9 and 16, Sub 0 and 0.
CREATE FUNCTION op(name text) RETURNS bytea LANGUAGE sql
	RETURN onnx.model('{"x FP32[N,2]"}', '{"y FP32[N,2]"}', onnx.node(name, '{x,x}', '{y}'));
CREATE FUNCTION answer(address text) RETURNS text LANGUAGE sql
	RETURN ai_inference(address, ARRAY[3, 4]::real[]) ->> 'y';
CREATE VIEW states AS SELECT model, version, state, deployed, aliases,
	state_at IS NOT NULL AND state_by = session_user AS stamped
	FROM ai_model_versions ORDER BY model, version;

SELECT ai_create_model('m', op('Add'));
SELECT ai_create_version('m', op('Mul')), ai_create_version('m', op('Sub'));
SELECT * FROM states;

-- Deploying validates first; it returns what was deployed before
SELECT ai_deploy('m', 2), answer('m');
SELECT answer('m');
SELECT ai_validate_version('m', 3);
SELECT * FROM states;
SELECT ai_deploy('m', 3, options => '{"reason": "smaller"}');
SELECT answer('m');
SELECT model, version, deployed_by = session_user AS by_me FROM ai_deployments;

-- Going back step by step, until nothing is left
SELECT ai_rollback('m', '{"reason": "too small"}');
SELECT answer('m');
SELECT ai_rollback('m');
SELECT answer('m');
SELECT ai_rollback('m');
\echo :SQLSTATE
SELECT * FROM states;

-- What was rolled back is deployed again only after a second look
SELECT ai_deploy('m', 3);
\echo :SQLSTATE
SELECT ai_validate_version('m', 3), ai_deploy('m', 3);
SELECT ai_deploy('m', 3);
\echo :SQLSTATE
SELECT ai_deploy('m', 2, options => '{"force": true, "reason": "in a hurry"}');

-- Nothing of it is there after a rollback of the transaction
BEGIN;
SELECT ai_deploy('m', 1);
SELECT answer('m');
SAVEPOINT first;
SELECT ai_rollback('m');
SELECT answer('m');
ROLLBACK TO first;
SELECT answer('m');
ROLLBACK;
SELECT answer('m');

-- Prepared statements follow a deployment, also with a plan that was made before it
PREPARE generic AS SELECT ai_inference('m', ARRAY[3, 4]::real[]) ->> 'y';
SET plan_cache_mode = force_generic_plan;
EXECUTE generic;
SELECT ai_deploy('m', 1);
EXECUTE generic;
RESET plan_cache_mode;
DEALLOCATE generic;

-- Aliases
SELECT ai_alias('m', 'champion', 3);
SELECT answer('m@champion');
SELECT ai_alias('m', 'champion', 2);
SELECT answer('m@champion');
SELECT ai_alias('m', 'champion', NULL);
SELECT answer('m@champion');
\echo :SQLSTATE
SELECT ai_alias('m', 'champion', NULL);
\echo :SQLSTATE
SELECT ai_alias('m', 'a:b', 1);
SELECT ai_alias('m', NULL, 1);
SELECT ai_alias('m', 'champion', 9);
\echo :SQLSTATE
SELECT ai_alias('nobody', 'champion', 1);

-- An archived version answers under no address; validating brings it back
SELECT ai_alias('m', 'old', 3);
SELECT ai_archive('m', 3);
\echo :SQLSTATE
SELECT ai_archive('m', 1);
\echo :SQLSTATE
SELECT ai_alias('m', 'old', NULL), ai_archive('m', 3, '{"reason": "unused"}');
SELECT answer('m:3');
\echo :SQLSTATE
SELECT ai_deploy('m', 3);
SELECT ai_alias('m', 'old', 3);
SELECT ai_validate_version('m', 3);
SELECT answer('m:3');

-- A version that callers could not go on with is refused, with every difference
SELECT ai_create_version('m',
	onnx.model('{"x FP64[N,2]","z FP32[N,2]"}', '{"w FP64[N,2]"}',
		onnx.node('Add', '{x,x}', '{w}')));
SELECT ai_validate_version('m', 4);
\echo :SQLSTATE
SELECT ai_deploy('m', 4);
SELECT ai_create_version('m',
	onnx.model('{"x FP32[1,2]"}', '{"y FP32[1,2]"}', onnx.node('Add', '{x,x}', '{y}')),
	'{"deploy": true}');
SELECT ai_create_version('m', op('Mul'), '{"input": ["a", {"name": "b", "default": 1}]}');
SELECT ai_deploy('m', 5);
SELECT ai_deploy('m', 5, options => '{"force": true}');
SELECT ai_create_version('m', op('Mul'),
	'{"input": ["a", "c"], "output": {"score": {"index": 0}}}');
SELECT ai_deploy('m', 6);
SELECT ai_create_version('m', op('Sub'),
	'{"input": ["a", {"name": "c", "required": false}]}') AS version, ai_deploy('m', 7);

-- Options, strategies, nulls
SELECT ai_deploy('m', 7, 'canary');
\echo :SQLSTATE
SELECT ai_deploy('m', 7, options => '{"raeson": "x"}');
\echo :SQLSTATE
SELECT ai_deploy('m', 7, options => '{"force": 1}');
SELECT ai_deploy('m', 7, options => '[]');
SELECT ai_deploy('m', NULL);
\echo :SQLSTATE
SELECT ai_deploy(NULL, 1);
SELECT ai_deploy('nobody', 1);
SELECT ai_deploy('m', 99);
\echo :SQLSTATE
SELECT ai_rollback('nobody');
SELECT ai_archive('m', NULL);

-- The history: every move, by whom, why, and of which bytes
SELECT event, version, from_state, to_state, alias, reason, by = session_user AS by_me,
	sha256 IS NOT NULL AS bytes
	FROM ai_history('m');
SELECT * FROM ai_history('nobody');
\echo :SQLSTATE
SELECT count(*) FROM ai_history(NULL);
SELECT ai_drop_model('m');
SELECT event, version FROM ai_history('m') LIMIT 1;
UPDATE ai_runtime.model_events SET reason = 'none';
\echo :SQLSTATE
DELETE FROM ai_runtime.model_events;
TRUNCATE ai_runtime.model_events;

DROP VIEW states;
DROP FUNCTION answer(text), op(text);

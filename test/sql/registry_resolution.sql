-- From an address to a version: forms, errors, and what a snapshot sees.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx
CREATE FUNCTION times(k real) RETURNS bytea LANGUAGE sql
	RETURN onnx.model('{"x FP32[N]"}', '{"y FP32[N]"}', onnx.node('Mul', '{x,k}', '{y}'),
		onnx.constant('k', '{}', ARRAY[k]));
SELECT ai_create_model('m', times(1));
SELECT ai_create_version('m', times(2));
SELECT ai_create_version('m', times(3));
INSERT INTO ai_runtime.aliases VALUES ('m', 'champion', 2), ('m', '3', 3);
SELECT ai_create_model('idle', times(1), '{"deploy": false}');

-- Forms
SELECT address, ai_inference(address, '{10}'::real[]) -> 'y' AS output
	FROM unnest('{m,m:1,m:2,m:3,m:003,m@champion,m@3,idle:1}'::text[]) AS address;

-- What leads nowhere
SELECT ai_inference('nobody', '{1}'::real[]);
\echo :SQLSTATE
SELECT ai_inference('nobody:1', '{1}'::real[]);
SELECT ai_inference('nobody@champion', '{1}'::real[]);
SELECT ai_inference('M', '{1}'::real[]);
SELECT ai_inference('m:4', '{1}'::real[]);
\echo :SQLSTATE
SELECT ai_inference('m@challenger', '{1}'::real[]);
\echo :SQLSTATE
SELECT ai_inference('idle', '{1}'::real[]);
\echo :SQLSTATE
SELECT ai_inference('m:0', '{1}'::real[]);
\echo :SQLSTATE
SELECT ai_inference('m:-1', '{1}'::real[]);
SELECT ai_inference('m:', '{1}'::real[]);
SELECT ai_inference('m:x', '{1}'::real[]);
SELECT ai_inference('m:1:2', '{1}'::real[]);
SELECT ai_inference('m:99999999999', '{1}'::real[]);
SELECT ai_inference('m@', '{1}'::real[]);
SELECT ai_inference('', '{1}'::real[]);
SELECT ai_inference(':1', '{1}'::real[]);
SELECT ai_inference(repeat('m', 64), '{1}'::real[]);
\echo :SQLSTATE
SELECT ai_inference(repeat('ü', 200), '{1}'::real[]);

-- Own writes are visible, and follow a rollback to a savepoint
BEGIN;
SELECT ai_inference('m', '{10}'::real[]) -> 'y' AS deployed;
SAVEPOINT before;
UPDATE ai_runtime.deployments SET version = 2 WHERE model = 'm';
SELECT ai_inference('m', '{10}'::real[]) -> 'y' AS after_update;
ROLLBACK TO SAVEPOINT before;
SELECT ai_inference('m', '{10}'::real[]) -> 'y' AS after_rollback;
ROLLBACK;
BEGIN;
SELECT ai_create_model('gone', times(5));
SELECT ai_inference('gone', '{10}'::real[]) -> 'y' AS own;
ROLLBACK;
SELECT ai_inference('gone', '{1}'::real[]);

-- A function that keeps its call from transaction to transaction follows too
CREATE FUNCTION predict(x real) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN
	RETURN ai_inference('m', ARRAY[x]) -> 'y';
END
$$;
SELECT predict(10);
UPDATE ai_runtime.deployments SET version = 3 WHERE model = 'm';
SELECT predict(10);
BEGIN;
SELECT predict(10);
UPDATE ai_runtime.deployments SET version = 2 WHERE model = 'm';
SELECT predict(10);
SAVEPOINT before;
UPDATE ai_runtime.deployments SET version = 1 WHERE model = 'm';
SELECT predict(10);
ROLLBACK TO SAVEPOINT before;
SELECT predict(10);
ROLLBACK;
SELECT predict(10);

-- The same with subtransactions inside one function, whose statements keep their calls
CREATE FUNCTION walk() RETURNS jsonb[] LANGUAGE plpgsql AS $$
DECLARE
	seen jsonb[];
BEGIN
	FOR i IN 1..6 LOOP
		seen := seen || (ai_inference('m', '{10}'::real[]) -> 'y');
		BEGIN
			UPDATE ai_runtime.deployments SET version = 1 + i % 3 WHERE model = 'm';
			seen := seen || (ai_inference('m', '{10}'::real[]) -> 'y');
			IF i % 2 = 0 THEN
				RAISE division_by_zero;
			END IF;
		EXCEPTION WHEN division_by_zero THEN
		END;
		seen := seen || (ai_inference('m', '{10}'::real[]) -> 'y');
	END LOOP;
	RETURN seen;
END
$$;
SELECT walk();

-- A statement keeps the version that it began with, a cursor too
UPDATE ai_runtime.deployments SET version = 1 WHERE model = 'm';
BEGIN;
DECLARE rows CURSOR FOR SELECT ai_inference('m', '{10}'::real[]) -> 'y' AS y
	FROM generate_series(1, 3);
FETCH 1 FROM rows;
UPDATE ai_runtime.deployments SET version = 2 WHERE model = 'm';
FETCH 1 FROM rows;
SELECT ai_inference('m', '{10}'::real[]) -> 'y' AS other_statement;
FETCH 1 FROM rows;
COMMIT;

-- A prepared statement with a generic plan follows, and pinned it stays
SET plan_cache_mode = force_generic_plan;
PREPARE follow(text) AS SELECT ai_inference($1, '{10}'::real[]) -> 'y' AS y;
EXECUTE follow('m');
UPDATE ai_runtime.deployments SET version = 3 WHERE model = 'm';
EXECUTE follow('m');
EXECUTE follow('m:1');
DEALLOCATE follow;
RESET plan_cache_mode;

-- The model may differ from row to row
SELECT i, ai_inference('m:' || 1 + i % 3, '{10}'::real[]) -> 'y' AS y
	FROM generate_series(1, 6) AS i;

-- More versions than the backend keeps compiled
SELECT count(ai_create_model('many' || i, times(i::real))) FROM generate_series(1, 70) AS i;
SELECT sum((ai_inference('many' || 1 + i % 70, '{1}'::real[]) -> 'y' ->> 0)::int)
	FROM generate_series(0, 699) AS i;

-- Predicting needs no right on the registry
CREATE ROLE regress_predictor IN ROLE ai_runtime_predictor;
CREATE ROLE regress_nobody;
GRANT USAGE ON SCHEMA public TO regress_predictor, regress_nobody;
SET ROLE regress_predictor;
SELECT ai_inference('m', '{10}'::real[]);
SELECT * FROM ai_runtime.deployments;
RESET ROLE;
SET ROLE regress_nobody;
SELECT ai_inference('m', '{10}'::real[]);
\echo :SQLSTATE
RESET ROLE;
REVOKE ALL ON SCHEMA public FROM regress_predictor, regress_nobody;
DROP ROLE regress_predictor, regress_nobody;

-- Dropped
SELECT ai_drop_model('idle');
SELECT ai_inference('idle:1', '{1}'::real[]);

DROP FUNCTION predict, walk, times;
SET client_min_messages = warning;
DROP SCHEMA onnx CASCADE;

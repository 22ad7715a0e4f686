-- What is measured of models, and how rows are put together for an execution.
SET client_min_messages = warning;
DROP EXTENSION IF EXISTS ai_runtime CASCADE;
CREATE EXTENSION ai_runtime CASCADE;
RESET client_min_messages;
-- One request a call, in the counts below.
SET ai_runtime.enable_batch_scan = off;
SELECT ai_runtime._wait_until_ready(30000);
\getenv source PG_ABS_SRCDIR
\set onnx :source '/fixtures/onnx.sql'
\i :onnx

-- What a call costs: nothing is known before the first one, and another model tells nothing
SELECT ai_create_model('batched', onnx.model('{"x FP32[N,3]"}', '{"y FP32[N,3]"}',
	onnx.node('Add', '{x,x}', '{y}')));
SELECT ai_create_model('other', onnx.model('{"x FP32[N,5]"}', '{"y FP32[N,5]"}',
	onnx.node('Mul', '{x,x}', '{y}')));
CREATE VIEW costs AS
	SELECT model, request_count, rows_per_execution, us_per_row >= 0 AS per_row,
		us_per_execution >= 0 AS per_execution, us_per_request > 0 AS per_request,
		queue_us >= 0 AS queue
	FROM ai_stat_model_costs WHERE model IN ('batched', 'other');
SELECT * FROM costs;
SELECT count(ai_inference('batched', ARRAY[i, 2, 3]::real[])) FROM generate_series(1, 10) AS i;
SELECT * FROM costs;
-- Executions of 100 rows among those of one
CREATE TABLE hundred AS SELECT array_agg(ARRAY[i, 2, 3]::real[]) AS rows
	FROM generate_series(1, 100) AS i;
SELECT count(ai_inference('batched', rows)) FROM hundred, generate_series(1, 10) AS i;
SELECT model, request_count, rows_per_execution > 10 AS larger, us_per_row >= 0 AS per_row,
	rows_per_second = 0 OR abs(rows_per_second * (us_per_row + us_per_execution
		/ rows_per_execution) - 1000000) < 1 AS rows_per_second
FROM ai_stat_model_costs WHERE model = 'batched';

-- What rows of one execution do to one another, tried at creation and kept with the version
SELECT ai_create_model('mixed', onnx.model('{"x FP32[N,3]"}', '{"y FP32[N,3]"}',
	onnx.node('Softmax', '{x}', '{y}', onnx.attribute('axis', 0::int8))));
SELECT ai_create_model('fixed', onnx.model('{"x FP32[1,3]"}', '{"y FP32[1,3]"}',
	onnx.node('Add', '{x,x}', '{y}')));
SELECT model, batching, batch_max_difference AS difference, batching_off_reason
FROM ai_model_versions WHERE model IN ('batched', 'mixed', 'fixed') ORDER BY model;
SELECT count(DISTINCT ai_inference('mixed', ARRAY[i, 2, 3]::real[]))
FROM generate_series(1, 10) AS i;

-- Executions: all that ran stand in the curve, one size is chosen
CREATE FUNCTION executions(name text) RETURNS int8 LANGUAGE sql
	RETURN (SELECT execution_count FROM ai_stat_models WHERE model = name);
SELECT sum(execution_count) = executions('batched') AS all,
	count(*) FILTER (WHERE chosen) AS chosen, bool_and(us_per_row > 0) AS measured,
	max(batch_size) <= 128 AS sizes
FROM ai_stat_batch_curve WHERE model = 'batched';

-- deterministic: a row is an execution, whatever waits and whatever was measured
CREATE TABLE before AS SELECT executions('batched') AS count;
SELECT jsonb_array_length(ai_inference('batched', rows, '{"deterministic": true}') -> 'y')
FROM hundred;
SELECT executions('batched') - count AS executions FROM before;
SELECT ai_inference('batched', rows, '{"deterministic": true}') = ai_inference('batched', rows)
	AS same FROM hundred;
SELECT ai_inference('batched', '{1, 2, 3}'::real[], '{"deterministic": 1}');

-- The same of a version, and the option of a call over it
SELECT ai_create_version('batched', onnx.model('{"x FP32[N,3]"}', '{"y FP32[N,3]"}',
	onnx.node('Sub', '{x,x}', '{y}')), '{"deterministic": true, "deploy": true}');
SELECT jsonb_array_length(ai_inference('batched', rows) -> 'y') FROM hundred;
SELECT execution_count FROM ai_stat_models WHERE model = 'batched' AND version = 2;
SELECT count(ai_inference('batched', rows, '{"deterministic": false}'))
FROM hundred, generate_series(1, 10);
SELECT execution_count < 1100 AS fewer
FROM ai_stat_models WHERE model = 'batched' AND version = 2;
SELECT ai_create_version('batched', onnx.model('{"x FP32[N,3]"}', '{"y FP32[N,3]"}',
	onnx.node('Div', '{x,x}', '{y}')),
	'{"max_batch_size": 4, "max_queue_delay_us": 100, "deploy": true}');
SELECT count(ai_inference('batched', rows)) FROM hundred, generate_series(1, 20);
SELECT max(batch_size) AS largest FROM ai_stat_batch_curve WHERE model = 'batched' AND version = 3;
SELECT spec - 'input' AS spec FROM ai_runtime.model_versions
WHERE model = 'batched' ORDER BY version;
\set VERBOSITY terse
SELECT ai_create_model('wrong', onnx.model('{"x FP32[N,3]"}', '{"y FP32[N,3]"}',
	onnx.node('Add', '{x,x}', '{y}')), '{"max_batch_size": 0}');
SELECT ai_create_model('wrong', onnx.model('{"x FP32[N,3]"}', '{"y FP32[N,3]"}',
	onnx.node('Add', '{x,x}', '{y}')), '{"max_queue_delay_us": 0.5}');
SELECT ai_create_model('wrong', onnx.model('{"x FP32[N,3]"}', '{"y FP32[N,3]"}',
	onnx.node('Add', '{x,x}', '{y}')), '{"deterministic": "yes"}');
\set VERBOSITY default

DROP VIEW costs;
DROP FUNCTION executions;
DROP TABLE hundred, before;
SELECT ai_drop_model('batched'), ai_drop_model('other'), ai_drop_model('mixed'),
	ai_drop_model('fixed');

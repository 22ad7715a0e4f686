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

DROP VIEW costs;
DROP TABLE hundred;
SELECT ai_drop_model('batched'), ai_drop_model('other');

-- The server's state and statistics. They are the server's own numbers: they start anew when it
-- does, and count the requests of all databases of the cluster.

CREATE VIEW @extschema@.ai_stat_server AS
	SELECT server.preloaded,
		server.state,
		server.pid,
		server.started_at,
		server.restarts,
		server.version,
		server.ort_version,
		server.socket_path,
		server.rss_bytes,
		server.sessions,
		server.session_bytes,
		server.connections,
		server.inference_count,
		server.last_error,
		server.next_restart_at
	FROM ai_runtime._server_state() AS server;
COMMENT ON VIEW @extschema@.ai_stat_server IS 'State of the inference server; one row, always';
COMMENT ON COLUMN @extschema@.ai_stat_server.preloaded IS
	'Whether the library is in shared_preload_libraries';
COMMENT ON COLUMN @extschema@.ai_stat_server.state IS 'off, starting, running or backing_off';
COMMENT ON COLUMN @extschema@.ai_stat_server.pid IS 'Process of the server';
COMMENT ON COLUMN @extschema@.ai_stat_server.started_at IS 'When this process was started';
COMMENT ON COLUMN @extschema@.ai_stat_server.restarts IS 'How often it was started again';
COMMENT ON COLUMN @extschema@.ai_stat_server.version IS 'Version of the server';
COMMENT ON COLUMN @extschema@.ai_stat_server.ort_version IS 'Version of ONNX Runtime';
COMMENT ON COLUMN @extschema@.ai_stat_server.socket_path IS 'The Unix socket that it listens on';
COMMENT ON COLUMN @extschema@.ai_stat_server.rss_bytes IS 'Resident memory';
COMMENT ON COLUMN @extschema@.ai_stat_server.sessions IS 'Models that are loaded';
COMMENT ON COLUMN @extschema@.ai_stat_server.session_bytes IS 'Bytes counted for loaded models';
COMMENT ON COLUMN @extschema@.ai_stat_server.connections IS 'Backends that are connected';
COMMENT ON COLUMN @extschema@.ai_stat_server.inference_count IS 'Rows inferred since it started';
COMMENT ON COLUMN @extschema@.ai_stat_server.last_error IS 'Why the server last ended or failed';
COMMENT ON COLUMN @extschema@.ai_stat_server.next_restart_at IS
	'When it is started again, while backing off';

CREATE VIEW @extschema@.ai_stat_models AS
	SELECT version.model,
		version.version,
		encode(version.sha256, 'hex') AS sha256,
		coalesce(stat.session_bytes, 0) > 0 AS loaded,
		coalesce(stat.inference_count, 0) AS inference_count,
		coalesce(stat.execution_count, 0) AS execution_count,
		coalesce(stat.success_count, 0) AS success_count,
		coalesce(stat.failure_count, 0) AS failure_count,
		coalesce(stat.cancel_count, 0) AS cancel_count,
		coalesce(stat.reject_count, 0) AS reject_count,
		coalesce(stat.queue_duration_us, 0) AS queue_duration_us,
		coalesce(stat.compute_infer_duration_us, 0) AS compute_infer_duration_us,
		coalesce(stat.load_duration_us, 0) AS load_duration_us,
		coalesce(stat.session_bytes, 0) AS session_bytes,
		to_timestamp(nullif(stat.loaded_at_unix_ms, 0) / 1000.0) AS loaded_at,
		to_timestamp(nullif(stat.last_inference_unix_ms, 0) / 1000.0) AS last_inference_at
	FROM ai_runtime.model_versions AS version
		LEFT JOIN jsonb_to_recordset(ai_runtime._model_statistics()) AS stat (
			sha256 text, inference_count int8, execution_count int8, success_count int8,
			failure_count int8, cancel_count int8, reject_count int8, queue_duration_us int8,
			compute_infer_duration_us int8,
			load_duration_us int8, session_bytes int8, loaded_at_unix_ms int8,
			last_inference_unix_ms int8)
			ON stat.sha256 = encode(version.sha256, 'hex');
COMMENT ON VIEW @extschema@.ai_stat_models IS
	'Work of the server by version; versions with the same bytes share one session and its numbers';
COMMENT ON COLUMN @extschema@.ai_stat_models.model IS 'The model';
COMMENT ON COLUMN @extschema@.ai_stat_models.version IS 'The version';
COMMENT ON COLUMN @extschema@.ai_stat_models.sha256 IS 'SHA-256 of the ONNX bytes, hexadecimal';
COMMENT ON COLUMN @extschema@.ai_stat_models.loaded IS 'Whether the server has a session of it';
COMMENT ON COLUMN @extschema@.ai_stat_models.inference_count IS 'Rows inferred';
COMMENT ON COLUMN @extschema@.ai_stat_models.execution_count IS
	'Runs of the model; inference_count divided by this is the mean batch';
COMMENT ON COLUMN @extschema@.ai_stat_models.success_count IS 'Requests that were answered';
COMMENT ON COLUMN @extschema@.ai_stat_models.failure_count IS 'Requests that failed';
COMMENT ON COLUMN @extschema@.ai_stat_models.cancel_count IS
	'Requests that were cancelled or ran out of time';
COMMENT ON COLUMN @extschema@.ai_stat_models.reject_count IS
	'Requests that found the queue full';
COMMENT ON COLUMN @extschema@.ai_stat_models.queue_duration_us IS
	'Time that requests waited for their first execution, in microseconds';
COMMENT ON COLUMN @extschema@.ai_stat_models.compute_infer_duration_us IS
	'Time that ONNX Runtime ran, in microseconds';
COMMENT ON COLUMN @extschema@.ai_stat_models.load_duration_us IS
	'Time that loading took, in microseconds';
COMMENT ON COLUMN @extschema@.ai_stat_models.session_bytes IS
	'Bytes counted for the session; 0: not loaded';
COMMENT ON COLUMN @extschema@.ai_stat_models.loaded_at IS 'When the session was last loaded';
COMMENT ON COLUMN @extschema@.ai_stat_models.last_inference_at IS 'When it last ran';

CREATE VIEW @extschema@.ai_stat_batch_curve AS
	SELECT version.model,
		version.version,
		encode(version.sha256, 'hex') AS sha256,
		point.batch_size,
		point.execution_count,
		point.us_per_row,
		point.chosen
	FROM jsonb_to_recordset(ai_runtime._model_statistics()) AS stat (
			sha256 text, batch_curve jsonb)
		JOIN ai_runtime.model_versions AS version
			ON encode(version.sha256, 'hex') = stat.sha256
		CROSS JOIN jsonb_to_recordset(stat.batch_curve) AS point (
			batch_size int4, execution_count int8, us_per_row float8, chosen boolean);
COMMENT ON VIEW @extschema@.ai_stat_batch_curve IS
	'What a row costs by the rows of its execution, as the server measured it since it started';
COMMENT ON COLUMN @extschema@.ai_stat_batch_curve.model IS 'The model';
COMMENT ON COLUMN @extschema@.ai_stat_batch_curve.version IS 'The version';
COMMENT ON COLUMN @extschema@.ai_stat_batch_curve.sha256 IS
	'SHA-256 of the ONNX bytes, hexadecimal; versions with the same bytes share a curve';
COMMENT ON COLUMN @extschema@.ai_stat_batch_curve.batch_size IS
	'Rows of an execution, to the nearest power of two';
COMMENT ON COLUMN @extschema@.ai_stat_batch_curve.execution_count IS
	'Executions of about so many rows';
COMMENT ON COLUMN @extschema@.ai_stat_batch_curve.us_per_row IS
	'Microseconds that a row took in them, a moving mean';
COMMENT ON COLUMN @extschema@.ai_stat_batch_curve.chosen IS
	'Whether a request of very many rows runs in executions of this size';

CREATE VIEW @extschema@.ai_stat_model_costs AS
	SELECT version.model,
		version.version,
		encode(version.sha256, 'hex') AS sha256,
		cost.us_per_row,
		cost.us_per_execution,
		cost.us_per_request,
		cost.queue_us,
		cost.rows_per_execution,
		cost.rows_per_second,
		cost.request_count
	FROM ai_runtime._model_costs() AS cost
		JOIN ai_runtime.model_versions AS version USING (sha256);
COMMENT ON VIEW @extschema@.ai_stat_model_costs IS
	'What an inference is expected to cost, measured since PostgreSQL started; for the planner';
COMMENT ON COLUMN @extschema@.ai_stat_model_costs.model IS 'The model';
COMMENT ON COLUMN @extschema@.ai_stat_model_costs.version IS 'The version';
COMMENT ON COLUMN @extschema@.ai_stat_model_costs.sha256 IS
	'SHA-256 of the ONNX bytes, hexadecimal; versions with the same bytes share the figures';
COMMENT ON COLUMN @extschema@.ai_stat_model_costs.us_per_row IS
	'Microseconds of compute for one more row in an execution';
COMMENT ON COLUMN @extschema@.ai_stat_model_costs.us_per_execution IS
	'Microseconds of compute for an execution besides its rows';
COMMENT ON COLUMN @extschema@.ai_stat_model_costs.us_per_request IS
	'Microseconds of a request besides waiting and compute; NULL: not measured';
COMMENT ON COLUMN @extschema@.ai_stat_model_costs.queue_us IS
	'Microseconds that a request waits for its first execution';
COMMENT ON COLUMN @extschema@.ai_stat_model_costs.rows_per_execution IS
	'Mean rows of an execution, those of other requests in it included';
COMMENT ON COLUMN @extschema@.ai_stat_model_costs.rows_per_second IS
	'Rows that one thread of the server computes in a second at this mean';
COMMENT ON COLUMN @extschema@.ai_stat_model_costs.request_count IS
	'Requests that the figures are made of';

-- The server's process side: state, figures, echo.  Internals of ai_runtime;
-- who may call them stands in 90_privileges.sql.

CREATE FUNCTION ai_runtime._server_state(
	OUT preloaded boolean,
	OUT state text,
	OUT pid integer,
	OUT started_at timestamptz,
	OUT restarts bigint,
	OUT version text,
	OUT ort_version text,
	OUT socket_path text,
	OUT rss_bytes bigint,
	OUT sessions integer,
	OUT session_bytes bigint,
	OUT connections integer,
	OUT inference_count bigint,
	OUT last_error text,
	OUT next_restart_at timestamptz
) RETURNS record
LANGUAGE c VOLATILE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ai_server_state';

COMMENT ON FUNCTION ai_runtime._server_state() IS
	'State of the inference server as its supervisor sees it; never an error';

CREATE FUNCTION ai_runtime._wait_until_ready(timeout_ms integer DEFAULT 10000)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ai_wait_until_ready';

COMMENT ON FUNCTION ai_runtime._wait_until_ready(integer) IS
	'Whether the inference server runs, after waiting for it at most so long';

CREATE FUNCTION ai_runtime._server_metadata()
RETURNS jsonb
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ai_server_metadata';

COMMENT ON FUNCTION ai_runtime._server_metadata() IS
	'What the inference server tells about itself';

CREATE FUNCTION ai_runtime._model_statistics()
RETURNS jsonb
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ai_model_statistics';

COMMENT ON FUNCTION ai_runtime._model_statistics() IS
	'Figures of each model that the inference server knows; an empty array while it is down';

CREATE FUNCTION ai_runtime._model_costs(
	OUT sha256 bytea,
	OUT us_per_row float8,
	OUT us_per_execution float8,
	OUT us_per_request float8,
	OUT queue_us float8,
	OUT rows_per_execution float8,
	OUT rows_per_second float8,
	OUT request_count int8
) RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL SAFE ROWS 10
AS 'MODULE_PATHNAME', 'ai_model_costs';

COMMENT ON FUNCTION ai_runtime._model_costs() IS
	'What inferences cost, as measured by all sessions; asks no server';

CREATE FUNCTION ai_runtime._echo(bytes bytea)
RETURNS bytea
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ai_echo';

COMMENT ON FUNCTION ai_runtime._echo(bytea) IS
	'The same bytes, after a round trip to the inference server';

CREATE FUNCTION ai_runtime._echo_all(bytes bytea[])
RETURNS bytea[]
LANGUAGE c VOLATILE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'ai_echo_array';

COMMENT ON FUNCTION ai_runtime._echo_all(bytea[]) IS
	'The same, each after a round trip to the inference server, all under way at once';

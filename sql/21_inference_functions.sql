-- Prediction, and the internals that the registry's functions use. native/extension/functions.c,
-- inspect.c and model_store.c have the C side.
--
-- ai_inference() is STABLE: within a statement a name stands for one version, and a cached plan
-- follows a deployment. NULL as model or input gives NULL; NULL as options stands for {}.
-- Arrays of integers and numerics are there so that ARRAY[1, 2] and ARRAY[1.5, 2] need no cast.

CREATE FUNCTION ai_runtime._inference_support(internal)
	RETURNS internal
	AS 'MODULE_PATHNAME', 'ai_inference_support'
	LANGUAGE C STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ai_runtime._inference_support(internal) IS
	'Tells the planner what it asks of a prediction';

CREATE FUNCTION @extschema@.ai_inference(model text, input jsonb, options jsonb DEFAULT '{}')
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ai_inference_jsonb'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 SUPPORT ai_runtime._inference_support;
COMMENT ON FUNCTION @extschema@.ai_inference(text, jsonb, jsonb) IS
	'Prediction of a model for tensors by name, a bare tensor, or a row of declared features';

CREATE FUNCTION @extschema@.ai_inference(model text, input json, options jsonb DEFAULT '{}')
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ai_inference_json'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 SUPPORT ai_runtime._inference_support;
COMMENT ON FUNCTION @extschema@.ai_inference(text, json, jsonb) IS
	'Prediction of a model for an input as json';

CREATE FUNCTION @extschema@.ai_inference(model text, input text, options jsonb DEFAULT '{}')
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ai_inference_text'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 SUPPORT ai_runtime._inference_support;
COMMENT ON FUNCTION @extschema@.ai_inference(text, text, jsonb) IS
	'Prediction of a model for an input as text: JSON, or a string where it is not JSON';

CREATE FUNCTION @extschema@.ai_inference(model text, input real[], options jsonb DEFAULT '{}')
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ai_inference_array'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 SUPPORT ai_runtime._inference_support;
COMMENT ON FUNCTION @extschema@.ai_inference(text, real[], jsonb) IS
	'Prediction of a model with one input for an array of single precision';

CREATE FUNCTION @extschema@.ai_inference(model text, input float8[], options jsonb DEFAULT '{}')
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ai_inference_array'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 SUPPORT ai_runtime._inference_support;
COMMENT ON FUNCTION @extschema@.ai_inference(text, float8[], jsonb) IS
	'Prediction of a model with one input for an array of double precision';

CREATE FUNCTION @extschema@.ai_inference(model text, input int4[], options jsonb DEFAULT '{}')
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ai_inference_array'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 SUPPORT ai_runtime._inference_support;
COMMENT ON FUNCTION @extschema@.ai_inference(text, int4[], jsonb) IS
	'Prediction of a model with one input for an array of integers';

CREATE FUNCTION @extschema@.ai_inference(model text, input int8[], options jsonb DEFAULT '{}')
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ai_inference_array'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 SUPPORT ai_runtime._inference_support;
COMMENT ON FUNCTION @extschema@.ai_inference(text, int8[], jsonb) IS
	'Prediction of a model with one input for an array of large integers, exact in INT64';

CREATE FUNCTION @extschema@.ai_inference(model text, input numeric[], options jsonb DEFAULT '{}')
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ai_inference_array'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 SUPPORT ai_runtime._inference_support;
COMMENT ON FUNCTION @extschema@.ai_inference(text, numeric[], jsonb) IS
	'Prediction of a model with one input for an array of numerics, such as ARRAY[1.5, 2]';

CREATE FUNCTION @extschema@.ai_inference_batch(model text, inputs jsonb[],
		options jsonb DEFAULT '{}')
	RETURNS TABLE (idx bigint, output jsonb, error text)
	AS 'MODULE_PATHNAME', 'ai_inference_batch_array'
	LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 1000;
COMMENT ON FUNCTION @extschema@.ai_inference_batch(text, jsonb[], jsonb) IS
	'Predictions of a model for the inputs of an array, each with its place from 1';

CREATE FUNCTION @extschema@.ai_inference_batch(model text, inputs jsonb,
		options jsonb DEFAULT '{}')
	RETURNS TABLE (idx bigint, output jsonb, error text)
	AS 'MODULE_PATHNAME', 'ai_inference_batch_jsonb'
	LANGUAGE C STABLE PARALLEL SAFE COST 10000 ROWS 1000;
COMMENT ON FUNCTION @extschema@.ai_inference_batch(text, jsonb, jsonb) IS
	'Predictions of a model for the elements of a JSON array, each with its place from 1';

CREATE FUNCTION ai_runtime._inference_query(model text, query text,
		options jsonb DEFAULT '{}')
	RETURNS TABLE (idx bigint, output jsonb, error text)
	AS 'MODULE_PATHNAME', 'ai_inference_query'
	LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000 ROWS 1000;
COMMENT ON FUNCTION ai_runtime._inference_query(text, text, jsonb) IS
	'Predictions of a model for the rows of a query, whose columns are not made into JSON';

CREATE FUNCTION ai_runtime._store_model(model bytea)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'ai_store_model'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ai_runtime._store_model(bytea) IS
	'SHA-256 of the bytes of a model, which are stored in chunks unless they are there';

CREATE FUNCTION ai_runtime._store_model_from_file(path text)
	RETURNS bytea
	AS 'MODULE_PATHNAME', 'ai_store_model_from_file'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ai_runtime._store_model_from_file(text) IS
	'SHA-256 of a model in a file of the server, stored as by _store_model(bytea)';

CREATE FUNCTION ai_runtime._model_signature(sha256 bytea, name text)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ai_model_signature'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ai_runtime._model_signature(bytea, text) IS
	'Signature of stored bytes as the inference server reads it; errors tell the name';

CREATE FUNCTION ai_runtime._inspect_model(model bytea)
	RETURNS jsonb
	AS 'MODULE_PATHNAME', 'ai_inspect_model'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
COMMENT ON FUNCTION ai_runtime._inspect_model(bytea) IS
	'Signature of the bytes of a model, which are not stored';

CREATE FUNCTION ai_runtime._check_spec(signature jsonb, spec jsonb)
	RETURNS void
	AS 'MODULE_PATHNAME', 'ai_check_spec'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ai_runtime._check_spec(jsonb, jsonb) IS
	'Nothing, or an error if a specification does not fit a signature';

CREATE FUNCTION ai_runtime._unload_model(sha256 bytea)
	RETURNS boolean
	AS 'MODULE_PATHNAME', 'ai_unload_model'
	LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ai_runtime._unload_model(bytea) IS
	'Whether the inference server had a session of these bytes, which it drops';

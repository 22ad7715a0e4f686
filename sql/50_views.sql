-- The listings and statistics that users read. ai_stat_models speaks Triton's words.

CREATE VIEW @extschema@.ai_models AS
	SELECT model.name,
		model.description,
		deployment.version AS deployed_version,
		(SELECT count(*) FROM ai_runtime.model_versions AS version
			WHERE version.model = model.name) AS versions,
		(SELECT max(version.version) FROM ai_runtime.model_versions AS version
			WHERE version.model = model.name) AS latest_version,
		model.created_at,
		model.created_by,
		deployment.deployed_at,
		deployment.deployed_by
	FROM ai_runtime.models AS model
		LEFT JOIN ai_runtime.deployments AS deployment ON deployment.model = model.name;
COMMENT ON VIEW @extschema@.ai_models IS 'Models, and which version each name answers with';
COMMENT ON COLUMN @extschema@.ai_models.name IS 'The name to predict with';
COMMENT ON COLUMN @extschema@.ai_models.description IS 'What the model is for, in words';
COMMENT ON COLUMN @extschema@.ai_models.deployed_version IS
	'The version that the bare name answers with; NULL: none';
COMMENT ON COLUMN @extschema@.ai_models.versions IS 'How many versions there are';
COMMENT ON COLUMN @extschema@.ai_models.latest_version IS 'The highest version number';
COMMENT ON COLUMN @extschema@.ai_models.created_at IS 'When the model was created';
COMMENT ON COLUMN @extschema@.ai_models.created_by IS 'The session user who created it';
COMMENT ON COLUMN @extschema@.ai_models.deployed_at IS 'When the deployed version was deployed';
COMMENT ON COLUMN @extschema@.ai_models.deployed_by IS 'The session user who deployed it';

CREATE VIEW @extschema@.ai_model_versions AS
	SELECT version.model,
		version.version,
		version.state,
		EXISTS (SELECT FROM ai_runtime.deployments AS deployment
			WHERE deployment.model = version.model
				AND deployment.version = version.version) AS deployed,
		ARRAY(SELECT alias.alias FROM ai_runtime.aliases AS alias
			WHERE alias.model = version.model AND alias.version = version.version
			ORDER BY alias.alias) AS aliases,
		encode(version.sha256, 'hex') AS sha256,
		blob.size_bytes,
		ai_runtime._values_text(version.signature -> 'inputs') AS inputs,
		ai_runtime._values_text(version.signature -> 'outputs') AS outputs,
		(version.signature #>> ARRAY['opset', ''])::int4 AS opset,
		version.signature -> 'opset' AS opsets,
		(version.signature ->> 'ir_version')::int4 AS ir_version,
		nullif(concat_ws(' ', nullif(version.signature ->> 'producer', ''),
			nullif(version.signature ->> 'producer_version', '')), '') AS producer,
		version.options ->> 'description' AS description,
		version.spec -> 'input' AS input_spec,
		version.spec -> 'output' AS output_spec,
		version.spec ->> 'preprocess' AS preprocess,
		version.spec ->> 'postprocess' AS postprocess,
		version.signature #>> ARRAY['batch', 'mode'] AS batching,
		(version.signature #>> ARRAY['batch', 'max_difference'])::float8 AS batch_max_difference,
		version.signature #>> ARRAY['batch', 'reason'] AS batching_off_reason,
		version.signature,
		version.options,
		version.created_at,
		version.created_by,
		version.state_at,
		version.state_by
	FROM ai_runtime.model_versions AS version
		JOIN ai_runtime.model_blobs AS blob USING (sha256);
COMMENT ON VIEW @extschema@.ai_model_versions IS 'Versions of models: what each takes and gives';
COMMENT ON COLUMN @extschema@.ai_model_versions.model IS 'The model';
COMMENT ON COLUMN @extschema@.ai_model_versions.version IS 'Number of the version, from 1';
COMMENT ON COLUMN @extschema@.ai_model_versions.state IS
	'created, validated, deployed, superseded, rolled_back or archived';
COMMENT ON COLUMN @extschema@.ai_model_versions.state_at IS 'When it came into this state';
COMMENT ON COLUMN @extschema@.ai_model_versions.state_by IS
	'The session user who brought it there';
COMMENT ON COLUMN @extschema@.ai_model_versions.deployed IS 'Whether the bare name answers with it';
COMMENT ON COLUMN @extschema@.ai_model_versions.aliases IS 'The aliases that stand for it';
COMMENT ON COLUMN @extschema@.ai_model_versions.sha256 IS 'SHA-256 of the ONNX bytes, hexadecimal';
COMMENT ON COLUMN @extschema@.ai_model_versions.size_bytes IS 'Size of the ONNX bytes';
COMMENT ON COLUMN @extschema@.ai_model_versions.inputs IS
	'Inputs with type and shape, such as x FP32[N,32]; ? is an unknown dimension';
COMMENT ON COLUMN @extschema@.ai_model_versions.outputs IS 'Outputs with type and shape';
COMMENT ON COLUMN @extschema@.ai_model_versions.opset IS
	'Version of the default ONNX operator set that the model uses';
COMMENT ON COLUMN @extschema@.ai_model_versions.opsets IS
	'Versions of all operator sets that the model uses, by domain';
COMMENT ON COLUMN @extschema@.ai_model_versions.ir_version IS 'Version of the ONNX format';
COMMENT ON COLUMN @extschema@.ai_model_versions.producer IS 'What wrote the model, and its version';
COMMENT ON COLUMN @extschema@.ai_model_versions.description IS
	'The option "description" that this version was created with';
COMMENT ON COLUMN @extschema@.ai_model_versions.input_spec IS
	'The declared features; NULL: tensors by name';
COMMENT ON COLUMN @extschema@.ai_model_versions.output_spec IS
	'The declared output keys; NULL: the names of the outputs';
COMMENT ON COLUMN @extschema@.ai_model_versions.preprocess IS
	'The function that the input passes first';
COMMENT ON COLUMN @extschema@.ai_model_versions.postprocess IS
	'The function that the output passes last';
COMMENT ON COLUMN @extschema@.ai_model_versions.batching IS
	'What rows that share an execution come out as, tried at creation: exact, approximate or off';
COMMENT ON COLUMN @extschema@.ai_model_versions.batch_max_difference IS
	'Largest difference of a number that was found between a row alone and in a batch';
COMMENT ON COLUMN @extschema@.ai_model_versions.batching_off_reason IS
	'Why rows of the model never share an execution';
COMMENT ON COLUMN @extschema@.ai_model_versions.signature IS
	'Inputs, outputs and origin as the server read them off the bytes';
COMMENT ON COLUMN @extschema@.ai_model_versions.options IS 'The options as they were given';
COMMENT ON COLUMN @extschema@.ai_model_versions.created_at IS 'When the version was created';
COMMENT ON COLUMN @extschema@.ai_model_versions.created_by IS 'The session user who created it';

CREATE VIEW @extschema@.ai_deployments AS
	SELECT deployment.model,
		deployment.version,
		encode(version.sha256, 'hex') AS sha256,
		deployment.deployed_at,
		deployment.deployed_by
	FROM ai_runtime.deployments AS deployment
		JOIN ai_runtime.model_versions AS version USING (model, version);
COMMENT ON VIEW @extschema@.ai_deployments IS 'The version that each bare model name answers with';
COMMENT ON COLUMN @extschema@.ai_deployments.model IS 'The model';
COMMENT ON COLUMN @extschema@.ai_deployments.version IS 'The version that answers';
COMMENT ON COLUMN @extschema@.ai_deployments.sha256 IS 'SHA-256 of its ONNX bytes, hexadecimal';
COMMENT ON COLUMN @extschema@.ai_deployments.deployed_at IS 'When it was deployed';
COMMENT ON COLUMN @extschema@.ai_deployments.deployed_by IS 'The session user who deployed it';

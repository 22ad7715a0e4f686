-- The registry: models, their versions and bytes, and which version a name answers with.
--
-- Bytes are content-addressed, in chunks of 4 MiB (AI_MAX_CHUNK_BYTES), the last one shorter. The
-- C side reads these tables by their primary keys (native/extension/registry_lookup.c): names of
-- tables and indexes, the order of columns and the collation of keys are an interface.
-- pg_dump carries the rows of all of them.

CREATE SCHEMA ai_runtime;
COMMENT ON SCHEMA ai_runtime IS 'Tables and internal functions of the extension ai_runtime';

CREATE TABLE ai_runtime.model_blobs (
	sha256 bytea NOT NULL,
	size_bytes int8 NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT model_blobs_pkey PRIMARY KEY (sha256),
	CONSTRAINT model_blobs_sha256_check CHECK (octet_length(sha256) = 32),
	CONSTRAINT model_blobs_size_bytes_check CHECK (size_bytes > 0)
);
COMMENT ON TABLE ai_runtime.model_blobs IS 'ONNX models by content; several versions may share one';
COMMENT ON COLUMN ai_runtime.model_blobs.sha256 IS 'SHA-256 of all bytes';
COMMENT ON COLUMN ai_runtime.model_blobs.size_bytes IS 'Size of all chunks together';
COMMENT ON COLUMN ai_runtime.model_blobs.created_at IS 'When the bytes were first stored';

CREATE TABLE ai_runtime.model_chunks (
	sha256 bytea NOT NULL,
	seq int4 NOT NULL,
	data bytea NOT NULL,
	CONSTRAINT model_chunks_pkey PRIMARY KEY (sha256, seq),
	CONSTRAINT model_chunks_sha256_fkey FOREIGN KEY (sha256)
		REFERENCES ai_runtime.model_blobs (sha256) ON DELETE CASCADE,
	CONSTRAINT model_chunks_seq_check CHECK (seq >= 0),
	CONSTRAINT model_chunks_data_check
		CHECK (octet_length(data) <= 4194304)
);
-- Weights do not compress; a chunk is read whole.
ALTER TABLE ai_runtime.model_chunks ALTER COLUMN data SET STORAGE EXTERNAL;
COMMENT ON TABLE ai_runtime.model_chunks IS 'The bytes of models, cut into chunks';
COMMENT ON COLUMN ai_runtime.model_chunks.sha256 IS 'The model that this is a part of';
COMMENT ON COLUMN ai_runtime.model_chunks.seq IS 'Place of the chunk, from 0';
COMMENT ON COLUMN ai_runtime.model_chunks.data IS '4 MiB, or what is left in the last chunk';

CREATE TABLE ai_runtime.models (
	name text COLLATE "C" NOT NULL,
	description text,
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by text NOT NULL DEFAULT SESSION_USER,
	CONSTRAINT models_pkey PRIMARY KEY (name),
	CONSTRAINT models_name_check CHECK (
		octet_length(name) >= 1
		AND octet_length(name) <= 63
		AND name !~ '[:@[:cntrl:]]')
);
COMMENT ON TABLE ai_runtime.models IS 'Names that can be predicted with';
COMMENT ON COLUMN ai_runtime.models.name IS 'The name, 1 to 63 bytes without ":" and "@"';
COMMENT ON COLUMN ai_runtime.models.description IS 'What the model is for, in words';
COMMENT ON COLUMN ai_runtime.models.created_at IS 'When the model was created';
COMMENT ON COLUMN ai_runtime.models.created_by IS 'The session user who created it';

CREATE TABLE ai_runtime.model_versions (
	model text COLLATE "C" NOT NULL,
	version int4 NOT NULL,
	sha256 bytea NOT NULL,
	signature jsonb NOT NULL,
	spec jsonb NOT NULL DEFAULT '{}',
	spec_sha256 bytea NOT NULL,
	options jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT now(),
	created_by text NOT NULL DEFAULT SESSION_USER,
	state text NOT NULL DEFAULT 'created',
	state_at timestamptz NOT NULL DEFAULT now(),
	state_by text NOT NULL DEFAULT SESSION_USER,
	CONSTRAINT model_versions_pkey PRIMARY KEY (model, version),
	CONSTRAINT model_versions_model_fkey FOREIGN KEY (model) REFERENCES ai_runtime.models (name),
	CONSTRAINT model_versions_sha256_fkey FOREIGN KEY (sha256)
		REFERENCES ai_runtime.model_blobs (sha256),
	CONSTRAINT model_versions_version_check CHECK (version >= 1),
	CONSTRAINT model_versions_state_check CHECK (state IN
		('created', 'validated', 'deployed', 'superseded', 'rolled_back', 'archived')),
	CONSTRAINT model_versions_spec_sha256_check
		CHECK (octet_length(spec_sha256) = 32)
);
-- Finds the versions that still use a blob.
CREATE INDEX model_versions_sha256_idx ON ai_runtime.model_versions (sha256);
COMMENT ON TABLE ai_runtime.model_versions IS
	'Versions of models; of a version, only its state ever changes';
COMMENT ON COLUMN ai_runtime.model_versions.model IS 'The model';
COMMENT ON COLUMN ai_runtime.model_versions.version IS 'Number of the version, from 1';
COMMENT ON COLUMN ai_runtime.model_versions.sha256 IS 'The bytes';
COMMENT ON COLUMN ai_runtime.model_versions.signature IS
	'Inputs and outputs, types and shapes, as the server read them off the bytes';
COMMENT ON COLUMN ai_runtime.model_versions.spec IS
	'What the options "input", "output", "preprocess" and "postprocess" declare';
COMMENT ON COLUMN ai_runtime.model_versions.spec_sha256 IS 'SHA-256 of the specification as text';
COMMENT ON COLUMN ai_runtime.model_versions.options IS 'The options as they were given';
COMMENT ON COLUMN ai_runtime.model_versions.created_at IS 'When the version was created';
COMMENT ON COLUMN ai_runtime.model_versions.created_by IS 'The session user who created it';
COMMENT ON COLUMN ai_runtime.model_versions.state IS
	'created, validated, deployed, superseded, rolled_back or archived';
COMMENT ON COLUMN ai_runtime.model_versions.state_at IS 'When it came into this state';
COMMENT ON COLUMN ai_runtime.model_versions.state_by IS 'The session user who brought it there';

CREATE TABLE ai_runtime.deployments (
	model text COLLATE "C" NOT NULL,
	version int4 NOT NULL,
	deployed_at timestamptz NOT NULL DEFAULT now(),
	deployed_by text NOT NULL DEFAULT SESSION_USER,
	CONSTRAINT deployments_pkey PRIMARY KEY (model),
	CONSTRAINT deployments_version_fkey FOREIGN KEY (model, version)
		REFERENCES ai_runtime.model_versions (model, version)
);
COMMENT ON TABLE ai_runtime.deployments IS 'The version that a bare model name answers with';
COMMENT ON COLUMN ai_runtime.deployments.model IS 'The model';
COMMENT ON COLUMN ai_runtime.deployments.version IS 'The version that answers';
COMMENT ON COLUMN ai_runtime.deployments.deployed_at IS 'When this version was deployed';
COMMENT ON COLUMN ai_runtime.deployments.deployed_by IS 'The session user who deployed it';

CREATE TABLE ai_runtime.aliases (
	model text COLLATE "C" NOT NULL,
	alias text COLLATE "C" NOT NULL,
	version int4 NOT NULL,
	CONSTRAINT aliases_pkey PRIMARY KEY (model, alias),
	CONSTRAINT aliases_version_fkey FOREIGN KEY (model, version)
		REFERENCES ai_runtime.model_versions (model, version),
	CONSTRAINT aliases_alias_check CHECK (
		octet_length(alias) >= 1
		AND octet_length(alias) <= 63
		AND alias !~ '[:@[:cntrl:]]')
);
COMMENT ON TABLE ai_runtime.aliases IS
	'Further names of versions, for addresses such as m@champion';
COMMENT ON COLUMN ai_runtime.aliases.model IS 'The model';
COMMENT ON COLUMN ai_runtime.aliases.alias IS 'The alias, 1 to 63 bytes without ":" and "@"';
COMMENT ON COLUMN ai_runtime.aliases.version IS 'The version that it stands for';

COMMENT ON INDEX ai_runtime.model_versions_sha256_idx IS 'The versions that use the same bytes';

-- Foreign keys guard what is deleted, not what is inserted: pg_restore -j loads the tables of an
-- extension in any order, and would fail half-way on a row whose parent is still to come. Who
-- inserts a reference has to hold a lock on the parent, as src/plv8/registry does.
DO $$
DECLARE
	guard record;
BEGIN
	FOR guard IN
		SELECT tgrelid::regclass AS child, tgname AS name
		FROM pg_trigger
			JOIN pg_class ON pg_class.oid = tgrelid
		WHERE relnamespace = 'ai_runtime'::regnamespace
			AND tgfoid IN ('"RI_FKey_check_ins"'::regproc, '"RI_FKey_check_upd"'::regproc)
	LOOP
		EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', guard.child, guard.name);
	END LOOP;
END
$$;

SELECT pg_extension_config_dump('ai_runtime.model_blobs', '');
SELECT pg_extension_config_dump('ai_runtime.model_chunks', '');
SELECT pg_extension_config_dump('ai_runtime.models', '');
SELECT pg_extension_config_dump('ai_runtime.model_versions', '');
SELECT pg_extension_config_dump('ai_runtime.deployments', '');
SELECT pg_extension_config_dump('ai_runtime.aliases', '');

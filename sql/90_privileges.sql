-- Who may do what. Everything that the extension makes is taken from PUBLIC first; the functions
-- that are written in TypeScript name their roles beside their code, and the generator writes those
-- grants right after this. test/expected/privileges.out is the whole table of rights.

REVOKE ALL ON SCHEMA ai_runtime FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA ai_runtime FROM PUBLIC;

-- By membership, since the schema of the public functions holds what others put there too.
DO $$
DECLARE
	member record;
BEGIN
	FOR member IN
		SELECT func.oid::regprocedure AS signature, func.proname AS name
		FROM pg_depend AS link
			JOIN pg_extension AS extension ON extension.oid = link.refobjid
			JOIN pg_proc AS func ON func.oid = link.objid
		WHERE link.classid = 'pg_proc'::regclass
			AND link.refclassid = 'pg_extension'::regclass
			AND link.deptype = 'e'
			AND extension.extname = 'ai_runtime'
	LOOP
		EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', member.signature);
		-- All forms of the functions that predict; they read the registry by themselves.
		IF member.name IN ('ai_inference', 'ai_inference_batch') THEN
			EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO ai_runtime_predictor',
				member.signature);
		END IF;
	END LOOP;
END
$$;

-- The listings, for all who predict and for monitoring.
GRANT SELECT ON
	@extschema@.ai_models, @extschema@.ai_model_versions, @extschema@.ai_deployments
	TO ai_runtime_predictor, pg_monitor;
GRANT EXECUTE ON FUNCTION ai_runtime._type_text(jsonb), ai_runtime._values_text(jsonb)
	TO ai_runtime_predictor, pg_monitor;

-- What the public functions call with their caller's rights.
GRANT EXECUTE ON FUNCTION
	ai_runtime._resolve_hook(jsonb, text),
	ai_runtime._store_model(bytea),
	ai_runtime._store_model_from_file(text),
	ai_runtime._inspect_model(bytea)
	TO ai_runtime_deployer;

-- The views of the server's state and statistics.
GRANT SELECT ON @extschema@.ai_stat_server, @extschema@.ai_stat_models,
	@extschema@.ai_stat_model_costs, @extschema@.ai_stat_batch_curve
	TO pg_monitor, ai_runtime_admin;
GRANT EXECUTE ON FUNCTION ai_runtime._server_state(), ai_runtime._model_statistics(),
	ai_runtime._model_costs()
	TO pg_monitor, ai_runtime_admin;

-- The registry itself, and the server, by hand.
GRANT USAGE ON SCHEMA ai_runtime TO ai_runtime_admin;
GRANT SELECT ON ALL TABLES IN SCHEMA ai_runtime TO ai_runtime_admin;
GRANT EXECUTE ON FUNCTION
	ai_runtime._server_metadata(),
	ai_runtime._wait_until_ready(int),
	ai_runtime._echo(bytea),
	ai_runtime._unload_model(bytea)
	TO ai_runtime_admin;

-- Roles, shared by all databases of the cluster and therefore no part of the extension: they are
-- made once and outlive DROP EXTENSION. predictor: predict. deployer: also create and drop models,
-- which is loading code. admin: also read and mend the registry's tables.
DO $$
DECLARE
	roles text[] := ARRAY['ai_runtime_predictor', 'ai_runtime_deployer', 'ai_runtime_admin'];
	wanted text;
BEGIN
	FOREACH wanted IN ARRAY roles LOOP
		BEGIN
			EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
		EXCEPTION
			-- The second: another database makes them at this moment.
			WHEN duplicate_object OR unique_violation THEN NULL;
		END;
	END LOOP;
	IF NOT pg_has_role('ai_runtime_deployer', 'ai_runtime_predictor', 'MEMBER') THEN
		GRANT ai_runtime_predictor TO ai_runtime_deployer;
	END IF;
	IF NOT pg_has_role('ai_runtime_admin', 'ai_runtime_deployer', 'MEMBER') THEN
		GRANT ai_runtime_deployer TO ai_runtime_admin;
	END IF;
END
$$;

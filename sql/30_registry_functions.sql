-- Internal SQL functions that the registry's TypeScript and the views build on.

-- Runs with the caller's rights and search_path, which is why it is SQL: the TypeScript behind it
-- runs as the owner. Its body is parsed at creation, so no search_path changes what it means.
CREATE FUNCTION ai_runtime._resolve_hook(options jsonb, hook text)
	RETURNS text
	LANGUAGE sql STABLE PARALLEL SAFE
	RETURN (
		SELECT format('%I.%I', space.nspname, func.proname)
		FROM pg_catalog.pg_proc AS func
			JOIN pg_catalog.pg_namespace AS space
				ON space.oid = func.pronamespace
		WHERE jsonb_typeof(options) = 'object'
			AND jsonb_typeof(options -> hook)
				= 'string'
			AND cardinality(
				parse_ident(options ->> hook))
				<= 2
			AND func.oid = to_regprocedure(
				(options ->> hook) || '(pg_catalog.jsonb)')
			AND func.prorettype = 'jsonb'::regtype
			AND func.prokind = 'f'
			AND NOT func.proretset
			AND has_function_privilege(func.oid, 'EXECUTE')
	);
COMMENT ON FUNCTION ai_runtime._resolve_hook(jsonb, text) IS
	'The schema-qualified name of the function (jsonb) RETURNS jsonb that an option names, or NULL';

CREATE FUNCTION ai_runtime._type_text(type jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT CASE type ->> 'kind'
			WHEN 'sequence' THEN 'seq(' || ai_runtime._type_text(type -> 'element') || ')'
			WHEN 'optional' THEN 'optional(' || ai_runtime._type_text(type -> 'element') || ')'
			WHEN 'map' THEN 'map(' || (type ->> 'key_datatype') || ','
				|| ai_runtime._type_text(type -> 'element') || ')'
			ELSE (type ->> 'datatype') || '['
				|| CASE jsonb_typeof(type -> 'shape')
					WHEN 'array' THEN coalesce(
						(SELECT string_agg(coalesce(dim.value, '?'), ',' ORDER BY dim.ordinality)
							FROM jsonb_array_elements_text(type -> 'shape')
								WITH ORDINALITY AS dim (value, ordinality)), '')
					ELSE '...'
				END
				|| ']'
		END
	$$;
COMMENT ON FUNCTION ai_runtime._type_text(jsonb) IS
	'A type of a signature in words, such as FP32[N,32]';

CREATE FUNCTION ai_runtime._values_text(tensors jsonb) RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
	AS $$
		SELECT string_agg((part.value ->> 'name') || ' ' || ai_runtime._type_text(part.value), ', '
			ORDER BY part.ordinality)
		FROM jsonb_array_elements(tensors) WITH ORDINALITY AS part (value, ordinality)
	$$;
COMMENT ON FUNCTION ai_runtime._values_text(jsonb) IS
	'The inputs or the outputs of a signature in words, such as x FP32[N,32]';

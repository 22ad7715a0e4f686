-- Functions and operators of the caller's search_path are never run by ours: each of these would
-- raise an error if it were.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS ai_runtime CASCADE;
RESET client_min_messages;
\set SHOW_CONTEXT never
SELECT ai_runtime._wait_until_ready(30000);

CREATE SCHEMA regress_hostile;
DO $$
DECLARE
	shadow text;
BEGIN
	FOREACH shadow IN ARRAY ARRAY[
		'format(text, name, name) RETURNS text', 'parse_ident(text) RETURNS text[]',
		'cardinality(text[]) RETURNS int', 'to_regprocedure(text) RETURNS regprocedure',
		'jsonb_typeof(jsonb) RETURNS text', 'encode(bytea, text) RETURNS text',
		'sha256(bytea) RETURNS bytea', 'octet_length(bytea) RETURNS int',
		'convert_to(text, text) RETURNS bytea', 'jsonb_each(jsonb) RETURNS int',
		'has_function_privilege(oid, text) RETURNS boolean', 'now() RETURNS timestamptz',
		'jsonb_array_elements(jsonb) RETURNS int', 'concat_ws(text, text, text) RETURNS text',
		'text_equal(text, text) RETURNS boolean', 'text_join(text, text) RETURNS text',
		'jsonb_member(jsonb, text) RETURNS jsonb', 'bytea_equal(bytea, bytea) RETURNS boolean',
		'int_equal(int, int) RETURNS boolean', 'jsonb_join(jsonb, jsonb) RETURNS jsonb']
	LOOP
		EXECUTE 'CREATE FUNCTION regress_hostile.' || shadow || $f$ LANGUAGE plpgsql AS
			'BEGIN RAISE EXCEPTION ''a shadow was run''; END'$f$;
	END LOOP;
END
$$;
CREATE OPERATOR regress_hostile.= (LEFTARG = text, RIGHTARG = text,
	FUNCTION = regress_hostile.text_equal);
CREATE OPERATOR regress_hostile.= (LEFTARG = bytea, RIGHTARG = bytea,
	FUNCTION = regress_hostile.bytea_equal);
CREATE OPERATOR regress_hostile.= (LEFTARG = int, RIGHTARG = int,
	FUNCTION = regress_hostile.int_equal);
CREATE OPERATOR regress_hostile.|| (LEFTARG = text, RIGHTARG = text,
	FUNCTION = regress_hostile.text_join);
CREATE OPERATOR regress_hostile.|| (LEFTARG = jsonb, RIGHTARG = jsonb,
	FUNCTION = regress_hostile.jsonb_join);
CREATE OPERATOR regress_hostile.-> (LEFTARG = jsonb, RIGHTARG = text,
	FUNCTION = regress_hostile.jsonb_member);
CREATE TEMP TABLE models (name text);
CREATE TEMP TABLE pg_proc (oid oid);
CREATE FUNCTION regress_hostile.clean(jsonb) RETURNS jsonb LANGUAGE sql RETURN $1;

-- y = x + x, x FP32[N,2]
\set head 08081207726567726573731a01313a3f0a0e0a01780a01781201792203416464
\set tail 1201675a140a0178120f0a0d080112090a0312014e0a02080262140a0179120f
\set rest 0a0d080112090a0312014e0a02080242040a00100d
\set model '\\x':head:tail:rest

SET search_path = pg_temp, regress_hostile, public, pg_catalog;
SELECT text 'a' = text 'a';
SELECT ai_create_model('h', :'model', '{"preprocess": "clean", "description": "x"}');
SELECT ai_create_version('h', :'model', '{"deploy": true}');
SELECT ai_inference('h', '[[1, 2]]'::jsonb);
SELECT name, deployed_version, versions FROM ai_models;
SELECT version, inputs, preprocess FROM ai_model_versions ORDER BY version;
SELECT version, loaded FROM ai_stat_models ORDER BY version;
SELECT state FROM ai_stat_server;
SELECT ai_inspect_model(:'model') #> '{summary,inputs}';
SELECT name, ok FROM ai_health() ORDER BY name USING OPERATOR(pg_catalog.<);
SELECT ai_drop_model('h');
RESET search_path;

SET client_min_messages = warning;
DROP TABLE pg_temp.models, pg_temp.pg_proc;
DROP SCHEMA regress_hostile CASCADE;

/* LANGUAGE plv8 by ai_runtime's provider. Names and shapes are upstream's, so that a
   dump made on one can be restored on the other. */
\echo Use "CREATE EXTENSION plv8" to load this file. \quit

CREATE FUNCTION plv8_call_handler() RETURNS language_handler
  AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION plv8_call_handler() IS 'call handler of language plv8';

CREATE FUNCTION plv8_inline_handler(internal) RETURNS void
  AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION plv8_inline_handler(internal) IS 'handler of DO blocks of language plv8';

CREATE FUNCTION plv8_call_validator(oid) RETURNS void
  AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION plv8_call_validator(oid) IS 'validator of functions of language plv8';

CREATE TRUSTED LANGUAGE plv8
  HANDLER plv8_call_handler INLINE plv8_inline_handler VALIDATOR plv8_call_validator;
COMMENT ON LANGUAGE plv8 IS 'PL/JavaScript (V8) trusted procedural language';

CREATE FUNCTION plv8_version() RETURNS text
  AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION plv8_version() IS 'version of plv8 whose behaviour is provided';

CREATE FUNCTION plv8_reset() RETURNS void
  AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION plv8_reset() IS 'fresh JavaScript state for the current user in this session';

CREATE FUNCTION plv8_info() RETURNS json
  AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION plv8_info() IS 'JavaScript memory of this session, by user';
REVOKE ALL ON FUNCTION plv8_info() FROM PUBLIC;

CREATE DOMAIN plv8_int2array AS int2[];
COMMENT ON DOMAIN plv8_int2array IS 'array that is an Int16Array in JavaScript';
CREATE DOMAIN plv8_int4array AS int4[];
COMMENT ON DOMAIN plv8_int4array IS 'array that is an Int32Array in JavaScript';
CREATE DOMAIN plv8_int8array AS int8[];
COMMENT ON DOMAIN plv8_int8array IS 'array that is a BigInt64Array in JavaScript';
CREATE DOMAIN plv8_float4array AS float4[];
COMMENT ON DOMAIN plv8_float4array IS 'array that is a Float32Array in JavaScript';
CREATE DOMAIN plv8_float8array AS float8[];
COMMENT ON DOMAIN plv8_float8array IS 'array that is a Float64Array in JavaScript';

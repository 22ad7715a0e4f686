-- The language is there, trusted, and says whose it is.
CREATE EXTENSION plv8;
SELECT extname, extrelocatable, n.nspname
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE extname = 'plv8';
SELECT obj_description(oid, 'pg_extension') FROM pg_extension WHERE extname = 'plv8';
SELECT lanname, lanpltrusted FROM pg_language WHERE lanname = 'plv8';
SELECT plv8_version();

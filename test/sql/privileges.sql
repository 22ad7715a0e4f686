-- Who may do what: every function, view, table and schema of the extension against every role. A
-- change here is a change of the promise that nothing is open but what is meant to be.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS ai_runtime CASCADE;
RESET client_min_messages;

CREATE ROLE regress_ai_nobody;
CREATE TEMP TABLE grantee (place, role, word) AS VALUES
	(1, 'regress_ai_nobody', 'anybody'), (2, 'ai_runtime_predictor', 'predictor'),
	(3, 'ai_runtime_deployer', 'deployer'), (4, 'ai_runtime_admin', 'admin'),
	(5, 'pg_monitor', 'monitor');
CREATE TEMP VIEW member AS
	SELECT link.classid, link.objid
	FROM pg_depend AS link
	WHERE link.deptype = 'e' AND link.refclassid = 'pg_extension'::regclass
		AND link.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'ai_runtime');

-- Functions: who can execute them, and with whose rights they run
SELECT func.oid::regprocedure AS function,
	CASE WHEN func.prosecdef THEN 'definer' ELSE 'invoker' END AS security,
	coalesce(string_agg(grantee.word, ' ' ORDER BY grantee.place), '-') AS may_execute
FROM member
	JOIN pg_proc AS func ON func.oid = member.objid AND member.classid = 'pg_proc'::regclass
	LEFT JOIN grantee ON has_function_privilege(grantee.role, func.oid, 'EXECUTE')
GROUP BY func.oid, func.prosecdef
ORDER BY func.pronamespace <> 'public'::regnamespace, func.oid::regprocedure::text COLLATE "C";

-- Tables and views: what can be done to them
SELECT class.oid::regclass AS relation, right_.word AS "right",
	string_agg(grantee.word, ' ' ORDER BY grantee.place) AS holders
FROM member
	JOIN pg_class AS class ON class.oid = member.objid AND member.classid = 'pg_class'::regclass
	CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'),
		('REFERENCES'), ('TRIGGER')) AS right_ (word)
	JOIN grantee ON has_table_privilege(grantee.role, class.oid, right_.word)
WHERE class.relkind IN ('r', 'v')
GROUP BY class.oid, right_.word
ORDER BY class.oid::regclass::text COLLATE "C", right_.word;

-- Schemas
SELECT space.nspname AS schema, right_.word AS "right",
	string_agg(grantee.word, ' ' ORDER BY grantee.place) AS holders
FROM member
	JOIN pg_namespace AS space
		ON space.oid = member.objid AND member.classid = 'pg_namespace'::regclass
	CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS right_ (word)
	JOIN grantee ON has_schema_privilege(grantee.role, space.oid, right_.word)
GROUP BY space.nspname, right_.word
ORDER BY 1, 2;

-- The roles: none can log in; each includes the one before
SELECT role.rolname, role.rolcanlogin, role.rolsuper, granted.rolname AS includes
FROM pg_roles AS role
	LEFT JOIN pg_auth_members AS link ON link.member = role.oid
	LEFT JOIN pg_roles AS granted ON granted.oid = link.roleid
WHERE role.rolname LIKE 'ai\_runtime\_%'
ORDER BY role.rolname COLLATE "C";

-- A function with its owner's rights never looks up names where others can write
SELECT func.oid::regprocedure AS unsafe
FROM member
	JOIN pg_proc AS func ON func.oid = member.objid AND member.classid = 'pg_proc'::regclass
WHERE func.prosecdef
	AND NOT coalesce('search_path=pg_catalog, pg_temp' = ANY (func.proconfig), false);

-- Nothing of the registry is leaked past security barriers
SELECT func.oid::regprocedure AS leakproof
FROM member
	JOIN pg_proc AS func ON func.oid = member.objid AND member.classid = 'pg_proc'::regclass
WHERE func.proleakproof;

DROP ROLE regress_ai_nobody;

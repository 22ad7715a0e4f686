-- No object of the extension, and no column of its relations, is without a COMMENT.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS ai_runtime CASCADE;
RESET client_min_messages;

CREATE TEMP VIEW member AS
	SELECT link.classid, link.objid
	FROM pg_depend AS link
	WHERE link.deptype = 'e' AND link.refclassid = 'pg_extension'::regclass
		AND link.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'ai_runtime');
SELECT count(*) > 30 AS many FROM member;

SELECT pg_describe_object(classid, objid, 0) AS uncommented
FROM member
WHERE obj_description(objid, classid::regclass::name) IS NULL
	-- Row types and array types of relations come and go with them.
	AND NOT (classid = 'pg_type'::regclass
		AND (SELECT type.typrelid <> 0 OR type.typelem <> 0 FROM pg_type AS type
			WHERE type.oid = objid))
	AND classid <> 'pg_rewrite'::regclass
ORDER BY 1;

SELECT attribute.attrelid::regclass AS relation, attribute.attname AS uncommented
FROM member
	JOIN pg_attribute AS attribute
		ON attribute.attrelid = member.objid AND member.classid = 'pg_class'::regclass
	JOIN pg_class AS class ON class.oid = attribute.attrelid
WHERE attribute.attnum > 0 AND NOT attribute.attisdropped AND class.relkind IN ('r', 'v')
	AND col_description(attribute.attrelid, attribute.attnum) IS NULL
ORDER BY 1, 2;

-- jsonb goes into JavaScript and comes back without a text between where that is quicker;
-- the results are those of JSON.parse and jsonb_in all the same.
\set VERBOSITY terse
CREATE FUNCTION jsonb_text(x jsonb) RETURNS text LANGUAGE plv8 AS $$ return JSON.stringify(x) $$;
CREATE FUNCTION parsed_text(x text) RETURNS text LANGUAGE plv8
  AS $$ return JSON.stringify(JSON.parse(x)) $$;
CREATE FUNCTION parsed_jsonb(x text) RETURNS jsonb LANGUAGE plv8 AS $$ return JSON.parse(x) $$;
CREATE FUNCTION made(source text) RETURNS jsonb LANGUAGE plv8 AS $$ return eval(source) $$;

-- Each value often, so that its objects come to have a maker.
CREATE TABLE documents (document jsonb);
INSERT INTO documents VALUES
  ('{"a": 1, "b": [1, 2, {"c": null}], "__proto__": {"x": 1}, "1": true, "é\"\\": "ü\n😀"}'),
  ('{"n": -0.001, "big": 1e30, "small": 1e-10, "x": 12345678901234567890}'),
  ('{"y": 0.1, "z": 123456789.123456789, "v": 9007199254740993, "u": -1234567890123.45}'),
  ('{"constructor": 1, "toString": 2, "": 3, "10": 1, "9": 2}'),
  ('[]'), ('{}'), ('null'), ('"a"'), ('""'), ('12.50'), ('-7'), ('true'), ('[[[[]]]]'),
  ('[true, false, null, "x", 1.5, {}, []]');
SELECT document, jsonb_text(document) FROM documents;
SELECT count(*), count(DISTINCT jsonb_text(document)),
  bool_and(jsonb_text(document) = parsed_text(document::text))
FROM documents, generate_series(1, 50);
SELECT bool_and(parsed_jsonb(parsed_text(document::text)) = parsed_text(document::text)::jsonb)
FROM documents;

-- Objects of all sizes, flat and nested.
CREATE TEMPORARY TABLE many AS
SELECT (SELECT jsonb_object_agg(md5(k::text || g), CASE k % 5
    WHEN 0 THEN to_jsonb(k::float8 / 7) WHEN 1 THEN to_jsonb(md5(k::text))
    WHEN 2 THEN jsonb_build_array(k, g, jsonb_build_object('k', k)) WHEN 3 THEN 'null'
    ELSE '[true, {}, [], "x", ""]' END)
  FROM generate_series(1, g % 140) AS k) AS document
FROM generate_series(1, 420) AS g;
DELETE FROM many WHERE document IS NULL;
SELECT count(*), bool_and(jsonb_text(document) = parsed_text(document::text)) FROM many;
-- Keys in any order, and in a result stored as core stores them, to the byte.
WITH texts AS (SELECT '{"zz": 1, "a": {"bbb": [1], "c": "x\ty\u0001\\"},' ||
  substr(document::text, 2) AS text FROM many)
SELECT bool_and(parsed_jsonb(text) = text::jsonb AND parsed_jsonb(text)::text = text::jsonb::text
  AND pg_column_size(parsed_jsonb(text)) = pg_column_size(text::jsonb)) FROM texts;

-- Numbers: what core makes of their text, and what JSON.parse makes of core's.
WITH numbers AS (SELECT CASE k % 6 WHEN 0 THEN k / 7::numeric
    WHEN 1 THEN round(k / 7::numeric, k % 9)
    WHEN 2 THEN (k * 98765432109)::numeric WHEN 3 THEN -round(k / 70000::numeric, k % 12)
    WHEN 4 THEN (k * 10000)::numeric ELSE k / 1e12 END AS number
  FROM generate_series(1, 6000) AS k),
texts AS (SELECT to_jsonb(number::float8)::text AS text, to_jsonb(number) AS document FROM numbers)
SELECT count(*), bool_and(parsed_jsonb(text)::text = text::jsonb::text
  AND pg_column_size(parsed_jsonb(text)) = pg_column_size(text::jsonb)),
  bool_and(jsonb_text(document) = parsed_text(document::text)) FROM texts;

-- What JSON.stringify decides, and what text cannot hold.
SELECT made('({b: 1, a: undefined, c: () => 1, d: Symbol(), e: new Date(0), f: [undefined, () => 1],
  g: new Map(), h: {toJSON() { return {z: 1, y: [2]} }}, i: 1n, j: -0, "2": 1, "10": 2})');
SELECT jsonb_text('1e400'), jsonb_text('-1e400'), jsonb_text('1e-400');
SELECT parsed_jsonb('"\u00e9\u2028"'), parsed_jsonb('0'), parsed_jsonb('-0'), parsed_jsonb('1e-7'),
  parsed_jsonb('1e21'), parsed_jsonb('1e300') = '1e300', parsed_jsonb('"\b\f\n\r\t\"\\\/\u001f"');
SELECT parsed_jsonb('"a\u0000b"');
SELECT parsed_jsonb('"\ud800"');
SELECT parsed_jsonb('{"a\u0000": 1}');

-- Large and deep values.
SELECT md5(jsonb_text(jsonb_agg(document))) = md5(parsed_text(jsonb_agg(document)::text)) FROM many;
SELECT jsonb_text(x) = parsed_text(x::text) FROM (SELECT jsonb_object_agg('k' || i, i) AS x
  FROM generate_series(1, 20000) AS i) AS large;
SELECT length(made('Array.from({length: 20000}, (x, i) => ({a: i, b: "x" + i}))')::text);
SELECT length(jsonb_text((repeat('[', 1000) || repeat(']', 1000))::jsonb)),
  length(made('let a = []; for (let i = 1; i < 1000; i++) a = [a]; a')::text);
-- A maker of one role's JavaScript is gone with it.
SELECT plv8_reset();
SELECT count(DISTINCT jsonb_text(document)) FROM documents, generate_series(1, 50);
DROP TABLE documents;

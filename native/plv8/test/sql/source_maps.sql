-- Stacks are told in the source that somebody wrote, where a body names a source map.
\set SHOW_CONTEXT errors
-- A function with this body, and a last line that holds this source map.
CREATE FUNCTION make(name text, body text, map text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE OR REPLACE FUNCTION %I() RETURNS text LANGUAGE plv8 AS %L', name,
    body || E'\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,'
    || translate(encode(convert_to(map, 'UTF8'), 'base64'), E'\n', '') || E'\n');
END $$;
\set body '''return f();\nfunction f() { return       g() }\nfunction g() { throw Error("x") }'''

-- Line 1 is from line 10, line 2 from 20, line 3 from column 5 of 30 on.
SELECT make('mapped', E:body,
  '{"version": 3, "sources": ["src/mapped.ts"], "names": [], "mappings": "AASA;AAUA;AAUI"}');
SELECT mapped();
-- The nearest mapping ahead of the column counts; a source root goes ahead of its sources.
SELECT make('mapped', E:body, '{"sourceRoot": "src", "sources": ["a.ts", "dir/\u0062.ts"],
  "sourcesContent": ["let [x] = {\"a\": 1}", null], "version": 3,
  "mappings": "AAAA;AACA,0BCAA,IDAA;AACA,mBACA"}');
SELECT mapped();
-- Frames of a source in the ignore list are left out, unless there are no others.
SELECT make('mapped', E:body, '{"version": 3, "sources": ["frame.ts", "code.ts"],
  "mappings": "AAAA;AACA;ACCA", "ignoreList": [0]}');
SELECT mapped();
SELECT make('mapped', E:body, '{"version": 3, "sources": ["frame.ts"],
  "mappings": "AAAA;AACA;AACA", "x_google_ignoreList": [0]}');
SELECT mapped();
-- What JavaScript sees of a stack stays as it is.
SELECT make('stack_of', $$
  try { null.x } catch (e) { return String(/stack_of#\d+:2:14/.test(e.stack)) }$$,
  '{"version": 3, "sources": ["a.ts"], "mappings": ";AAAA"}');
SELECT stack_of();
-- A syntax error and a thrown string have a place as well.
SELECT make('mapped', 'return 1 +;', '{"version": 3, "sources": ["a.ts"], "mappings": "AAgBA"}');
SELECT make('mapped', 'throw "text"', '{"version": 3, "sources": ["a.ts"], "mappings": "AAgBA"}');
SELECT mapped();

-- A map that is wrong in any way is as good as none, and no second error.
CREATE FUNCTION place(body text, map text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE c text;
BEGIN
  PERFORM make('placed', body, map);
  PERFORM placed();
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS c = PG_EXCEPTION_CONTEXT;
  RETURN SQLERRM || ' | ' || split_part(c, E'\n', 1);
END $$;
CREATE FUNCTION place_of(mappings text) RETURNS text LANGUAGE sql AS $$
  SELECT place('throw new Error("x")',
    format('{"version": 3, "sources": ["a.ts"], "mappings": "%s"}', mappings)) $$;
SELECT mappings, place_of(mappings) FROM unnest(ARRAY['AAAA', 'A', '', ';;', 'AADA', 'ACAA', 'AAA',
  'AAAAAA', 'AA!A', 'AAg', 'AA///////////A', 'gAAAA', 'AA+/////DA', 'AA//////DA',
  repeat('A', 100)]) AS mappings;
SELECT map, place('throw new Error("x")', map) FROM unnest(ARRAY['', '{', '[]', 'null', '{}',
  '{"version": 3}', '{"version": 2, "sources": ["a.ts"], "mappings": "AAAA"}',
  '{"version": 3, "sources": ["a.ts"], "mappings": "AAAA"', '{"version": 3, "mappings": "AAAA"}',
  '{"version": 3, "sources": [null], "mappings": "AAAA"}',
  '{"version": 3, "sources": "a.ts", "mappings": "AAAA"}',
  '{"version": 3, "sources": ["a.ts" "b"], "mappings": "AAAA"}',
  '{"version": 3, "sources": ["a.ts"], "mappings": ["AAAA"]}',
  '{"version": 3, "sources": ["a\u', '{"version": 3, "sources": ["a.ts"], "ignoreList": [-1, 9]}',
  '{"version": 3, "sections": [], "x": tru}', '{"version": 3, "sources": ["\ta\n'
  || chr(233) || '.ts"], "mappings": "AAAA"}']) AS map;
SELECT place('throw new Error("x")', '{"x": ' || repeat('[', 100000));
SELECT length(place('throw new Error("x")', format('{"version": 3, "sources": ["%s"],
  "mappings": "AAAA"}', repeat('long', 10000)))) < 600 AS cut;

-- Files come from one folder only, and need not be there.
CREATE FUNCTION file_map(url text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE c text;
BEGIN
  EXECUTE format('CREATE OR REPLACE FUNCTION filed() RETURNS void LANGUAGE plv8 AS %L',
    E'throw new Error("x")\n//# sourceMappingURL=' || url);
  PERFORM filed();
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS c = PG_EXCEPTION_CONTEXT;
  RETURN split_part(c, E'\n', 1);
END $$;
SELECT url, file_map(url) FROM unnest(ARRAY['absent.js.map', 'absent.map', '../absent.js.map',
  '/etc/passwd', '.hidden.js.map', 'http://localhost/a.js.map', '.map', 'data:,x',
  'data:application/json;base64,', 'data:application/json;base64,!']) AS url;

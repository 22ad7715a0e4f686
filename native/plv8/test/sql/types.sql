-- Every type once there and back.
CREATE FUNCTION js_type(x anyelement) RETURNS text LANGUAGE plv8 AS $$
  return Object.prototype.toString.call(x).slice(8, -1) + ' ' +
    (typeof x === 'bigint' ? String(x) : x instanceof Date ? String(+x) : JSON.stringify(x));
$$;
CREATE FUNCTION same(x anyelement, note text) RETURNS anyelement LANGUAGE plv8 AS $$ return x $$;
SELECT js_type(true), js_type(1::int2), js_type(-1::int4), js_type(9223372036854775807::int8);
SELECT js_type(1.5::float4), js_type(0.1::float8), js_type(1.25::numeric), js_type(4294967295::oid);
SELECT js_type('añ𝄞'::text), js_type('x'::varchar(3)), js_type('x'::char(3)), js_type('n'::name);
SELECT js_type('\x00ff'::bytea), js_type('{"a": [1, null]}'::json),
  js_type('{"a": [1, null]}'::jsonb);
SELECT js_type('2024-02-29'::date), js_type('2024-02-29 12:00:00.123456+00'::timestamptz),
  js_type('infinity'::timestamptz), js_type('2024-02-29 12:00:00'::timestamp);
SELECT js_type('b0a0f3ad-0f24-4b5d-9b4b-1f4b8e1ad3cd'::uuid), js_type('1 day'::interval),
  js_type('[1,5)'::int4range);
SELECT same(true, ''), same((-32768)::int2, ''), same(2147483647, ''),
  same((-9223372036854775808)::int8, '');
SELECT same(3.4028235e38::float4, ''), same(0.1::float8, ''), same('NaN'::float8, ''),
  same('-Infinity'::float8, '');
SELECT same('añ𝄞'::text, ''), same('\x00ff10'::bytea, ''), same('{"a":[1,null,"ü"]}'::jsonb, '');
SELECT same('2024-02-29'::date, ''), same('0044-03-15 BC'::date, ''),
  same('1 day 2 hours'::interval, '');
SELECT same('2024-02-29 12:00:00.123+00'::timestamptz, '') = '2024-02-29 12:00:00.123+00';
SELECT same(NULL::int, '') IS NULL, same(''::text, '') = '';

-- Integers that do not fit are an error, not a truncation.
CREATE FUNCTION eval_int2(s text) RETURNS int2 LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION eval_int4(s text) RETURNS int4 LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION eval_int8(s text) RETURNS int8 LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION eval_float4(s text) RETURNS float4 LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION eval_oid(s text) RETURNS oid LANGUAGE plv8 AS $$ return eval(s) $$;
SELECT eval_int4('2147483647'), eval_int4('-2147483648'), eval_int4('1.7'), eval_int4('"12"'),
  eval_int4('7n');
SELECT eval_int4('2147483648');
SELECT eval_int4('NaN');
SELECT eval_int2('70000');
SELECT eval_int8('9223372036854775807n'), eval_int8('-(2n**63n)'), eval_int8('2**53');
SELECT eval_int8('2n**63n');
SELECT eval_int8('1e19');
SELECT eval_oid('4294967295'), eval_oid('-1');
SELECT eval_float4('1e39');
SELECT eval_float4('Infinity'), eval_float4('0.1');
SELECT eval_int4('"abc"');
SET plv8.compatibility = upstream;
SELECT eval_int4('2**31'), eval_int2('70000'), eval_int4('NaN'), eval_int8('2n**63n');
RESET plv8.compatibility;

-- jsonb: digits survive, NaN and cycles do not pass.
CREATE FUNCTION eval_jsonb(s text) RETURNS jsonb LANGUAGE plv8 AS $$ return eval(s) $$;
SELECT eval_jsonb('[0.1 + 0.2, 1/3, 1e300, -0.5, 9007199254740993]');
SELECT eval_jsonb('({a: undefined, b: null, c: new Date(0),
  d: [new Date(0)], e: 12n, f: new Map})');
SELECT eval_jsonb('({["__proto__"]: 1})'), eval_jsonb('null') IS NULL, eval_jsonb('"text"');
SELECT eval_jsonb('({a: {b: [1, NaN]}})');
SELECT eval_jsonb('[null, -Infinity]');
SELECT eval_jsonb('({toJSON() { return {x: 1} }})');
SELECT eval_jsonb('(() => 1)');
SELECT eval_jsonb('["\u0000"]');
SELECT eval_jsonb('({get a() { throw new Error("getter") }})');

-- Text with U+0000 has no SQL form.
CREATE FUNCTION eval_text(s text) RETURNS text LANGUAGE plv8 AS $$ return eval(s) $$;
SELECT eval_text('"a\u0000b"');
SELECT eval_text('({})'), eval_text('[1,2]'), eval_text('12n'), length(eval_text('"\ud834"'));

-- Arrays: several dimensions, NULLs, ragged ones; typed arrays both ways.
SELECT js_type(ARRAY[1, NULL, 3]), js_type('{}'::int[]), js_type('{{1,2},{3,4}}'::int[]),
  js_type(ARRAY['a', 'b']);
SELECT same('{{1,2},{3,4}}'::int[], ''), same(ARRAY['a', NULL, 'b,c'], ''), same('{}'::text[], '');
SELECT same(ARRAY['{"a":1}', '[1,2]']::jsonb[], ''), same(ARRAY['\x01', '\x02']::bytea[], '');
CREATE FUNCTION eval_ints(s text) RETURNS int[] LANGUAGE plv8 AS $$ return eval(s) $$;
CREATE FUNCTION eval_floats(s text) RETURNS float8[] LANGUAGE plv8 AS $$ return eval(s) $$;
SELECT eval_ints('[[1, 2], [3]]');
SELECT eval_ints('[1, [2]]');
SELECT eval_ints('[[[1]], [[2]]]'), eval_ints('new Int32Array([1, 2])'),
  eval_ints('new Uint8Array([1, 2])');
SELECT eval_floats('new Float64Array([0.1, NaN])'), eval_floats('new Float32Array([0.5])'),
  eval_floats('new Float64Array(0)');
SELECT eval_ints('5');
SET plv8.typed_arrays = on;
SELECT js_type(ARRAY[1, 2]), js_type(ARRAY[0.5::float4]), js_type(ARRAY[1, NULL]);
SELECT same(ARRAY[0.1, 'NaN']::float8[], ''), same(ARRAY[1::int8, -1], '');
RESET plv8.typed_arrays;
CREATE FUNCTION double_up(a plv8_float8array) RETURNS plv8_float8array LANGUAGE plv8
  AS $$ for (let i = 0; i < a.length; i++) a[i] *= 2; return a $$;
SELECT double_up('{1,2.5}'), double_up('{}');
CREATE FUNCTION big(a plv8_int8array) RETURNS plv8_int8array
  LANGUAGE plv8 AS $$ a[0] += 1n; return a $$;
SELECT big('{1,2}');

-- bytea from any view.
CREATE FUNCTION eval_bytea(s text) RETURNS bytea LANGUAGE plv8 AS $$ return eval(s) $$;
SELECT eval_bytea('new Uint8Array([1, 2])'), eval_bytea('new Uint8Array([1, 2, 3]).subarray(1)'),
  eval_bytea('new Uint8Array(2).buffer'), eval_bytea('new DataView(new ArrayBuffer(1))'),
  eval_bytea('new Float32Array([1])');

-- Composite types, domains, enums.
CREATE TYPE pair AS (a int, b text);
CREATE FUNCTION flip(p pair) RETURNS pair
  LANGUAGE plv8 STRICT AS $$ return {a: p.a + 1, b: p.b + '!'} $$;
SELECT flip((1, 'x')), (flip((1, 'x'))).b, flip(NULL);
CREATE FUNCTION half_pair() RETURNS pair LANGUAGE plv8 AS $$ return {b: 'only b', c: 1} $$;
SELECT half_pair();
CREATE FUNCTION pairs() RETURNS pair[] LANGUAGE plv8 AS $$ return [{a: 1}, {a: 2, b: 'y'}] $$;
SELECT pairs();
CREATE FUNCTION no_pair() RETURNS pair LANGUAGE plv8 AS $$ return 5 $$;
SELECT no_pair();
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE FUNCTION eval_positive(s text) RETURNS positive LANGUAGE plv8 AS $$ return eval(s) $$;
SELECT eval_positive('5');
SELECT eval_positive('-5');
CREATE FUNCTION eval_positives(s text) RETURNS positive[] LANGUAGE plv8 AS $$ return eval(s) $$;
SELECT eval_positives('new Int32Array([1, 2])'), eval_positives('[3]');
SELECT eval_positives('new Int32Array([1, -2])');
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE FUNCTION eval_mood(s text) RETURNS mood LANGUAGE plv8 AS $$ return eval(s) $$;
SELECT eval_mood('"happy"');
SELECT eval_mood('"angry"');
CREATE FUNCTION eval_varchar(s text) RETURNS SETOF varchar(2)
  LANGUAGE plv8 AS $$ return [eval(s)] $$;
CREATE FUNCTION bad_date() RETURNS timestamptz LANGUAGE plv8 AS $$ return new Date(NaN) $$;
SELECT bad_date();
CREATE FUNCTION date_text() RETURNS timestamptz
  LANGUAGE plv8 AS $$ return '2024-01-01 00:00:00.123456+00' $$;
SELECT date_text() = '2024-01-01 00:00:00.123456+00';
CREATE FUNCTION pseudo(internal) RETURNS int LANGUAGE plv8 AS $$ return 1 $$;

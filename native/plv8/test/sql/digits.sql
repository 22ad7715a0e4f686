-- numeric: a double, or all digits.
CREATE FUNCTION numeric_type(x numeric) RETURNS text LANGUAGE plv8
  AS $$ return typeof x + ' ' + x $$;
CREATE FUNCTION same_numeric(x numeric) RETURNS numeric LANGUAGE plv8 AS $$ return x $$;
SELECT numeric_type(12345678901234567890.12345), numeric_type(7);
SET plv8.numeric = string;
SELECT numeric_type(12345678901234567890.12345), numeric_type(7), numeric_type('NaN');
SELECT same_numeric(x) = x
FROM (VALUES (12345678901234567890.123450), (1e100), (-0.000000001)) AS v(x);
SET plv8.numeric = bigint;
SELECT numeric_type(12345678901234567890.12345), numeric_type(-7), numeric_type(1e30),
  numeric_type('Infinity');
SELECT same_numeric(123456789012345678901234567890), same_numeric(0.5);
RESET plv8.numeric;

-- Numbers of json and jsonb that a double does not hold.
CREATE FUNCTION same_jsonb(x jsonb) RETURNS jsonb LANGUAGE plv8 AS $$ return x $$;
CREATE FUNCTION type_in_json(x json) RETURNS text LANGUAGE plv8
  AS $$ return typeof x.a + ' ' + x.a $$;
SELECT same_jsonb('{"a": 9007199254740993, "b": 1.5}'), type_in_json('{"a": 9007199254740993}');
SET plv8.json_numbers = exact;
SELECT same_jsonb('{"a": 9007199254740993, "b": [1.5, -123456789012345678901234567890, {"c": 1}]}'),
  type_in_json('{"a": -9007199254740993}'), type_in_json('{"a": 12}'),
  type_in_json('{"a": 0.12345678901234567890}'), type_in_json('{"a": "9007199254740993"}');
SELECT same_jsonb('9007199254740993'), same_jsonb('"a \"9007199254740993\" b\\"'),
  same_jsonb('{"9007199254740993": [9007199254740993, "\\"]}');
SELECT type_in_json('{"a": 0.30000000000000004}'), type_in_json('{"a": 9007199254740992}'),
  type_in_json('{"a": 9007199254740994}'), type_in_json('{"a": 1.00000000000000000000}');
DO $$ plv8.elog(NOTICE, JSON.stringify([1n, {a: 2n}])) $$ LANGUAGE plv8;
RESET plv8.json_numbers;
DO $$ plv8.elog(NOTICE, JSON.stringify([1n, {a: 2n}]), typeof bigIntToJson) $$ LANGUAGE plv8;

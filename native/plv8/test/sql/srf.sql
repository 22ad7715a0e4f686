-- Rows by return_next, by a returned array, by both, and one single value.
CREATE FUNCTION by_next(n int) RETURNS SETOF int LANGUAGE plv8
  AS $$ for (let i = 0; i < n; i++) plv8.return_next(i) $$;
SELECT * FROM by_next(3);
SELECT by_next(2);
CREATE FUNCTION by_array() RETURNS SETOF text LANGUAGE plv8 AS $$ return ['a', null, 'c'] $$;
SELECT * FROM by_array();
CREATE FUNCTION by_both() RETURNS SETOF int
  LANGUAGE plv8 AS $$ plv8.return_next(1); return [2, 3] $$;
SELECT * FROM by_both();
CREATE FUNCTION single() RETURNS SETOF int LANGUAGE plv8 AS $$ return 4 $$;
SELECT * FROM single();
CREATE FUNCTION no_rows() RETURNS SETOF int LANGUAGE plv8 AS $$ return [] $$;
SELECT count(*) FROM no_rows();
CREATE FUNCTION as_table() RETURNS TABLE (a int, b jsonb) LANGUAGE plv8
  AS $$ plv8.return_next({a: 1, b: [1]}); plv8.return_next({b: {}}); return [{a: 3}] $$;
SELECT * FROM as_table();
CREATE FUNCTION one_column() RETURNS TABLE (a int)
  LANGUAGE plv8 AS $$ plv8.return_next({a: 1}); plv8.return_next(2) $$;
SELECT * FROM one_column();
CREATE FUNCTION set_record() RETURNS SETOF record LANGUAGE plv8 AS $$ return [{a: 1, b: 'x'}] $$;
SELECT * FROM set_record() AS t(a int, b text);
CREATE TYPE point_like AS (x float8, y float8);
CREATE FUNCTION set_composite() RETURNS SETOF point_like
  LANGUAGE plv8 AS $$ return [{x: 1, y: 2}, {y: 0.5}] $$;
SELECT * FROM set_composite();
CREATE FUNCTION set_arrays() RETURNS SETOF int[] LANGUAGE plv8 AS $$ return [[1, 2], [3]] $$;
SELECT * FROM set_arrays();
SELECT count(*), sum(by_next) FROM by_next(100000);

-- Errors: wrong rows cannot be swallowed half way, wrong places are refused.
CREATE FUNCTION bad_next() RETURNS SETOF int LANGUAGE plv8
  AS $$ try { plv8.return_next('x') } catch (e) { } plv8.return_next(1) $$;
SELECT * FROM bad_next();
CREATE FUNCTION no_set() RETURNS int LANGUAGE plv8 AS $$ plv8.return_next(1) $$;
SELECT no_set();
CREATE FUNCTION not_rows() RETURNS TABLE (a int, b int) LANGUAGE plv8 AS $$ return 5 $$;
SELECT * FROM not_rows();

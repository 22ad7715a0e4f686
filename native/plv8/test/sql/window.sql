-- Window functions: the whole of plv8.get_window_object().
CREATE FUNCTION js_row_number() RETURNS int LANGUAGE plv8 WINDOW
  AS $$ return plv8.get_window_object().get_current_position() + 1 $$;
CREATE FUNCTION js_count() RETURNS int LANGUAGE plv8 WINDOW
  AS $$ return plv8.get_window_object().get_partition_row_count() $$;
CREATE FUNCTION js_rank() RETURNS int LANGUAGE plv8 WINDOW AS $$
  const w = plv8.get_window_object();
  const at = w.get_current_position();
  let seen = w.get_partition_local() || {rank: 1};
  if (at > 0 && !w.rows_are_peers(at - 1, at)) seen = {rank: at + 1};
  w.set_partition_local(seen);
  w.set_mark_position(Math.max(at - 1, 0));
  return seen.rank;
$$;
CREATE FUNCTION js_lag(x anyelement, by int) RETURNS anyelement LANGUAGE plv8 WINDOW AS $$
  const w = plv8.get_window_object();
  return w.get_func_arg_in_partition(0, -w.get_func_arg_current(1), w.SEEK_CURRENT, false);
$$;
CREATE FUNCTION js_last(x anyelement) RETURNS anyelement LANGUAGE plv8 WINDOW AS $$
  const w = plv8.get_window_object();
  return w.get_func_arg_in_frame(0, 0, w.SEEK_TAIL, false);
$$;
CREATE TABLE sales (region text, day int, amount numeric);
INSERT INTO sales VALUES ('a', 1, 10), ('a', 2, 10), ('a', 3, 30), ('b', 1, 5), ('b', 2, NULL);
SELECT region, day, js_row_number() OVER w = row_number() OVER w AS numbers,
  js_count() OVER (PARTITION BY region) AS rows,
  js_rank() OVER (PARTITION BY region ORDER BY amount) =
    rank() OVER (PARTITION BY region ORDER BY amount) AS ranks,
  js_lag(amount, 1) OVER w IS NOT DISTINCT FROM lag(amount) OVER w AS lags,
  js_last(amount) OVER w IS NOT DISTINCT FROM last_value(amount) OVER w AS lasts
FROM sales WINDOW w AS (PARTITION BY region ORDER BY day) ORDER BY region, day;
CREATE FUNCTION js_bad(what text) RETURNS int LANGUAGE plv8 WINDOW AS $$
  const w = plv8.get_window_object();
  switch (w.get_func_arg_current(0)) {
    case 'argument': return w.get_func_arg_current(5);
    case 'seek': return w.get_func_arg_in_frame(0, 0, 77);
    case 'large': return w.set_partition_local('x'.repeat(2000));
    case 'sized': w.get_partition_local(5000); w.set_partition_local('x'.repeat(2000));
      return w.get_partition_local().length;
    case 'kept': globalThis.kept = w; return 1;
    case 'mark': w.set_mark_position(2); return w.get_func_arg_in_partition(0, 0, w.SEEK_HEAD);
  }
$$;
SELECT js_bad('argument') OVER ();
SELECT js_bad('seek') OVER ();
SELECT js_bad('large') OVER ();
SELECT js_bad('sized') OVER ();
SELECT js_bad('kept') OVER ();
SELECT js_bad('mark') OVER () FROM generate_series(1, 4);
DO $$ kept.get_current_position() $$ LANGUAGE plv8;
DO $$ plv8.get_window_object() $$ LANGUAGE plv8;
SELECT js_row_number();

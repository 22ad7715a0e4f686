-- JSON.parse of long texts is ours, in parts: its results and errors are V8's own.
\set VERBOSITY terse
-- Random values, some of them broken, as short texts for V8 and within long ones.
CREATE FUNCTION compare_parsers(rounds int) RETURNS text LANGUAGE plv8 AS $$
  let state = 1;
  const random = n => {
    state = (state * 48271) % 2147483647;
    return state % n;
  };
  const names = ['__proto__', '1', '0', 'a', 'é', '', 'b'];
  const scraps = ['', '"', '[', ']', '{', '}', ',', ':', '\\', '1', '-', 'e', '.', 't', 'x', '\n',
    '\u0000', '\\u12', 'é', '0', 'nul'];
  const property = (value) => ({value, enumerable: true, configurable: true, writable: true});
  const make = depth => {
    switch (random(depth > 4 ? 6 : 9)) {
      case 0: return random(1000) - 500;
      case 1: return random(1e6) / 7 * (random(2) ? 1e-20 : 1);
      case 2: return 'aé"\\\n\u0001'.slice(random(4)) + '😀'.slice(0, random(3));
      case 3: return null;
      case 4: return true;
      case 5: return false;
      case 6: case 7: return Array.from({length: random(6)}, () => make(depth + 1));
    }
    const object = {};
    for (let i = random(6); i > 0; i--)
      Object.defineProperty(object, names[random(names.length)], property(make(depth + 1)));
    return object;
  };
  const outcome = text => {
    try { return JSON.stringify(JSON.parse(text)) }
    catch (e) { return e.constructor.name + ': ' + e.message }
  };
  const blanks = ' '.repeat(270000), ones = '1,'.repeat(135000);
  const moved = (text, by) => text.replace(/position (\d+)/, (m, n) => 'position ' + (+n + by));
  const counts = {values: 0, errors: 0, different: 0};
  for (let i = 0; i < rounds; i++) {
    let text = JSON.stringify(make(0), null, random(3) ? 0 : 1);
    for (let k = random(3); k > 0; k--) {
      const at = random(text.length + 1);
      text = text.slice(0, at) + scraps[random(scraps.length)] + text.slice(at + random(3));
    }
    const short = outcome(`[${text}]`);
    const failed = /^SyntaxError/.test(short);
    failed ? counts.errors++ : counts.values++;
    const same = outcome(`[${blanks}${text}]`) === moved(short, 270000) &&
      outcome(`[${ones}${text}]`) ===
        moved(outcome(`[1,${text}]`), 269998).replace('[1,', '[' + ones) &&
      outcome(`{"a":${blanks}${text}}`) === moved(outcome(`{"a":${text}}`), 270000) &&
      outcome(`[${text},${blanks}1]`) === outcome(`[${text}, 1]`);
    if (!same && counts.different++ < 3) plv8.elog(NOTICE, JSON.stringify(text), short);
  }
  return JSON.stringify(counts);
$$;
SELECT compare_parsers(40);

-- What is long in itself: a string, a number, a name, blanks, depth, one object.
CREATE FUNCTION long_parts() RETURNS SETOF text LANGUAGE plv8 AS $$
  const string = 'x"é\\\n'.repeat(100000), digits = '7'.repeat(300000);
  plv8.return_next(JSON.parse(JSON.stringify([string, 1]))[0] === string);
  plv8.return_next(JSON.parse(JSON.stringify('x'.repeat(300000))) === 'x'.repeat(300000));
  plv8.return_next(JSON.parse(digits) === Number(digits));
  plv8.return_next(Object.keys(JSON.parse(JSON.stringify({[string]: 1})))[0] === string);
  plv8.return_next(Object.is(JSON.parse(' '.repeat(300000) + '-0'), -0));
  let depth = 0;
  for (let a = JSON.parse('['.repeat(200000) + ']'.repeat(200000)); a; a = a[0]) depth++;
  plv8.return_next(depth);
  const entries = Array.from({length: 30000}, (x, i) => ['k' + i, {i}]);
  plv8.return_next(JSON.stringify(JSON.parse(JSON.stringify(Object.fromEntries(entries)))) ===
    JSON.stringify(Object.fromEntries(entries)));
  plv8.return_next(JSON.stringify(JSON.parse('{"a":1,"2":2,"a":3,"__proto__":4,"1":5,"b":"' +
    'x'.repeat(300000) + '"}')).slice(0, 43));
$$;
SELECT long_parts();

-- A reviver is called in the same order, with the same arguments, and may change the value.
DO $$
  const text = JSON.stringify({a: [1, {b: 2}, 'drop'], c: {d: null, drop: 1}, '0': 7});
  const run = pad => {
    const calls = [];
    const value = JSON.parse(text + pad, function (key, item) {
      calls.push([key, item, Array.isArray(this), Object.keys(this).length]);
      if (item === 'drop' || key === 'drop') return undefined;
      return typeof item === 'number' ? -item : item;
    });
    return JSON.stringify([calls, value, 2 in value.a]);
  };
  plv8.elog(NOTICE, run('') === run(' '.repeat(300000)), run('').slice(-60));
$$ LANGUAGE plv8;
DO $$ plv8.elog(NOTICE, JSON.parse.name, JSON.parse.length, JSON.parse('[1]', 'no function')[0]);
  JSON.parse(Symbol()) $$ LANGUAGE plv8;
DO $$ JSON.parse('[' + ' '.repeat(300000) + '1 2]') $$ LANGUAGE plv8;
DO $$ JSON.parse('['.repeat(300000)) $$ LANGUAGE plv8;
-- As an argument of type json, and the memory limit on the way.
CREATE FUNCTION json_length(x json) RETURNS int LANGUAGE plv8 AS $$ return x.length $$;
SELECT json_length(json_agg(i)) FROM generate_series(1, 100000) AS i;
CREATE FUNCTION last_of(x json) RETURNS text LANGUAGE plv8
  AS $$ return x.length + ' ' + typeof x.at(-1) + ' ' + x.at(-1) $$;
SET plv8.json_numbers = exact;
SELECT last_of(json_agg(i + 9007199254740993)) FROM generate_series(1, 30000) AS i;
RESET plv8.json_numbers;
SET plv8.memory_limit = '32MB';
SELECT plv8_reset();
DO $$ JSON.parse('[' + '{"a":[1]},'.repeat(1000000) + '1]') $$ LANGUAGE plv8;
\echo :SQLSTATE
DO $$ plv8.elog(NOTICE, JSON.parse('[1]').length) $$ LANGUAGE plv8;
SELECT plv8_reset();

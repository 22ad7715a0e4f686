/** Whole programs: some JavaScript in one of the places where SQL runs it. */
import fc from 'fast-check';
import * as statements from './statements';
import { HELPERS, oneOf } from './values';

/** A program of JavaScript and how SQL gets at it. */
export interface Program {
  /** Settings of the session. */
  readonly settings: readonly string[];
  /** SQL that makes it, and SQL that runs it, some times. */
  readonly create: string;
  readonly run: string;
}

const TYPES = [
  ...['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid', 'bool', 'text', 'varchar(3)'],
  ...['char(3)', 'name', '"char"', 'bytea', 'json', 'jsonb', 'date', 'timestamp', 'timestamptz'],
  ...['interval', 'time', 'uuid', 'bit(3)', 'point', 'inet', 'int4range', 'int4multirange'],
  ...['int2[]', 'int4[]', 'int8[]', 'float4[]', 'float8[]', 'numeric[]', 'text[]', 'jsonb[]'],
  ...['bytea[]', 'bool[]', 'fuzz_pair', 'fuzz_pair[]', 'fuzz_nested', 'fuzz_small', 'fuzz_mood'],
  ...['fuzz_small[]', 'fuzz_pair_domain', 'plv8_int2array', 'plv8_int4array', 'plv8_int8array'],
  ...['plv8_float4array', 'plv8_float8array', 'int2vector', 'oidvector', 'void', 'record'],
  ...['cstring', 'regclass', 'tsvector', 'jsonpath'],
];

const SETTINGS = [
  'plv8.typed_arrays = on',
  'plv8.numeric = string',
  'plv8.numeric = bigint',
  'plv8.json_numbers = exact',
  'plv8.compatibility = upstream',
  'plv8.execution_timeout = 0.05',
  'plv8.start_proc = fuzz_start',
];

const ARGUMENTS =
  'a int, b jsonb, c float8[], d bytea, e fuzz_pair, f numeric, g timestamptz, h plv8_int4array';
const VALUES = `1, '{"a": [1, "x", null]}', '{1,2,3}', '\\x0102', '(1,x)', 1.5, now(), '{1,2}'`;

/** Quotes a body for SQL by a delimiter that is not in it. */
function quoted(body: string): string {
  let tag = '$f$';
  for (let i = 0; body.includes(tag); i++) tag = `$f${i}$`;
  return `${tag}${body}${tag}`;
}

const make = (kind: string, signature: string, returns: string, body: string): string =>
  `CREATE ${kind} ${signature} ${returns} LANGUAGE plv8 AS ${quoted(body)}`;

type Place = (body: string, type: string) => Pick<Program, 'create' | 'run'>;

const argumentsAs = `(${ARGUMENTS})`;
const PLACES: Readonly<Record<string, Place>> = {
  function: (body, type) => ({
    create: make('FUNCTION', `fuzz_run${argumentsAs}`, `RETURNS ${type}`, body),
    run: `SELECT fuzz_run(${VALUES}) FROM generate_series(1, 2)`,
  }),
  rows: (body, type) => ({
    create: make('FUNCTION', `fuzz_run${argumentsAs}`, `RETURNS SETOF ${type}`, body),
    run:
      type === 'record'
        ? `SELECT * FROM fuzz_run(${VALUES}) AS t(a int, b text)`
        : `SELECT * FROM fuzz_run(${VALUES})`,
  }),
  table: (body, type) => ({
    create: make('FUNCTION', 'fuzz_run()', `RETURNS TABLE (a ${plain(type)}, b jsonb)`, body),
    run: 'SELECT * FROM fuzz_run()',
  }),
  out: (body, type) => ({
    create: make('FUNCTION', `fuzz_run(OUT a ${plain(type)}, OUT b text, INOUT c int)`, '', body),
    run: 'SELECT * FROM fuzz_run(1)',
  }),
  rowTrigger: (body) => ({
    create: `${make('FUNCTION', 'fuzz_run()', 'RETURNS trigger', body)};
CREATE TRIGGER fuzz BEFORE INSERT OR UPDATE OR DELETE ON fuzz_watched
  FOR EACH ROW EXECUTE FUNCTION fuzz_run('x')`,
    run: `INSERT INTO fuzz_watched VALUES (1, 'a'), (2, NULL); UPDATE fuzz_watched SET a = 3;
DELETE FROM fuzz_watched`,
  }),
  statementTrigger: (body) => ({
    create: `${make('FUNCTION', 'fuzz_run()', 'RETURNS trigger', body)};
CREATE TRIGGER fuzz AFTER INSERT ON fuzz_watched REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION fuzz_run()`,
    run: "INSERT INTO fuzz_watched VALUES (1, 'a')",
  }),
  window: (body, type) => ({
    create: make('FUNCTION', `fuzz_run${argumentsAs}`, `RETURNS ${plain(type)} WINDOW`, body),
    run: `SELECT fuzz_run(${VALUES}) OVER (ORDER BY i) FROM generate_series(1, 3) i`,
  }),
  procedure: (body) => ({
    create: make('PROCEDURE', 'fuzz_run(INOUT a int, INOUT b jsonb)', '', body),
    run: "CALL fuzz_run(1, '[1]')",
  }),
  block: (body) => ({ create: '', run: `DO LANGUAGE plv8 ${quoted(body)}` }),
  domain: (body) => ({
    create: `${make('FUNCTION', 'fuzz_check(a int)', 'RETURNS bool', body)};
CREATE DOMAIN fuzz_checked AS int CHECK (fuzz_check(VALUE));
${make('FUNCTION', 'fuzz_run()', 'RETURNS fuzz_checked', 'return 5')}`,
    run: 'SELECT fuzz_run(), 7::fuzz_checked',
  }),
  aggregate: (body, type) => ({
    create: `${make(
      'FUNCTION',
      `fuzz_run(a ${plain(type)}, b int)`,
      `RETURNS ${plain(type)}`,
      body,
    )};
CREATE AGGREGATE fuzz_all(int) (SFUNC = fuzz_run, STYPE = ${plain(type)})`,
    run: 'SELECT fuzz_all(i) FROM generate_series(1, 4) i',
  }),
};

/** Types that a column or a state may have. */
function plain(type: string): string {
  return ['void', 'record', 'cstring'].includes(type) ? 'jsonb' : type;
}

/** Programs, each with what made it random in it. */
export function programs(): fc.Arbitrary<Program> {
  const { value, body: several } = statements.sources();
  const body = fc.tuple(several, value).map(([before, result]) => {
    return `${HELPERS}${statements.HELPERS}\n${before};\nreturn ${result};`;
  });
  return fc
    .record({
      place: oneOf(...Object.keys(PLACES)),
      type: oneOf(...TYPES),
      settings: fc.subarray(SETTINGS, { maxLength: 2 }),
      body,
    })
    .map(({ place, type, settings, body: text }) => ({
      settings,
      ...(PLACES[place] as Place)(text, type),
    }));
}

/** A program as SQL that can be handed to psql. */
export function asSql({ settings, create, run }: Program): string {
  const lines = settings.map((setting) => `SET ${setting};`);
  return [...lines, create === '' ? '' : `${create};`, `${run};`].filter(Boolean).join('\n');
}

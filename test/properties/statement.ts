/*
 * The statements of a scenario: queries, alone or by way of cursors, prepared statements, functions
 * and new tables. dml.ts has those that write.
 */
import { at, type Context, deeper, freshName, type Parameter } from './context';
import { writingStatements } from './dml';
import type { Relation } from './schema';
import { type Output, type Query, select } from './select';
import { drawOutputs } from './source';

/** Statements that run one after another; the results of each are compared. */
export function statements(context: Context): string[] {
  const form = context.draw.weighted([
    [50, alone],
    [10, prepared],
    [9, cursor],
    [5, newTable],
    [5, withinFunction],
    [20, writingStatements],
  ]);
  // What writes is never parallel, and its rows come in the plan's order.
  return form(context);
}

/** Outputs of a query whose rows are compared: not of a type that has no order. */
function topOutputs(context: Context): Output[] {
  const { draw } = context;
  const more: Output[] = [{ type: 'float8' }, { type: 'text' }, { type: 'jsonb' }, { type: 'int' }];
  const outputs: Output[] = [draw.pick(more)];
  if (draw.chance(60)) outputs.unshift({ type: 'int', name: 'id' });
  for (let n = draw.below(3); n > 0; n -= 1) {
    outputs.push(draw.pick([...more, { type: 'bool' }, { type: 'numeric' }]));
  }
  return outputs;
}

/** A query with or without named ones before it. */
export function query(context: Context): Query {
  const { draw, facts } = context;
  const outputs = topOutputs(context);
  const kind = draw.weighted([
    [14, 'none'],
    [4, 'WITH'],
    [1, 'WITH RECURSIVE'],
  ]);
  if (kind === 'none') return select(context, outputs, 'top');
  facts.traits.add(kind);
  if (kind === 'WITH RECURSIVE') return recursive(context, outputs);
  const named: Relation[] = [];
  const texts: string[] = [];
  for (let n = 1 + draw.below(2); n > 0; n -= 1) {
    const materialized = draw.pick(['', 'MATERIALIZED ', 'NOT MATERIALIZED ']);
    const inner = { ...deeper(at(context, `WITH ${materialized}`.trim())), named: [...named] };
    const alias = freshName(context, 'w');
    const made = select(inner, drawOutputs(context), 'anywhere');
    texts.push(`${alias} AS ${materialized}(${made.text})`);
    named.push({ alias, columns: made.columns });
  }
  const main = select({ ...context, named }, outputs, 'top');
  return { ...main, text: `WITH ${texts.join(', ')} ${main.text}` };
}

/** A recursion whose every step predicts from the last. */
function recursive(context: Context, outputs: readonly Output[]): Query {
  const alias = freshName(context, 'w');
  context.facts.calls += 1;
  const columns = [
    { name: 'id', type: 'int' },
    { name: 'b', type: 'float8' },
  ] as const;
  const step = `SELECT id + 1, (ai_inference('linear', ARRAY[b, id, 1]) ->> 'y')::float8
    FROM ${alias} WHERE id < 5`;
  const text = `${alias} (id, b) AS (SELECT id, 0::float8 FROM few WHERE id < 3 UNION ALL ${step})`;
  const main = select({ ...context, named: [{ alias, columns }] }, outputs, 'top');
  return { ...main, text: `WITH RECURSIVE ${text} ${main.text}` };
}

function alone(context: Context): string[] {
  return [query(context).text];
}

function prepared(context: Context): string[] {
  const { draw, facts } = context;
  const parameters: Parameter[] = [];
  const mode = draw.weighted([
    [5, 'force_generic_plan'],
    [3, 'force_custom_plan'],
    [1, 'auto'],
  ]);
  facts.traits.add(`prepared: ${mode}`);
  const { text } = query({ ...context, parameters });
  const types = parameters.map(({ type }) => type).join(', ');
  const values = parameters.map(({ value }) => value).join(', ');
  const execute = `EXECUTE p${values === '' ? '' : ` (${values})`}`;
  return [
    `SET LOCAL plan_cache_mode = ${mode}`,
    `PREPARE p${types === '' ? '' : ` (${types})`} AS ${text}`,
    ...Array.from({ length: mode === 'auto' ? 7 : 2 }, () => execute),
    'DEALLOCATE p',
  ];
}

const FORWARD = ['FETCH 1', 'FETCH 4', 'FETCH 20', 'MOVE 3', 'FETCH FORWARD ALL'];
const BACKWARD = [
  'FETCH BACKWARD 2',
  'FETCH PRIOR',
  'FETCH FIRST',
  'FETCH LAST',
  'FETCH ABSOLUTE 2',
  'FETCH RELATIVE -1',
  'MOVE BACKWARD ALL',
  'FETCH BACKWARD ALL',
];

function cursor(context: Context): string[] {
  const { draw, facts } = context;
  facts.stopsEarly = true;
  // Without SCROLL, whether a cursor can go back is said to depend on the plan.
  const scroll = draw.chance(50);
  facts.traits.add(scroll ? 'scroll cursor' : 'cursor');
  const made = query(context);
  const moves = scroll ? [...FORWARD, ...BACKWARD] : FORWARD;
  const fetches = Array.from({ length: 2 + draw.below(5) }, () => `${draw.pick(moves)} FROM c`);
  if (draw.chance(10)) {
    facts.traits.add('cursor WITH HOLD');
    return [
      `DECLARE c CURSOR WITH HOLD FOR ${made.text}`,
      ...(context.unordered ? [] : ['FETCH 3 FROM c']),
      'COMMIT',
      'FETCH ALL FROM c',
      'CLOSE c',
    ];
  }
  const pieces = context.unordered && !made.totalOrder ? ['FETCH ALL FROM c'] : fetches;
  return [
    `DECLARE c ${scroll ? 'SCROLL' : 'NO SCROLL'} CURSOR FOR ${made.text}`,
    ...pieces,
    'CLOSE c',
  ];
}

function newTable(context: Context): string[] {
  const { draw, facts } = context;
  const form = draw.pick(['CREATE TEMP TABLE made AS', 'CREATE MATERIALIZED VIEW made AS']);
  facts.traits.add(form);
  const again = form.includes('VIEW') ? ['REFRESH MATERIALIZED VIEW made'] : [];
  return [`${form} ${query(context).text}`, ...again, 'SELECT * FROM made'];
}

function withinFunction(context: Context): string[] {
  const { draw, facts } = context;
  const form = draw.pick(['RETURN QUERY', 'SQL function', 'FOR loop', 'EXCEPTION']);
  facts.traits.add(`within ${form}`);
  const rows = `SELECT to_jsonb(q) FROM (${query(context).text}) AS q`;
  const bodies: Readonly<Record<string, string>> = {
    'SQL function': rows,
    'RETURN QUERY': `BEGIN RETURN QUERY ${rows}; RETURN QUERY ${rows} LIMIT 2; END`,
    'FOR loop': `DECLARE r jsonb; n int := 0;
      BEGIN
        FOR r IN ${rows} LOOP
          RETURN NEXT r; n := n + 1; EXIT WHEN n = 13;
        END LOOP;
      END`,
    EXCEPTION: `BEGIN RETURN QUERY ${rows};
      EXCEPTION WHEN OTHERS THEN
        RETURN NEXT to_jsonb(SQLSTATE); RETURN NEXT ai_inference('linear', '{1,2,3}'::real[]);
      END`,
  };
  if (form === 'FOR loop') facts.stopsEarly = true;
  const language = form === 'SQL function' ? 'sql' : 'plpgsql';
  return [
    `CREATE FUNCTION pg_temp.f() RETURNS SETOF jsonb LANGUAGE ${language} STABLE AS $f$ ${
      bodies[form]
    } $f$`,
    'SELECT * FROM pg_temp.f()',
  ];
}

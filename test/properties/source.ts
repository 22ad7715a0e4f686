/*
 * What stands in a FROM clause: tables, views, functions, subqueries (LATERAL ones too), named
 * queries and VALUES, joined in every way.
 */
import { call } from './call';
import { condition } from './condition';
import { at, type Context, deeper, freshName, references, within } from './context';
import { expression, predicted } from './expression';
import { prediction } from './prediction';
import { COLUMNS, type Relation, type SqlType, TABLES, type Table } from './schema';
import { type Output, select } from './select';

/** A relation of a FROM clause with its text. */
interface Source {
  readonly text: string;
  readonly relation: Relation;
  /** Has few rows, so that it may be joined without an equality. */
  readonly small: boolean;
}

export interface From {
  readonly text: string;
  readonly relations: readonly Relation[];
}

/** A base table under a name of its own. */
export function tableRelation(context: Context, table: Table): Relation {
  return { alias: freshName(context, 't'), columns: COLUMNS, table: table.name };
}

/** A FROM clause, and what it brings into the scope. */
export function from(context: Context): From {
  const { draw } = context;
  const first = source(context, []);
  let text = first.text;
  const relations = [first.relation];
  let small = first.small;
  const more = draw.weighted([
    [55, 0],
    [35, 1],
    [context.depth > 1 ? 10 : 0, 2],
  ]);
  for (let n = 0; n < more; n += 1) {
    const next = source(context, relations);
    text = `${text} ${join(context, relations, next, small && next.small)}`;
    relations.push(next.relation);
    small = false;
  }
  return { text, relations };
}

/** A join of what stands on the left with one more relation. */
function join(context: Context, left: readonly Relation[], right: Source, free: boolean): string {
  const { draw } = context;
  const lateral = right.text.startsWith('LATERAL');
  const type = draw.weighted([
    [5, 'JOIN'],
    [5, 'LEFT JOIN'],
    [lateral ? 0 : 3, 'RIGHT JOIN'],
    [lateral ? 0 : 2, 'FULL JOIN'],
    [free ? 2 : 0, 'CROSS JOIN'],
  ]);
  context.facts.traits.add(type);
  // A join with an empty side reads no more of the other.
  context.facts.stopsEarly = true;
  if (type === 'CROSS JOIN') return `${type} ${right.text}`;
  const both = within(at(context, `qual of ${type}`), [...left, right.relation]);
  const onlyPrediction = free && type !== 'FULL JOIN' && draw.chance(30);
  const parts = onlyPrediction || lateral ? [] : [equality(both, left, right.relation)];
  if (parts.length === 0 || draw.chance(45)) parts.push(condition({ ...both, depth: 1 }));
  return `${type} ${right.text} ON ${parts.join(' AND ')}`;
}

/** An equality between the two sides of a join; on a prediction now and then. */
function equality(context: Context, left: readonly Relation[], right: Relation): string {
  const { draw } = context;
  const inner = { ...context, outer: [], depth: 1 };
  const keys = (relations: readonly Relation[], names: readonly string[]) =>
    references(
      within(inner, relations),
      ({ name, type }) => type === 'int' && names.includes(name),
    );
  const big = [...left, right].some(({ table }) => table === 'many');
  const names: readonly string[] = big ? ['id'] : draw.pick([['grp'], ['id'], ['a']]);
  const lefts = keys(left, names);
  const rights = keys([right], names);
  if (!big && draw.chance(12)) {
    const side = (relations: readonly Relation[]) =>
      prediction(within({ ...inner, depth: 1 }, relations), 'float8');
    context.facts.traits.add('equality of predictions in a join');
    return `${side(left)} = ${side([right])}`;
  }
  if (rights.length > 0 && draw.chance(8)) {
    // May become the key of an index scan within a nested loop.
    context.facts.traits.add('prediction as a key of a join');
    const value = prediction(within({ ...inner, depth: 1 }, left), 'int');
    return `${value} = ${draw.pick(rights).text}`;
  }
  if (lefts.length === 0 || rights.length === 0) {
    const any = (relations: readonly Relation[]) =>
      references(within(inner, relations), ({ type }) => type === 'int')[0]?.text ?? '1';
    return `${any(left)} = ${any([right])}`;
  }
  return `${draw.pick(lefts).text} = ${draw.pick(rights).text}`;
}

/** One relation; LATERAL ones see those on their left. */
function source(context: Context, left: readonly Relation[]): Source {
  const { draw, depth, named } = context;
  const nested = depth > 0;
  const kind = draw.weighted([
    [16, 'table'],
    [named.length > 0 ? 10 : 0, 'named query'],
    [nested ? 5 : 0, 'subquery in FROM'],
    [nested && left.length > 0 ? 4 : 0, 'LATERAL'],
    [2, 'view'],
    [1, 'function in FROM'],
    [left.length > 0 ? 2 : 0, 'LATERAL function'],
    [1, 'VALUES'],
    [1, 'TABLESAMPLE'],
  ]);
  if (kind !== 'table') context.facts.traits.add(kind);
  switch (kind) {
    case 'named query':
      return namedQuery(context);
    case 'subquery in FROM':
      return subquery(at(context, kind), []);
    case 'LATERAL':
      return subquery(at(context, kind), left);
    case 'view':
      return view(context);
    case 'function in FROM':
      return rowsOfFunction(context);
    case 'LATERAL function':
      return lateralFunction(context, left);
    case 'VALUES':
      return values(at(context, kind));
    default:
      return table(context, kind === 'TABLESAMPLE');
  }
}

function table(context: Context, sampled: boolean): Source {
  // What runs for every row of an outer query reads few rows.
  const tables = TABLES.filter(({ rows }) => rows <= 24 || context.outer.length === 0);
  const chosen = context.draw.weighted(tables.map((t) => [t.weight, t]));
  const relation = tableRelation(context, chosen);
  const sample = sampled ? ' TABLESAMPLE bernoulli (70) REPEATABLE (3)' : '';
  const partitioned = chosen.name === 'parts';
  context.facts.traits.add(partitioned ? 'partitions' : `table ${chosen.name}`);
  return { text: `${chosen.name} AS ${relation.alias}${sample}`, relation, small: chosen.small };
}

function namedQuery(context: Context): Source {
  const query = context.draw.pick(context.named);
  const alias = freshName(context, 't');
  return { text: `${query.alias} AS ${alias}`, relation: { ...query, alias }, small: false };
}

/** What a subquery gives, so that models find their inputs in it. */
const OUTPUTS: readonly Output[] = [
  { type: 'int', name: 'id' },
  { type: 'real[]', role: 'vector' },
  { type: 'float8' },
  { type: 'text', role: 'word' },
  { type: 'jsonb', role: 'document' },
  { type: 'jsonb' },
  { type: 'int', name: 'grp' },
  { type: 'bool' },
];

/** Some columns for a subquery. */
export function drawOutputs(context: Context, most = 4): Output[] {
  const { draw } = context;
  const outputs = OUTPUTS.slice(0, 2);
  for (let n = draw.below(most - 1); n > 0; n -= 1) outputs.push(draw.pick(OUTPUTS.slice(2)));
  return [...new Set(outputs)];
}

function subquery(context: Context, left: readonly Relation[]): Source {
  const lateral = left.length > 0;
  const inner: Context = {
    ...deeper(context),
    scope: [],
    outer: lateral ? [...left, ...context.outer] : context.outer,
  };
  const query = select(inner, drawOutputs(context), 'anywhere');
  const alias = freshName(context, 's');
  const text = `${lateral ? 'LATERAL ' : ''}(${query.text}) AS ${alias}`;
  return { text, relation: { alias, columns: query.columns }, small: false };
}

function view(context: Context): Source {
  const alias = freshName(context, 'v');
  context.facts.calls += 1;
  const name = context.draw.pick(['viewed', 'guarded']);
  const answer = { name: 'answer', type: 'jsonb' } as const;
  const columns = name === 'viewed' ? [...COLUMNS, answer] : COLUMNS;
  return { text: `${name} AS ${alias}`, relation: { alias, columns }, small: false };
}

function rowsOfFunction(context: Context): Source {
  const { draw } = context;
  const alias = freshName(context, 'f');
  context.facts.calls += 1;
  const text = draw.pick(['scored(20)', 'looped(140, 12)', 'looped(1, 5)']);
  return {
    text: `${text} AS ${alias}`,
    relation: {
      alias,
      columns: [
        { name: 'id', type: 'int' },
        { name: 'x', type: 'real[]', role: 'vector' },
        { name: 'y', type: 'float8' },
      ],
    },
    small: false,
  };
}

function lateralFunction(context: Context, left: readonly Relation[]): Source {
  const { draw } = context;
  const alias = freshName(context, 'f');
  const inner = { ...within(at(context, 'argument of a function in FROM'), left), depth: 1 };
  if (draw.chance(40)) {
    const text = `LATERAL generate_series(1, ${expression(inner, 'int')} % 3) AS ${alias} (id)`;
    return { text, relation: { alias, columns: [{ name: 'id', type: 'int' }] }, small: true };
  }
  const text = `LATERAL jsonb_each_text(${call(inner)}) AS ${alias} (key, value)`;
  const columns = ['key', 'value'].map((name) => ({ name, type: 'text' as const }));
  return { text, relation: { alias, columns }, small: true };
}

function values(context: Context): Source {
  const alias = freshName(context, 'v');
  const inner = { ...within(context, []), outer: [], depth: 1 };
  const types: readonly SqlType[] = ['int', 'float8', 'real[]'];
  const rows = [1, 2, 3].map(
    (n) => `(${n}, ${predicted(inner, 'float8')}, '{${n},0.5,-1}'::real[])`,
  );
  const columns = types.map((type, n) => {
    const name = ['id', 'b', 'x'][n] as string;
    return name === 'x' ? { name, type, role: 'vector' as const } : { name, type };
  });
  const names = columns.map(({ name }) => name).join(', ');
  const text = `(VALUES ${rows.join(', ')}) AS ${alias} (${names})`;
  return { text, relation: { alias, columns }, small: true };
}

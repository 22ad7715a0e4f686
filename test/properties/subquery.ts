/*
 * Subqueries in expressions: scalar ones, EXISTS and IN, correlated with the query around them or
 * not.
 */

import { condition } from './condition';
import { at, type Context, references, within } from './context';
import { expression, predicted } from './expression';
import { type Relation, type SqlType, TABLES } from './schema';
import { tableRelation } from './source';

interface Inner {
  readonly context: Context;
  readonly from: string;
  readonly where: string;
}

/** A small table with its condition, and the context of expressions over it. */
function inner(context: Context, place: string, depth: number): Inner {
  const { draw } = context;
  const table = draw.pick(TABLES.filter(({ rows }) => rows <= 24));
  const relation = tableRelation(context, table);
  const nested: Context = {
    ...within(at(context, place), [relation]),
    outer: [...context.scope, ...context.outer],
    depth: Math.min(context.depth, depth),
  };
  const conditions = correlation(nested, relation);
  if (draw.chance(50)) conditions.push(condition(at(nested, 'WHERE')));
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return { context: nested, from: ` FROM ${table.name} AS ${relation.alias}`, where };
}

function correlation(context: Context, { alias }: Relation): string[] {
  const outer = references(
    { ...context, scope: context.outer, outer: [] },
    ({ name, type }) => ['grp', 'id'].includes(name) && type === 'int',
  );
  if (outer.length === 0 || !context.draw.chance(65)) return [];
  const { text, column } = context.draw.pick(outer);
  context.facts.traits.add('correlated subquery');
  return [`${alias}.${column.name} = ${text}`];
}

/** One value, or NULL where the subquery has no row. */
export function scalarSubquery(context: Context, type: SqlType): string {
  const { context: nested, from, where } = inner(context, 'scalar subquery', 1);
  if (type !== 'jsonb' && type !== 'bool' && context.draw.chance(50)) {
    // An aggregate over columns of the outer query alone would belong to that one.
    const value = predicted({ ...nested, outer: [] }, type);
    return `(SELECT ${context.draw.pick(['max', 'min'])}(${value})${from}${where})`;
  }
  const value = predicted(nested, type);
  context.facts.stopsEarly = true;
  return `(SELECT ${value}${from}${where} ORDER BY 1 LIMIT 1)`;
}

export function existsSubquery(context: Context): string {
  context.facts.stopsEarly = true;
  const { context: nested, from, where } = inner(context, 'EXISTS', 2);
  const not = context.draw.pick(['', '', 'NOT ']);
  return `${not}EXISTS (SELECT ${expression(nested, 'int')}${from}${where})`;
}

export function inSubquery(context: Context): string {
  context.facts.stopsEarly = true;
  const type = context.draw.pick<SqlType>(['float8', 'int', 'text']);
  const left = predicted(at(context, 'IN'), type);
  const { context: nested, from, where } = inner(context, 'IN', 1);
  const operator = context.draw.weighted([
    [5, 'IN'],
    [3, 'NOT IN'],
    [1, '> ALL'],
    [1, '< ANY'],
  ]);
  return `${left} ${operator} (SELECT ${predicted(nested, type)}${from}${where})`;
}

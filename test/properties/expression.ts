/*
 * Expressions of a type: columns, constants, operators, guards, subqueries, and predictions
 * wherever one fits.
 */
import { condition } from './condition';
import { at, type Context, deeper } from './context';
import { operation } from './operation';
import { prediction } from './prediction';
import type { SqlType } from './schema';
import { scalarSubquery } from './subquery';
import { columnOf, constant } from './value';

/** Types that an answer can be turned into. */
const PREDICTED: ReadonlySet<SqlType> = new Set(['int', 'float8', 'numeric', 'text', 'jsonb']);

/** An expression over what the context may name. */
export function expression(context: Context, type: SqlType): string {
  if (type === 'bool') return condition(context);
  const { draw, depth } = context;
  const nested = depth > 0;
  const predicted = nested && PREDICTED.has(type);
  const kind = draw.weighted([
    [6, 'column'],
    [3, 'constant'],
    [predicted ? 12 : 0, 'prediction'],
    [nested ? 5 : 0, 'operator'],
    [nested ? 5 : 0, 'guard'],
    [nested ? 1 : 0, 'subquery'],
  ]);
  switch (kind) {
    case 'prediction':
      return prediction(context, type);
    case 'operator':
      return operation(deeper(context), type);
    case 'guard':
      return guard(deeper(context), type);
    case 'subquery':
      return scalarSubquery(deeper(context), type);
    case 'constant':
      return constant(context, type);
    default:
      return columnOf(context, type) ?? constant(context, type);
  }
}

/** An expression with a prediction in it, as far as its type can be had from one. */
export function predicted(context: Context, type: SqlType): string {
  if (!PREDICTED.has(type)) return expression(context, type);
  return context.draw.weighted([
    [7, () => prediction(context, type)],
    [2, () => guard(context, type)],
    [2, () => operation(context, type)],
    [2, () => expression(context, type)],
  ])();
}

/** Expressions that evaluate a part of themselves for some rows only. */
function guard(context: Context, type: SqlType): string {
  const { draw } = context;
  const kind = draw.pick(['CASE', 'COALESCE', 'CASE without ELSE', 'CASE of a value', 'NULLIF']);
  const inside = at(context, kind);
  const part = (): string => predicted(inside, type);
  switch (kind) {
    case 'COALESCE':
      return `coalesce(${columnOf(context, type) ?? part()}, ${part()})`;
    case 'CASE without ELSE':
      return `CASE WHEN ${condition(inside)} THEN ${part()} END`;
    case 'CASE of a value':
      return `CASE ${expression(inside, 'int')} WHEN 1 THEN ${part()} WHEN 2 THEN ${part()}
        ELSE ${constant(context, type)} END`;
    case 'NULLIF':
      return type === 'json' || type === 'jsonb'
        ? part()
        : `nullif(${part()}, ${expression(inside, type)})`;
    default:
      return `CASE WHEN ${condition(inside)} THEN ${part()} ELSE ${expression(inside, type)} END`;
  }
}

/*
 * Conditions: comparisons, boolean operators that stop early, and sublinks.
 */

import { at, type Context, deeper, references } from './context';
import { expression } from './expression';
import { prediction } from './prediction';
import { existsSubquery, inSubquery } from './subquery';

/** An expression of type boolean. */
export function condition(context: Context): string {
  const { draw, depth } = context;
  const nested = depth > 0;
  const kind = draw.weighted([
    [8, 'comparison'],
    [3, 'column'],
    [nested ? 10 : 0, 'prediction'],
    [nested ? 5 : 0, 'AND'],
    [nested ? 4 : 0, 'OR'],
    [nested ? 2 : 0, 'NOT'],
    [nested ? 2 : 0, 'IS NULL'],
    [nested ? 2 : 0, 'EXISTS'],
    [nested ? 2 : 0, 'IN'],
  ]);
  const inner = deeper(context);
  switch (kind) {
    case 'prediction':
      return compared(context);
    case 'AND':
    case 'OR': {
      const parts = [condition(at(inner, kind)), condition(at(inner, kind))];
      return `(${parts.join(` ${kind} `)})`;
    }
    case 'NOT':
      return `(NOT ${condition(at(inner, kind))})`;
    case 'IS NULL':
      return `(${expression(inner, 'float8')} IS ${draw.pick(['', 'NOT '])}NULL)`;
    case 'EXISTS':
      return existsSubquery(inner);
    case 'IN':
      return inSubquery(inner);
    case 'column': {
      const found = references(context, ({ type }) => type === 'bool');
      return found.length === 0 ? 'true' : draw.pick(found).text;
    }
    default:
      return simpleComparison(context);
  }
}

/** A condition without a call. */
export function simpleComparison(context: Context): string {
  const { draw } = context;
  const columns = references(context, ({ type }) => type === 'int' || type === 'float8');
  if (columns.length === 0) return draw.pick(['true', 'false', 'NULL::bool']);
  const { text } = draw.pick(columns);
  return `${text} ${draw.pick(['>', '<', '=', '<>', '>='])} ${draw.pick(['1', '0', '3', '12'])}`;
}

/** A condition on a prediction. */
export function compared(context: Context): string {
  const { draw } = context;
  const number = (): string => expression(deeper(context), 'float8');
  const text = (): string => expression(deeper(context), 'text');
  return draw.weighted([
    [5, () => prediction(context, 'bool')],
    [3, () => `${prediction(context, 'float8')} ${operator(context)} ${number()}`],
    [2, () => `${prediction(context, 'text')} ${operator(context)} ${text()}`],
    [1, () => `${prediction(context, 'jsonb')} @> ${expression(deeper(context), 'jsonb')}`],
    [1, () => `(${prediction(context, 'float8')} IS NULL)`],
    [1, () => `${prediction(context, 'int')} BETWEEN 0 AND ${expression(deeper(context), 'int')}`],
    [1, () => `${prediction(context, 'text')} IN ('red', 'high', '1.25')`],
    [1, () => `(${prediction(context, 'float8')} IS DISTINCT FROM 1.25)`],
    [1, () => rowComparison(context)],
    [1, () => `${prediction(context, 'float8')} = ANY (ARRAY[1.25, ${number()}])`],
  ])();
}

/** Rows are compared column by column, as far as needed. */
function rowComparison(context: Context): string {
  const inner = at(deeper(context), 'row comparison');
  const left = `(${prediction(inner, 'int')}, ${prediction(inner, 'text')})`;
  return `${left} ${operator(context)} (${expression(inner, 'int')}, ${expression(inner, 'text')})`;
}

const operator = ({ draw }: Context): string => draw.pick(['>', '=', '<', '<>', '>=']);

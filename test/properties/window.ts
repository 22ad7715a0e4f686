/*
 * Window functions over predictions: arguments, partitions, orders and frames.
 */

import { groupExpression } from './aggregate';
import { condition } from './condition';
import { at, type Context } from './context';
import { predicted } from './expression';
import { prediction } from './prediction';
import type { SqlType } from './schema';

/** A window function of the type. */
export function windowed(context: Context, type: SqlType): string {
  const { draw, unordered } = context;
  const inner = { ...context, depth: Math.max(1, context.depth) };
  const argument = at(inner, 'window argument');
  if (type === 'jsonb' && (unordered || draw.chance(30))) {
    return `to_jsonb(${windowed(context, 'int')})`;
  }
  if (unordered) return `${overAll(argument, type)} OVER (${partition(inner)})`;
  const value = predicted(argument, type);
  const call = draw.weighted([
    [3, overAll(argument, type)],
    [2, `lag(${value})`],
    [1, `lead(${value}, 2)`],
    [2, `first_value(${value})`],
    [1, `nth_value(${value}, 2)`],
    [type === 'int' ? 3 : 0, 'row_number()'],
    [type === 'int' ? 3 : 0, 'dense_rank()'],
  ]);
  // Window functions that are no aggregates look at the argument of some rows only.
  context.facts.stopsEarly = true;
  context.facts.skipsRows = true;
  const order = draw.chance(60) ? ` ORDER BY ${orderKey(inner)}` : '';
  const frame = draw.chance(25) ? ' ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING' : '';
  return `${call} OVER (${partition(inner)}${order}${frame})`;
}

/** An aggregate that may stand over a window. */
function overAll(context: Context, type: SqlType): string {
  const filter = context.draw.chance(15)
    ? ` FILTER (WHERE ${condition(at(context, 'FILTER'))})`
    : '';
  const value = (): string => predicted(context, type);
  switch (type) {
    case 'int':
      return `count(${value()})${filter}`;
    case 'numeric':
      return `sum(${value()})${filter}`;
    case 'bool':
      return `bool_or(${value()})${filter}`;
    case 'jsonb':
      return `jsonb_agg(${value()})${filter}`;
    default:
      return `max(${value()})${filter}`;
  }
}

function partition(context: Context): string {
  if (!context.draw.chance(60)) return '';
  return `PARTITION BY ${groupExpression(at(context, 'PARTITION BY')).text}`;
}

function orderKey(context: Context): string {
  const type = context.draw.pick<SqlType>(['float8', 'text']);
  return prediction(at(context, 'window ORDER BY'), type);
}

/*
 * Aggregates over predictions: in arguments, DISTINCT, ORDER BY and FILTER; and what rows are
 * grouped by.
 */

import { condition } from './condition';
import { at, type Context, references } from './context';
import { predicted } from './expression';
import { prediction } from './prediction';
import type { SqlType } from './schema';

/** An aggregate of the type. Those that depend on the order of rows say the order. */
export function aggregate(context: Context, type: SqlType): string {
  const { draw } = context;
  const inner = { ...context, depth: Math.max(1, context.depth) };
  const filter = draw.chance(22) ? ` FILTER (WHERE ${condition(at(inner, 'FILTER'))})` : '';
  return `${unfiltered(inner, type)}${filter}`;
}

function unfiltered(context: Context, type: SqlType): string {
  const { draw } = context;
  const argument = (of: SqlType): string => predicted(context, of);
  switch (type) {
    case 'int':
      return draw.pick([
        () => 'count(*)',
        () => `count(${argument('jsonb')})`,
        () => `count(DISTINCT ${argumentOf(context, 'DISTINCT in an aggregate', 'float8')})`,
        () => `max(${argument('int')})`,
      ])();
    case 'numeric':
      return `sum(${argument('numeric')})`;
    case 'text':
      return draw.pick([
        () => `max(${argument('text')})`,
        () => {
          const value = argument('text');
          return `string_agg(${value}, ',' ORDER BY ${value} DESC)`;
        },
      ])();
    case 'bool':
      return `${draw.pick(['bool_or', 'bool_and'])}(${condition(context)})`;
    case 'jsonb':
      return jsonAggregate(context);
    case 'float8':
      return numberAggregate(context);
    default:
      return `max(${argument(type)})`;
  }
}

const argumentOf = (context: Context, place: string, type: SqlType): string =>
  predicted(at(context, place), type);

function numberAggregate(context: Context): string {
  const { draw, unordered } = context;
  const value = (): string => predicted(context, 'float8');
  return draw.weighted([
    // Sums of floats depend on the order; those of the models are exact, others need not be.
    [unordered ? 0 : 4, () => `sum(${value()})`],
    [unordered ? 0 : 3, () => `avg(${value()})`],
    [3, () => `max(${value()})`],
    [3, () => `min(${value()})`],
    [1, () => `percentile_disc(0.5) WITHIN GROUP (ORDER BY ${value()})`],
    [unordered ? 0 : 1, () => `corr(${value()}, ${value()})`],
  ])();
}

function jsonAggregate(context: Context): string {
  const { draw, unordered } = context;
  const order = at(context, 'ORDER BY in an aggregate');
  const value = predicted(context, 'jsonb');
  if (!unordered && draw.chance(40)) return `jsonb_agg(${value})`;
  if (unordered || draw.chance(30)) return `jsonb_agg(${value} ORDER BY ${value})`;
  return `jsonb_agg(${value} ORDER BY ${prediction(order, 'float8')}, ${value})`;
}

/** Something to group by, or to keep apart; never a constant, which would mean a place. */
export function groupExpression(context: Context): { text: string; type: SqlType } {
  const { draw } = context;
  const inner = { ...at(context, 'GROUP BY'), depth: Math.max(1, context.depth) };
  const type = draw.pick<SqlType>(['int', 'float8', 'text', 'jsonb']);
  const columns = references({ ...context, outer: [] }, (column) => column.type === type);
  if (columns.length > 0 && draw.chance(45)) return { text: draw.pick(columns).text, type };
  return { text: prediction(inner, type), type };
}

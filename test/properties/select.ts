/*
 * SELECT in its forms: plain, grouped, with windows, DISTINCT, set operations; with ORDER BY and
 * LIMIT.
 *
 * Where a plan may be parallel, nothing may depend on the order in which rows come: then LIMIT and
 * DISTINCT ON stand over a total order only.
 */
import { aggregate, groupExpression } from './aggregate';
import { compared, condition } from './condition';
import { at, type Context, deeper, references, within } from './context';
import { expression, predicted } from './expression';
import type { Role } from './models';
import { prediction } from './prediction';
import type { Column, SqlType } from './schema';
import { from } from './source';
import { parameter } from './value';
import { windowed } from './window';

/** A column that a query is to give. */
export interface Output {
  readonly type: SqlType;
  readonly role?: Role;
  /** The column's name, where others look for it. */
  readonly name?: string;
}

export interface Query {
  readonly text: string;
  readonly columns: readonly Column[];
  /** Its ORDER BY leaves no choice, but among rows that are the same. */
  readonly totalOrder: boolean;
}

/** Where a query stands: a part of a set operation has no ORDER BY of its own, unless in (). */
export type Position = 'top' | 'anywhere' | 'operand';

const columnName = (output: Output, n: number): string => output.name ?? `c${n + 1}`;

function columnsOf(outputs: readonly Output[]): Column[] {
  return outputs.map((output, n) => {
    const column = { name: columnName(output, n), type: output.type };
    return output.role === undefined ? column : { ...column, role: output.role };
  });
}

/** A query that gives the outputs, over whatever it likes. */
export function select(context: Context, outputs: readonly Output[], position: Position): Query {
  const { draw, depth } = context;
  const form = draw.weighted([
    [10, plain],
    [5, grouped],
    [3, windows],
    [2, distinct],
    [1, distinctOn],
    [depth > 0 && position !== 'operand' ? 3 : 0, setOperation],
  ]);
  return form(context, outputs, position);
}

/** FROM and WHERE, and the context of what is computed over them. */
function base(context: Context): { context: Context; text: string } {
  const { text, relations } = from(context);
  const inner = within(context, relations);
  const where = context.draw.chance(45)
    ? ` WHERE ${condition(at({ ...inner, depth: Math.max(1, inner.depth) }, 'WHERE'))}`
    : '';
  return { context: inner, text: ` FROM ${text}${where}` };
}

/** The value of an output; a role is kept by passing a column on. */
function outputValue(context: Context, output: Output): string {
  if (output.role !== undefined || output.name !== undefined) {
    const { role, type, name } = output;
    const found = references(
      { ...context, outer: [] },
      (column) =>
        column.type === type && (role === undefined ? column.name === name : column.role === role),
    );
    if (found.length > 0) return context.draw.pick(found).text;
    if (role !== undefined) return `NULL::${type}`;
  }
  return predicted(context, output.type);
}

const list = (values: readonly string[], outputs: readonly Output[]): string =>
  values.map((value, n) => `${value} AS ${columnName(outputs[n] as Output, n)}`).join(', ');

function plain(context: Context, outputs: readonly Output[], position: Position): Query {
  const { draw } = context;
  const { context: inner, text } = base(context);
  const target = at(inner, 'target list');
  const values = outputs.map((output) => outputValue(target, output));
  if (position === 'top' && draw.chance(4)) addSetReturning(target, outputs, values);
  const body = `SELECT ${list(values, outputs)}${text}`;
  const ended = ending(inner, body, outputs, position, true);
  const lockable = inner.scope.length === 1 && inner.scope[0]?.table !== undefined;
  if (position !== 'top' || !lockable || !draw.chance(8)) return ended;
  context.facts.traits.add('row locks');
  return { ...ended, text: `${ended.text} FOR ${draw.pick(['SHARE', 'KEY SHARE'])}` };
}

/** Puts a function that returns a set in the place of the last value. */
function addSetReturning(context: Context, outputs: readonly Output[], values: string[]): void {
  const { type } = outputs.at(-1) as Output;
  if (!['int', 'float8', 'jsonb', 'text'].includes(type)) return;
  context.facts.traits.add('set-returning function');
  const inside = at(context, 'argument of a set-returning function');
  values[values.length - 1] = `unnest(ARRAY[${predicted(inside, type)}, NULL])`;
}

function grouped(context: Context, outputs: readonly Output[], position: Position): Query {
  const { draw } = context;
  const { context: inner, text } = base(context);
  const local = { ...inner, outer: [] };
  const keys = Array.from({ length: draw.below(3) }, () => groupExpression(local));
  const aggregated = at(local, 'aggregate argument');
  const values = outputs.map(({ type, role }) => {
    const key = keys.find((k) => k.type === type);
    if (role !== undefined) return aggregatedColumn(local, type, role);
    return key !== undefined && draw.chance(60) ? key.text : aggregate(aggregated, type);
  });
  const having = draw.chance(25)
    ? ` HAVING ${aggregate(at(local, 'HAVING'), 'float8')} ${draw.pick(['>', '<', '<>'])} 1`
    : '';
  const body = `SELECT ${list(values, outputs)}${text}${groupBy(context, keys)}${having}`;
  return ending({ ...inner, scope: [] }, body, outputs, position, false);
}

/** A value of a role for each group. */
function aggregatedColumn(context: Context, type: SqlType, role: Role): string {
  const found = references(context, (column) => column.type === type && column.role === role);
  if (found.length === 0) return `NULL::${type}`;
  const { text } = context.draw.pick(found);
  return type === 'jsonb' ? `jsonb_agg(${text} ORDER BY ${text}) -> 0` : `max(${text})`;
}

function groupBy({ draw, facts }: Context, keys: readonly { text: string }[]): string {
  if (keys.length === 0) return '';
  const texts = keys.map(({ text }) => text);
  const form = draw.weighted([
    [8, ''],
    [1, 'ROLLUP'],
    [1, 'CUBE'],
    [1, 'GROUPING SETS'],
  ]);
  if (form === '') return ` GROUP BY ${texts.join(', ')}`;
  facts.traits.add('grouping sets');
  const sets = form === 'GROUPING SETS' ? [...texts.map((text) => `(${text})`), '()'] : texts;
  return ` GROUP BY ${form} (${sets.join(', ')})`;
}

function windows(context: Context, outputs: readonly Output[], position: Position): Query {
  const { context: inner, text } = base(context);
  const values = outputs.map((output) =>
    context.draw.chance(50)
      ? outputValue(at(inner, 'beside a window'), output)
      : windowed({ ...inner, outer: [] }, output.type),
  );
  return ending(inner, `SELECT ${list(values, outputs)}${text}`, outputs, position, false);
}

function distinct(context: Context, outputs: readonly Output[], position: Position): Query {
  const { context: inner, text } = base(context);
  const values = outputs.map((output) => outputValue(at(inner, 'DISTINCT'), output));
  const body = `SELECT DISTINCT ${list(values, outputs)}${text}`;
  return ending(inner, body, outputs, position, false);
}

function distinctOn(context: Context, outputs: readonly Output[], position: Position): Query {
  if (position === 'operand') return distinct(context, outputs, position);
  const { context: inner, text } = base(context);
  const key = groupExpression(at({ ...inner, outer: [] }, 'DISTINCT ON')).text;
  const values = outputs.map((output) => outputValue(at(inner, 'target list'), output));
  const body = `SELECT DISTINCT ON (${key}) ${list(values, outputs)}${text}`;
  const rest = outputs.map((_, n) => n + 1).join(', ');
  return {
    text: `${body} ORDER BY ${key}, ${rest}`,
    columns: columnsOf(outputs),
    totalOrder: false,
  };
}

function setOperation(context: Context, outputs: readonly Output[], position: Position): Query {
  const { draw } = context;
  const operator = draw.pick(['UNION ALL', 'UNION', 'INTERSECT', 'EXCEPT', 'INTERSECT ALL']);
  const operand = (): string => select(at(deeper(context), operator), outputs, 'operand').text;
  const body = `${operand()} ${operator} ${operand()}`;
  return ending({ ...context, scope: [] }, body, outputs, position, false);
}

/** ORDER BY and LIMIT after a query. `free`: it may be ordered by what is not among its outputs. */
function ending(
  context: Context,
  body: string,
  outputs: readonly Output[],
  position: Position,
  free: boolean,
): Query {
  const { draw, facts } = context;
  const columns = columnsOf(outputs);
  if (position === 'operand') return { text: body, columns, totalOrder: false };
  const all = outputs.map((_, n) => `${n + 1}`).join(', ');
  const order = draw.weighted<string>([
    [position === 'top' ? 5 : 8, ''],
    [4, all],
    [2, `${draw.below(outputs.length) + 1} DESC NULLS LAST`],
    [free && context.depth > 0 ? 4 : 0, 'prediction'],
    [free ? 3 : 0, 'column'],
  ]);
  const by = order === 'prediction' || order === 'column' ? orderBy(context, order) : order;
  const totalOrder = order === all;
  const limited = (!context.unordered || totalOrder) && draw.chance(position === 'top' ? 25 : 15);
  const text = `${body}${by === '' ? '' : ` ORDER BY ${by}`}`;
  if (!limited) return { text, columns, totalOrder };
  facts.stopsEarly = true;
  return { text: `${text}${limit(context, by !== '')}`, columns, totalOrder };
}

function orderBy(context: Context, what: 'prediction' | 'column'): string {
  if (what === 'prediction') {
    const type = context.draw.pick<SqlType>(['float8', 'text', 'jsonb']);
    return `${prediction(at(context, 'ORDER BY'), type)} ${context.draw.pick(['', 'DESC'])}`;
  }
  const columns = references({ ...context, outer: [] }, ({ type }) => type === 'int');
  return columns.length === 0 ? '1' : context.draw.pick(columns).text;
}

function limit(context: Context, ordered: boolean): string {
  const { draw, facts, places } = context;
  for (const place of places) facts.traits.add(`LIMIT within ${place}`);
  facts.traits.add('LIMIT');
  const rows = draw.pick(['3', '1', '0', '7', '20', '33']);
  const count = (draw.chance(50) && parameter(context, 'int', rows)) || rows;
  if (ordered && draw.chance(15)) {
    facts.traits.add('WITH TIES');
    return ` FETCH FIRST (${count}) ROWS WITH TIES`;
  }
  return draw.chance(35) ? ` OFFSET ${draw.pick([1, 5, 18])} LIMIT ${count}` : ` LIMIT ${count}`;
}

/** Conditions for statements that have only a WHERE: UPDATE, DELETE. */
export function whereClause(context: Context): string {
  const { draw } = context;
  const text = draw.weighted([
    [3, () => compared(context)],
    [3, () => condition(context)],
    [2, () => `${expression(context, 'int')} > 1`],
  ])();
  return draw.chance(80) ? ` WHERE ${text}` : '';
}

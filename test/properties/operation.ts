/*
 * Operators and functions over expressions, with those that a batch must not disturb: volatile
 * functions, functions that predict by themselves, system columns, whole rows.
 */
import { type Context, references } from './context';
import { expression } from './expression';
import type { SqlType } from './schema';
import { constant } from './value';

/** An operator or a function that gives the type. */
export function operation(context: Context, type: SqlType): string {
  return context.draw.pick(OPERATIONS[type] ?? [constantOf(type)])(context);
}

type Maker = (context: Context) => string;

const constantOf =
  (type: SqlType): Maker =>
  (context) =>
    constant(context, type);

const part =
  (type: SqlType, render: (text: string) => string): Maker =>
  (context) =>
    render(expression(context, type));

const pair =
  (type: SqlType, render: (one: string, other: string) => string): Maker =>
  (context) =>
    render(expression(context, type), expression(context, type));

const OPERATIONS: Partial<Record<SqlType, readonly Maker[]>> = {
  int: [
    pair('int', (one, other) => `(${one} + ${other})`),
    part('int', (text) => `(${text} % 5)`),
    part('text', (text) => `length(${text})`),
    (context) => division(context),
    (context) => tick(context),
    part('int', (text) => `(ARRAY[4, 5, 6])[${text}]`),
  ],
  float8: [
    pair('float8', (one, other) => `(${one} + ${other})`),
    part('float8', (text) => `abs(${text})`),
    pair('float8', (one, other) => `greatest(${one}, ${other})`),
    (context) => `called(${vector(context)})`,
    (context) => `rescued(${vector(context)})`,
    part('float8', (text) => `${text}::bounded`),
    pair('float8', (one, other) => `(ARRAY[${one}, ${other}])[1]`),
  ],
  numeric: [part('numeric', (text) => `round(${text}, 2)`)],
  text: [
    pair('text', (one, other) => `(${one} || ${other})`),
    part('text', (text) => `upper(${text})`),
    part('float8', (text) => `${text}::text`),
    (context) => ofRow(context),
    pair('float8', (one, other) => `(ARRAY[${one}, ${other}]::text[])[2]`),
  ],
  jsonb: [
    part('float8', (text) => `to_jsonb(${text})`),
    (context) =>
      `jsonb_build_array(${expression(context, 'float8')}, ${expression(context, 'text')})`,
    (context) => `inlined(${vector(context)})`,
  ],
};

/** A division that guards its divisor, or may raise an error. */
function division(context: Context): string {
  const divisor = expression(context, 'int');
  if (!context.risky) return `(12 / nullif(${divisor}, 0))`;
  context.facts.errorSources += 1;
  return `(12 / ${divisor})`;
}

/** A number from a sequence: volatile, and how often it was called is seen at the end. */
export function tick(context: Context): string {
  if (context.unordered) return constant(context, 'int');
  context.facts.traits.add('volatile function');
  return `nextval('ticks')::int`;
}

/** Something of a row besides its columns. */
function ofRow(context: Context): string {
  const tables = context.scope.filter(({ table }) => table !== undefined);
  if (tables.length === 0) return constant(context, 'text');
  const { alias } = context.draw.pick(tables);
  context.facts.traits.add('system columns and whole rows');
  return context.draw.pick([
    `${alias}.tableoid::regclass::text`,
    `${alias}.ctid::text`,
    `${alias}::text`,
  ]);
}

/** An argument for the functions of database.ts. */
function vector(context: Context): string {
  context.facts.traits.add('within a function');
  const columns = references(
    context,
    ({ type, role }) =>
      type === 'real[]' && (role === 'vector' || (context.risky && role === 'bad')),
  );
  if (columns.length === 0) return `'{1,0,2}'::real[]`;
  const found = context.draw.pick(columns);
  if (found.column.role === 'bad') context.facts.errorSources += 1;
  return found.text;
}

/*
 * Inputs of a call: columns as they are, values that the query makes, NULLs, and what no model
 * takes.
 */
import { type Context, deeper, references } from './context';
import { expression } from './expression';
import type { Model, Role } from './models';
import type { SqlType } from './schema';

type Maker = (context: Context, model: Model, whole: boolean) => string;

/** A value for the model's input. */
export function input(
  context: Context,
  model: Model,
  { risk, whole }: { risk: boolean; whole: boolean },
): string {
  const { draw, facts } = context;
  if (draw.chance(3)) {
    facts.traits.add('input: null');
    return model.role === 'word' ? 'NULL::text' : 'NULL::jsonb';
  }
  if (risk) {
    const role: Role = model.role === 'document' ? 'baddocument' : 'bad';
    const bad = references(context, (column) => column.role === role);
    if (bad.length > 0 && model.role !== 'word') {
      facts.traits.add('input: may not fit');
      return draw.pick(bad).text;
    }
  }
  return guarded(context, model.role, plain(context, model, whole));
}

/** Now and then an input that is NULL for some rows. */
function guarded(context: Context, role: Role, text: string): string {
  if (!context.draw.chance(6)) return text;
  context.facts.traits.add('input: null for some rows');
  const value = role === 'word' ? `${text}::text` : text;
  return `CASE WHEN ${expression(deeper(context), 'bool')} THEN ${value} END`;
}

function plain(context: Context, model: Model, whole: boolean): string {
  const { draw } = context;
  const columns = references(context, ({ role }) => role === model.role);
  if (columns.length === 0 || draw.chance(25)) return MADE[model.role](context, model, whole);
  const { text, column } = draw.pick(columns);
  return column.type !== 'text' && draw.chance(15) ? `to_jsonb(${text})` : text;
}

const notNull = (context: Context, type: SqlType, instead: string): string =>
  `coalesce(${expression(deeper(context), type)}, ${instead})`;

/** A row as JSON: a whole one of a relation, or values by name, now and then one of them twice. */
function row(context: Context): string {
  const { draw, facts } = context;
  const value = (type: SqlType): string => expression(deeper(context), type);
  const named = [`'id', ${notNull(context, 'int', '1')}`];
  if (draw.chance(60)) named.push(`'b', ${value(draw.pick<SqlType>(['float8', 'int']))}`);
  if (draw.chance(40)) named.push(`'ok', ${value('bool')}`);
  if (draw.chance(40)) named.push(`'name', ${value('text')}`);
  if (draw.chance(30)) named.push(`'x', ${value('real[]')}`);
  if (draw.chance(20)) named.push(`'b', ${value('numeric')}`);
  const built = `jsonb_build_object(${named.join(', ')})`;
  const rows = context.scope.filter(({ columns }) => columns.some(({ name }) => name === 'id'));
  if (rows.length === 0 || draw.chance(35)) return built;
  facts.traits.add('input: a whole row');
  const { alias } = draw.pick(rows);
  return draw.weighted([
    [8, `to_jsonb(${alias})`],
    [1, `to_json(${alias})`],
    [1, `to_jsonb(${alias}) || ${built}`],
  ]);
}

/** Inputs that a query makes itself. */
const MADE: Readonly<Record<Model['role'], Maker>> = {
  row,
  vector: (context, model) => {
    const { draw } = context;
    const numbers = [0, 1, 2]
      .map((n) => (draw.chance(60) ? notNull(context, 'float8', '0') : `${n}.5`))
      .join(', ');
    return draw.pick([
      `ARRAY[${numbers}]::real[]`,
      `ARRAY[${numbers}]::float8[]`,
      `ARRAY[${numbers}]::numeric[]`,
      `jsonb_build_array(${numbers})`,
      `jsonb_build_object('${model.input}', ARRAY[${numbers}])`,
      `'[1, 0.5, 2]'`,
      '(ARRAY[1, 2, 3]::int4[])',
    ]);
  },
  integers: (context) =>
    context.draw.pick([
      `ARRAY[${notNull(context, 'int', '1')}, 2]`,
      `ARRAY[1, ${notNull(context, 'int', '5')}]::int8[]`,
      `'[7, 8]'::jsonb`,
    ]),
  ragged: (context, _, whole) =>
    context.draw.pick([
      `ARRAY[${notNull(context, 'int', '1')}]::real[]`,
      `array_fill(0.5::real, ARRAY[abs(${notNull(context, 'int', '1')})::int % 4 + 1])`,
      ...(whole ? [`'{{1, 2}, {3, 4}}'::real[]`] : []),
    ]),
  document: (context) => {
    const document = `'{"age": 5, "job": "nurse", "orders": [{"amount": 2}]}'`;
    const whole = context.scope.filter(({ columns }) => columns.some((c) => c.role === 'document'));
    const row = whole.length === 0 ? '' : ` || to_jsonb(${context.draw.pick(whole).alias})`;
    return context.draw.pick([
      `jsonb_build_object('age', ${notNull(context, 'int', '7')}, 'job', 'clerk',
        'orders', '[]'::jsonb)`,
      `${document}::jsonb${row}`,
      document,
    ]);
  },
  // Text that looks like a number would be one.
  word: (context) => `to_jsonb(${notNull(context, 'text', "'none'")}::text)`,
};

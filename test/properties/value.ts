/*
 * The leaves of expressions: columns, constants, parameters.
 */
import { type Context, references } from './context';
import type { Role } from './models';
import type { Column, SqlType } from './schema';

const ROLES: Partial<Record<SqlType, Role>> = {
  'real[]': 'vector',
  'float8[]': 'vector',
  'int4[]': 'integers',
  'int8[]': 'integers',
};

/** A column of the type, if there is one in reach. */
export function columnOf(context: Context, type: SqlType): string | undefined {
  // Arrays go into models, so their role matters; so does that of bad values of any type.
  const suits = ({ type: found, role }: Column): boolean =>
    found === type && (type.endsWith('[]') ? role === ROLES[type] : !role?.startsWith('bad'));
  const found = references(context, suits);
  return found.length === 0 ? undefined : context.draw.pick(found).text;
}

const CONSTANTS: Readonly<Record<SqlType, readonly string[]>> = {
  int: ['1', '0', '3', '-2'],
  float8: ['0.5::float8', '1::float8', '0::float8', '(-1.25)::float8'],
  numeric: ['1.5', '0.25', '2'],
  bool: ['true', 'false'],
  text: [`'red'`, `''`, `'near'`],
  jsonb: [`'{"y": 1}'::jsonb`, `'2.25'::jsonb`, `'null'::jsonb`],
  json: [`'[1, 2, 3]'::json`],
  'real[]': [`'{1,2,3}'::real[]`, `'{0,0.5,1}'::real[]`],
  'float8[]': [`'{1,2,3}'::float8[]`],
  'int4[]': [`'{1,2}'::int4[]`],
  'int8[]': [`'{3,4}'::int8[]`],
};

/** A constant, or a parameter where there are some. */
export function constant(context: Context, type: SqlType): string {
  const { draw } = context;
  const text = draw.chance(8) ? `NULL::${type}` : draw.pick(CONSTANTS[type]);
  return draw.chance(40) ? (parameter(context, type, text) ?? text) : text;
}

/** A parameter of a prepared statement; undefined where there is none to prepare. */
export function parameter(
  { parameters }: Context,
  type: SqlType,
  value: string,
): string | undefined {
  if (parameters === undefined) return undefined;
  parameters.push({ type, value });
  return `$${parameters.length}`;
}

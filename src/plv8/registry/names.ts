/**
 * What a model may be called. A name stands in addresses ('m', 'm:3', 'm@champion'), so the
 * characters that separate their parts cannot be in it.
 */
import { SqlError } from '../lib/errors';

/** As long as a PostgreSQL identifier. */
export const MAX_NAME_BYTES = 63;

/** The length of a string in UTF-8; plv8 has no TextEncoder. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** A name that can be given to a model, or an error that says why it cannot. */
export function checkModelName(name: string | null): string {
  return checkName('model name', name);
}

/** A name that can stand in an address; `what` says in messages what it names. */
export function checkName(what: string, name: string | null): string {
  if (name === null) {
    throw new SqlError('null_value_not_allowed', `${what} must not be null`);
  }
  const bytes = utf8Bytes(name);
  if (bytes === 0) {
    throw new SqlError('invalid_name', `${what} must not be empty`);
  }
  if (bytes > MAX_NAME_BYTES) {
    throw new SqlError('invalid_name', `${what} "${name}" is too long`, {
      detail: `A name has at most ${MAX_NAME_BYTES} bytes, this one has ${bytes}.`,
    });
  }
  if (/[:@]/.test(name)) {
    throw new SqlError('invalid_name', `${what} "${name}" must not contain ":" or "@"`, {
      hint: 'They separate a name from a version, as in "m:3", or from an alias, as in "m@best".',
    });
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds.
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) {
    throw new SqlError('invalid_name', `${what} must not contain control characters`, {
      detail: `The name is ${JSON.stringify(name)}.`,
    });
  }
  return name;
}

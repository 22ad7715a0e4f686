/**
 * Errors that reach the user as SQL errors: a SQLSTATE, a message, DETAIL and HINT.
 *
 * plv8 reads `code`, `detail` and `hint` off the thrown object and wants the code as the integer
 * that PostgreSQL packs a SQLSTATE into. Messages follow PostgreSQL's style: primary message
 * lower-case without a full stop, DETAIL and HINT whole sentences.
 */

/** The conditions that we raise, by PostgreSQL's names. */
export const sqlstates = {
  null_value_not_allowed: '22004',
  numeric_value_out_of_range: '22003',
  invalid_parameter_value: '22023',
  foreign_key_violation: '23503',
  unique_violation: '23505',
  serialization_failure: '40001',
  invalid_name: '42602',
  undefined_function: '42883',
  undefined_object: '42704',
  duplicate_object: '42710',
  object_not_in_prerequisite_state: '55000',
  feature_not_supported: '0A000',
  internal_error: 'XX000',
} as const;

export type Condition = keyof typeof sqlstates;

/** The integer that PostgreSQL packs five characters into, six bits each. */
export function packSqlstate(sqlstate: string): number {
  if (!/^[0-9A-Z]{5}$/.test(sqlstate)) {
    throw new Error(`"${sqlstate}" is not a SQLSTATE`);
  }
  let packed = 0;
  for (let i = 4; i >= 0; i -= 1) {
    packed = packed * 64 + ((sqlstate.charCodeAt(i) - 48) & 0x3f);
  }
  return packed;
}

export interface ErrorParts {
  detail?: string;
  hint?: string;
}

/** An error that the user sees with this SQLSTATE. Its name stays "Error", which plv8 strips. */
export class SqlError extends Error {
  readonly code: number;
  readonly detail: string | undefined;
  readonly hint: string | undefined;

  constructor(condition: Condition, message: string, parts: ErrorParts = {}) {
    super(message);
    this.code = packSqlstate(sqlstates[condition]);
    this.detail = parts.detail;
    this.hint = parts.hint;
  }
}

/** Whether a caught value is an SQL error of this condition, ours or one of a query. */
export function isSqlError(error: unknown, condition: Condition): boolean {
  if (typeof error !== 'object' || error === null) {
    return false;
  }
  const { code, sqlerrcode } = error as { code?: unknown; sqlerrcode?: unknown };
  // Packed on our provider; the five characters where another provider reads them for us.
  const forms: unknown[] = [packSqlstate(sqlstates[condition]), sqlstates[condition]];
  return forms.includes(code) || forms.includes(sqlerrcode);
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

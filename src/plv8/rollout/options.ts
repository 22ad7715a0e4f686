/** The options of the functions that change a rollout, checked one by one. */
import { SqlError } from '../lib/errors';
import { kindOf } from '../registry/options';

export interface RolloutOptions {
  /** Goes on where a check would refuse. */
  readonly force: boolean;
  /** Stands in the history. */
  readonly reason: string | null;
}

const known = {
  force: { type: 'boolean', what: 'true or false' },
  reason: { type: 'string', what: 'a string' },
} as const;

/** The options in a jsonb object, where these keys are allowed; none where it is NULL. */
export function parseRolloutOptions(
  options: unknown,
  allowed: readonly (keyof typeof known)[],
): RolloutOptions {
  const given = options ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw new SqlError('invalid_parameter_value', 'options must be a JSON object', {
      detail: `They are ${kindOf(given)}.`,
    });
  }
  for (const [key, value] of Object.entries(given)) {
    const name = allowed.find((one) => one === key);
    if (name === undefined) {
      throw new SqlError('invalid_parameter_value', `option "${key}" is not known`, {
        hint: `Known options are ${allowed.join(', ')}.`,
      });
    }
    if (typeof value !== known[name].type) {
      throw new SqlError('invalid_parameter_value', `option "${key}" must be ${known[name].what}`, {
        detail: `It is ${kindOf(value)}.`,
      });
    }
  }
  return { force: false, reason: null, ...given };
}

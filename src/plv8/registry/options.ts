/**
 * The options of ai_create_model() and its kin, checked one by one. They come as text, so that the
 * numbers of a specification go back to SQL digit by digit: a jsonb value that passes through
 * JavaScript comes out with the digits of a double.
 */
import { SqlError } from '../lib/errors';

export interface CreateOptions {
  description?: string;
  deploy?: boolean;
  deterministic?: boolean;
  force?: boolean;
  input?: object;
  max_batch_size?: number;
  max_queue_delay_us?: number;
  output?: object;
  preprocess?: string;
  postprocess?: string;
}

/** The checks by option; what an option must be stands in the message. */
const known: Record<keyof CreateOptions, { is: (value: unknown) => boolean; what: string }> = {
  deploy: { is: (value) => typeof value === 'boolean', what: 'true or false' },
  description: { is: (value) => typeof value === 'string', what: 'a string' },
  deterministic: { is: (value) => typeof value === 'boolean', what: 'true or false' },
  force: { is: (value) => typeof value === 'boolean', what: 'true or false' },
  input: { is: isObjectOrArray, what: 'an array of features or an object of inputs' },
  max_batch_size: { is: isCount(1, 65_536), what: 'a whole number from 1 to 65536' },
  max_queue_delay_us: { is: isCount(0, 10_000_000), what: 'a whole number from 0 to 10000000' },
  output: { is: isObject, what: 'an object of output keys' },
  postprocess: { is: isFunctionName, what: 'the name of a function' },
  preprocess: { is: isFunctionName, what: 'the name of a function' },
};

/** The options in the text of a jsonb object; none where it is NULL. */
export function parseCreateOptions(text: string | null): CreateOptions {
  const options: unknown = text === null ? {} : JSON.parse(text);
  if (!isObject(options)) {
    throw new SqlError('invalid_parameter_value', 'options must be a JSON object', {
      detail: `They are ${kindOf(options)}.`,
    });
  }
  for (const [key, value] of Object.entries(options)) {
    const check = Object.hasOwn(known, key) ? known[key as keyof CreateOptions] : undefined;
    if (check === undefined) {
      throw new SqlError('invalid_parameter_value', `option "${key}" is not known`, {
        hint: `Known options are ${Object.keys(known).join(', ')}.`,
      });
    }
    if (!check.is(value)) {
      throw new SqlError('invalid_parameter_value', `option "${key}" must be ${check.what}`, {
        detail: `It is ${kindOf(value)}.`,
      });
    }
  }
  return options as CreateOptions;
}

/** A JSON value's kind, for a message. */
export function kindOf(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  if (Array.isArray(value)) {
    return 'an array';
  }
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function isCount(min: number, max: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && Number(value) >= min && Number(value) <= max;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isObjectOrArray(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function isFunctionName(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

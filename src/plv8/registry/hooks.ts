/**
 * Hooks: functions jsonb -> jsonb of the user that run before and after a model. Their names are
 * resolved by ai_runtime._resolve_hook() in SQL, with the caller's search_path and rights; here
 * stands what happens when that found nothing.
 */
import { SqlError } from '../lib/errors';
import type { CreateOptions } from './options';

export interface ResolvedHooks {
  preprocess: string | null;
  postprocess: string | null;
}

/** The hooks that the options name, schema-qualified, or an error for one that is not there. */
export function checkHooks(
  options: CreateOptions,
  resolved: ResolvedHooks,
): Record<string, string> {
  const hooks: Record<string, string> = {};
  for (const key of ['preprocess', 'postprocess'] as const) {
    const given = options[key];
    if (given === undefined) {
      continue;
    }
    const found = resolved[key];
    if (found === null) {
      throw new SqlError('undefined_function', `${key} function "${given}" does not exist`, {
        hint: 'It must be a function (jsonb) RETURNS jsonb on which you have the right EXECUTE.',
      });
    }
    hooks[key] = found;
  }
  return hooks;
}

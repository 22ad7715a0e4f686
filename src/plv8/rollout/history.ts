/** The history of a model, also of one that was dropped. */
import { SqlError } from '../lib/errors';
import { rows } from '../lib/sql';
import type { RowOf } from '../lib/types';

const columns = {
  at: 'timestamptz',
  by: 'text',
  event: 'text',
  version: 'int4',
  from_state: 'text',
  to_state: 'text',
  alias: 'text',
  sha256: 'text',
  reason: 'text',
} as const;

/** Every event of a model, the latest first, or the error that nothing was ever called so. */
export function history(model: string | null): RowOf<typeof columns>[] {
  if (model === null) {
    return [];
  }
  const found = rows(
    columns,
    `SELECT at, by, event, version, from_state, to_state, alias,
            encode(sha256, 'hex') AS sha256, reason
     FROM ai_runtime.model_events WHERE model = $1 ORDER BY id DESC`,
    [model],
  );
  if (found.length === 0) {
    throw new SqlError('undefined_object', `model "${model}" does not exist`, {
      hint: 'The view ai_models lists the models.',
    });
  }
  return found;
}

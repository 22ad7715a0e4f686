/**
 * Dropping a model: its versions, deployment and aliases go, and with them the bytes that no other
 * version refers to. A statement that is predicting keeps the rows of its own snapshot.
 *
 * Drops run one after another (SHARE UPDATE EXCLUSIVE on model_blobs, which no reader or creator
 * waits for): of two that drop the last two users of the same bytes, the second sees that it is
 * the last. Bytes that a creator has just locked are left alone.
 */
import { isSqlError, SqlError } from '../lib/errors';
import { execute, rows } from '../lib/sql';
import { record } from '../rollout/versions';

const orphans = `
  SELECT blob.sha256 FROM ai_runtime.model_blobs AS blob
  WHERE NOT EXISTS (SELECT FROM ai_runtime.model_versions AS used
                    WHERE used.sha256 = blob.sha256)`;

/** Drops a model; false where there is none and ifExists is set. */
export function dropModel(name: string | null, ifExists: boolean): boolean {
  if (name === null) {
    throw new SqlError('null_value_not_allowed', 'model name must not be null');
  }
  execute('LOCK TABLE ai_runtime.model_blobs IN SHARE UPDATE EXCLUSIVE MODE');
  const locked = execute('SELECT name FROM ai_runtime.models WHERE name = $1 FOR UPDATE', [name]);
  if (locked === 0) {
    if (ifExists) {
      return false;
    }
    throw new SqlError('undefined_object', `model "${name}" does not exist`, {
      hint: 'The view ai_models lists the models.',
    });
  }
  record({ model: name, version: null, event: 'dropped', reason: null });
  deleteModel(name);
  dropOrphans();
  return true;
}

/** Deletes the rows of a model, or says 40001 where its snapshot misses some of them. */
function deleteModel(name: string): void {
  try {
    execute('DELETE FROM ai_runtime.aliases WHERE model = $1', [name]);
    execute('DELETE FROM ai_runtime.deployments WHERE model = $1', [name]);
    execute('DELETE FROM ai_runtime.model_versions WHERE model = $1', [name]);
    execute('DELETE FROM ai_runtime.models WHERE name = $1', [name]);
  } catch (error) {
    if (isSqlError(error, 'foreign_key_violation')) {
      throw new SqlError(
        'serialization_failure',
        `could not drop model "${name}" due to a concurrent change`,
        {
          detail: 'Another transaction changed the same model at the same time.',
          hint: 'Run the transaction again.',
        },
      );
    }
    throw error;
  }
}

/** Deletes bytes without a version (their chunks follow), but those that a creator has locked. */
function dropOrphans(): void {
  for (const { sha256 } of rows({ sha256: 'bytea' }, `${orphans} FOR UPDATE SKIP LOCKED`)) {
    try {
      execute(
        `DELETE FROM ai_runtime.model_blobs WHERE sha256 IN (${orphans} AND blob.sha256 = $1)`,
        [sha256],
      );
    } catch (error) {
      if (!isSqlError(error, 'foreign_key_violation')) {
        throw error;
      }
    }
  }
}

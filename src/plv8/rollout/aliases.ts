/** Aliases and archived versions: names that versions get, and versions that answer no more. */
import { SqlError } from '../lib/errors';
import { execute, maybeOne, one } from '../lib/sql';
import { checkName } from '../registry/names';
import { parseRolloutOptions } from './options';
import { deployedVersion, findVersion, lockModel, move, named, record } from './versions';

/** Lets an alias stand for a version, or drops it for NULL; returns what it stood for before. */
export function setAlias(
  name: string | null,
  aliasName: string | null,
  number: number | null,
): number | null {
  const alias = checkName('alias', aliasName);
  const model = lockModel(name);
  const before = maybeOne(
    { version: 'int4' },
    'SELECT version FROM ai_runtime.aliases WHERE model = $1 AND alias = $2',
    [model, alias],
  );
  if (number === null) {
    dropAlias(model, alias, before?.version ?? null);
  } else {
    pointAlias(model, alias, number);
  }
  return before?.version ?? null;
}

function dropAlias(model: string, alias: string, version: number | null): void {
  if (version === null) {
    throw new SqlError('undefined_object', `model "${model}" has no alias "${alias}"`);
  }
  execute('DELETE FROM ai_runtime.aliases WHERE model = $1 AND alias = $2', [model, alias]);
  record({ model, version, event: 'unaliased', alias, reason: null });
}

function pointAlias(model: string, alias: string, number: number): void {
  const version = findVersion(model, number);
  if (version.state === 'archived') {
    throw new SqlError('object_not_in_prerequisite_state', `${named(version)} is archived`, {
      hint: 'ai_validate_version() brings it back.',
    });
  }
  execute(
    `INSERT INTO ai_runtime.aliases (model, alias, version) VALUES ($1, $2, $3)
     ON CONFLICT (model, alias) DO UPDATE SET version = EXCLUDED.version`,
    [model, alias, number],
  );
  record({ model, version: number, event: 'aliased', alias, reason: null });
}

/** Archives a version: it answers under no address any more. */
export function archiveVersion(
  name: string | null,
  number: number | null,
  json: unknown,
): undefined {
  const { reason } = parseRolloutOptions(json, ['reason']);
  const model = lockModel(name);
  const version = findVersion(model, number);
  const { aliases } = one(
    { aliases: 'text' },
    `SELECT string_agg(format('%I', alias), ', ' ORDER BY alias) AS aliases
     FROM ai_runtime.aliases WHERE model = $1 AND version = $2`,
    [model, version.version],
  );
  if (aliases !== null && deployedVersion(model)?.version !== version.version) {
    throw new SqlError('object_not_in_prerequisite_state', `${named(version)} has an alias`, {
      detail: `It is known as ${aliases}.`,
      hint: 'Let ai_alias() point at another version first, or drop it with NULL.',
    });
  }
  move(version, 'archive', reason);
}

/**
 * Versions as a rollout sees them: found and locked, moved from state to state, each move one row
 * of the history and one notification at commit.
 *
 * Whoever changes anything of a model holds the model's row, so moves of one model come one after
 * another; who predicts waits for nobody.
 */
import { SqlError } from '../lib/errors';
import { execute, maybeOne, rows } from '../lib/sql';
import { type Move, moved, type State } from './states';

export interface Version {
  readonly model: string;
  readonly version: number;
  readonly state: State;
}

/** A version in words, for a message. */
export function named({ model, version }: Version): string {
  return `version ${version} of model "${model}"`;
}

/** Holds the row of a model until the transaction ends, or says that there is none. */
export function lockModel(name: string | null): string {
  if (name === null) {
    throw new SqlError('null_value_not_allowed', 'model name must not be null');
  }
  const found = execute('SELECT name FROM ai_runtime.models WHERE name = $1 FOR NO KEY UPDATE', [
    name,
  ]);
  if (found === 0) {
    throw new SqlError('undefined_object', `model "${name}" does not exist`, {
      hint: 'The view ai_models lists the models.',
    });
  }
  return name;
}

/** A version of a model that is locked, or the error that there is no such version. */
export function findVersion(model: string, version: number | null): Version {
  if (version === null) {
    throw new SqlError('null_value_not_allowed', 'version must not be null');
  }
  const found = maybeOne(
    { state: 'text' },
    'SELECT state FROM ai_runtime.model_versions WHERE model = $1 AND version = $2',
    [model, version],
  );
  if (found === undefined) {
    throw new SqlError('undefined_object', `model "${model}" has no version ${version}`, {
      hint: 'The view ai_model_versions lists the versions.',
    });
  }
  return { model, version, state: found.state as State };
}

/** The version that the bare name answers with, if any. */
export function deployedVersion(model: string): Version | undefined {
  const found = maybeOne(
    { version: 'int4' },
    'SELECT version FROM ai_runtime.deployments WHERE model = $1',
    [model],
  );
  return found === undefined ? undefined : findVersion(model, found.version);
}

/** The version that was deployed before the one that is, if it can be gone back to. */
export function previousVersion(model: string): Version | undefined {
  const [found] = rows(
    { version: 'int4' },
    `SELECT version.version
     FROM ai_runtime.model_versions AS version
       JOIN ai_runtime.model_events AS event
         ON event.model = version.model AND event.version = version.version
     WHERE version.model = $1 AND version.state = 'superseded' AND event.to_state = 'superseded'
     ORDER BY event.id DESC
     LIMIT 1`,
    [model],
  );
  return found === undefined ? undefined : findVersion(model, found.version);
}

/** Moves a version on and writes that down; returns it in its new state. */
export function move(version: Version, by: Move, reason: string | null, force = false): Version {
  const to = moved(named(version), version.state, by, force);
  execute(
    `UPDATE ai_runtime.model_versions
     SET state = $3, state_at = now(), state_by = session_user
     WHERE model = $1 AND version = $2`,
    [version.model, version.version, to],
  );
  record({ ...version, event: to, from: version.state, to, reason });
  return { ...version, state: to };
}

/** One row of the history. */
export interface ModelEvent {
  readonly model: string;
  readonly version: number | null;
  readonly event: string;
  readonly from?: State;
  readonly to?: State;
  readonly alias?: string;
  readonly reason: string | null;
}

/** Adds a row to the history, and tells those who listen once it is committed. */
export function record({ model, version, event, from, to, alias, reason }: ModelEvent): void {
  execute(
    `INSERT INTO ai_runtime.model_events
       (model, version, event, from_state, to_state, alias, sha256, reason, by)
     SELECT $1, $2, $3, $4, $5, $6,
            (SELECT sha256 FROM ai_runtime.model_versions WHERE model = $1 AND version = $2),
            $7, session_user`,
    [model, version, event, from ?? null, to ?? null, alias ?? null, reason],
  );
  execute(
    `SELECT pg_notify('ai_model_events',
              jsonb_build_object('model', $1::text, 'version', $2::int4, 'event', $3::text)::text)
     WHERE current_setting('ai_runtime.notify_events')::bool`,
    [model, version, event],
  );
}

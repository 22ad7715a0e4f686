/**
 * Which version a name answers with: validating, deploying, and going back.
 *
 * Everything is rows of the caller's transaction. A deployment is seen by statements whose snapshot
 * is younger than its commit; rolled back, it was never there.
 */
import { SqlError } from '../lib/errors';
import { execute, one } from '../lib/sql';
import { type Contract, contractOf, differences } from './compatibility';
import { parseRolloutOptions } from './options';
import {
  deployedVersion,
  findVersion,
  lockModel,
  move,
  named,
  previousVersion,
  type Version,
} from './versions';

/** Validates a version: it can take the place of the one that is deployed, or force says so. */
export function validateVersion(
  name: string | null,
  number: number | null,
  json: unknown,
): undefined {
  const { force, reason } = parseRolloutOptions(json, ['force', 'reason']);
  const version = findVersion(lockModel(name), number);
  validate(version, force, reason);
}

/** Lets the bare name answer with this version; returns the one that it answered with before. */
export function deployVersion(
  name: string | null,
  number: number | null,
  strategy: string | null,
  json: unknown,
): number | null {
  const { force, reason } = parseRolloutOptions(json, ['force', 'reason']);
  if (strategy !== 'immediate') {
    throw new SqlError('invalid_parameter_value', `strategy "${strategy}" is not known`, {
      hint: 'The strategy is "immediate".',
    });
  }
  return deploy(findVersion(lockModel(name), number), force, reason)?.version ?? null;
}

/** Deploys a version that was just created by whoever holds its model. */
export function deployNew(name: string, number: number, force: boolean): void {
  deploy(findVersion(name, number), force, null);
}

/** Goes back to the version that was deployed before; returns its number. */
export function rollBack(name: string | null, json: unknown): number {
  const { reason } = parseRolloutOptions(json, ['reason']);
  const model = lockModel(name);
  const current = deployedVersion(model);
  const previous = previousVersion(model);
  if (current === undefined || previous === undefined) {
    throw new SqlError(
      'object_not_in_prerequisite_state',
      `model "${model}" has no version to go back to`,
      { hint: 'ai_history() lists what was deployed; ai_deploy() deploys any version.' },
    );
  }
  move(current, 'roll_back', reason);
  move(previous, 'restore', reason);
  answerWith(previous);
  return previous.version;
}

function validate(version: Version, force: boolean, reason: string | null): Version {
  const current = deployedVersion(version.model);
  if (current !== undefined && current.version !== version.version && !force) {
    const found = differences(contract(current), contract(version));
    if (found.length > 0) {
      throw new SqlError(
        'object_not_in_prerequisite_state',
        `${named(version)} cannot take the place of version ${current.version}`,
        {
          detail: found.join(' '),
          hint: 'Give it another name, or set the option "force" if no caller depends on it.',
        },
      );
    }
  }
  return move(version, 'validate', reason);
}

function deploy(version: Version, force: boolean, reason: string | null): Version | undefined {
  const current = deployedVersion(version.model);
  const ready = version.state === 'created' ? validate(version, force, reason) : version;
  const deployed = move(ready, 'deploy', reason, force);
  if (current !== undefined) {
    move(current, 'supersede', reason);
  }
  answerWith(deployed);
  return current;
}

function answerWith({ model, version }: Version): void {
  execute(
    `INSERT INTO ai_runtime.deployments (model, version, deployed_by)
     VALUES ($1, $2, session_user)
     ON CONFLICT (model) DO UPDATE
       SET version = EXCLUDED.version, deployed_at = now(), deployed_by = EXCLUDED.deployed_by`,
    [model, version],
  );
}

function contract({ model, version }: Version): Contract {
  const { signature, spec } = one(
    { signature: 'jsonb', spec: 'jsonb' },
    'SELECT signature, spec FROM ai_runtime.model_versions WHERE model = $1 AND version = $2',
    [model, version],
  );
  return contractOf(signature, spec);
}

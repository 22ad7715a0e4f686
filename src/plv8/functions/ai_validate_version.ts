import { defineFunction } from '../lib/define';
import { validateVersion } from '../rollout/deploy';

/** ai_validate_version(model, version, options): makes a version ready to be deployed. */
export default defineFunction(
  {
    name: 'ai_validate_version',
    args: { model: 'text', version: 'int4', options: { type: 'jsonb', default: `'{}'` } },
    returns: 'void',
    volatility: 'volatile',
    parallel: 'unsafe',
    strict: false,
    security: 'definer',
    comment: 'Checks that a version can take the place of the deployed one, and marks it validated',
    grants: ['ai_runtime_deployer'],
  },
  ({ model, version, options }) => validateVersion(model, version, options),
);

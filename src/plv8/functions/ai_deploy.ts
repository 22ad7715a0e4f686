import { defineFunction } from '../lib/define';
import { deployVersion } from '../rollout/deploy';

/** ai_deploy(model, version, strategy, options): what the bare name answers with from now on. */
export default defineFunction(
  {
    name: 'ai_deploy',
    args: {
      model: 'text',
      version: 'int4',
      strategy: { type: 'text', default: `'immediate'` },
      options: { type: 'jsonb', default: `'{}'` },
    },
    returns: 'int4',
    volatility: 'volatile',
    parallel: 'unsafe',
    strict: false,
    security: 'definer',
    comment: 'Deploys a version of a model; returns the version that was deployed before, or NULL',
    grants: ['ai_runtime_deployer'],
  },
  ({ model, version, strategy, options }) => deployVersion(model, version, strategy, options),
);

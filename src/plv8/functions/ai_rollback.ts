import { defineFunction } from '../lib/define';
import { rollBack } from '../rollout/deploy';

/** ai_rollback(model, options): back to the version that was deployed before this one. */
export default defineFunction(
  {
    name: 'ai_rollback',
    args: { model: 'text', options: { type: 'jsonb', default: `'{}'` } },
    returns: 'int4',
    volatility: 'volatile',
    parallel: 'unsafe',
    strict: false,
    security: 'definer',
    comment: 'Goes back to the version that was deployed before; returns its number',
    grants: ['ai_runtime_deployer'],
  },
  ({ model, options }) => rollBack(model, options),
);

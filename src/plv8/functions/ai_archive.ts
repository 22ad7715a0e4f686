import { defineFunction } from '../lib/define';
import { archiveVersion } from '../rollout/aliases';

/** ai_archive(model, version, options): a version that answers no more, but is kept. */
export default defineFunction(
  {
    name: 'ai_archive',
    args: { model: 'text', version: 'int4', options: { type: 'jsonb', default: `'{}'` } },
    returns: 'void',
    volatility: 'volatile',
    parallel: 'unsafe',
    strict: false,
    security: 'definer',
    comment: 'Archives a version that is not deployed: it is kept, and answers no more',
    grants: ['ai_runtime_deployer'],
  },
  ({ model, version, options }) => archiveVersion(model, version, options),
);

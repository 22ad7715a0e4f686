import { defineFunction } from '../lib/define';
import { setAlias } from '../rollout/aliases';

/** ai_alias(model, alias, version): what the address "model@alias" stands for. */
export default defineFunction(
  {
    name: 'ai_alias',
    args: { model: 'text', alias: 'text', version: 'int4' },
    returns: 'int4',
    volatility: 'volatile',
    parallel: 'unsafe',
    strict: false,
    security: 'definer',
    comment: 'Lets an alias stand for a version, NULL drops it; returns what it stood for before',
    grants: ['ai_runtime_deployer'],
  },
  ({ model, alias, version }) => setAlias(model, alias, version),
);

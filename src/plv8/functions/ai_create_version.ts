import { defineFunction } from '../lib/define';
import { storedModel } from '../registry/model_arguments';
import { createVersion } from '../registry/versions';

/** ai_create_version(name, model, options): the next version of a model, not yet deployed. */
export default defineFunction(
  {
    name: 'ai_create_version',
    args: {
      name: 'text',
      model: 'bytea',
      options: { type: 'jsonb', default: `'{}'` },
    },
    returns: 'int4',
    volatility: 'volatile',
    parallel: 'unsafe',
    strict: false,
    security: 'definer',
    core: storedModel('ai_runtime._store_model(model)'),
    comment: 'Creates the next version of a model; deployed only with the option "deploy": true',
    grants: ['ai_runtime_deployer'],
  },
  createVersion,
);

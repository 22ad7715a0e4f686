import { defineFunction } from '../lib/define';
import { dropModel } from '../registry/drop';

/** ai_drop_model(name, if_exists): the end of a model and of the bytes that only it used. */
export default defineFunction(
  {
    name: 'ai_drop_model',
    args: {
      name: 'text',
      if_exists: { type: 'bool', default: 'false' },
    },
    returns: 'bool',
    volatility: 'volatile',
    parallel: 'unsafe',
    strict: false,
    security: 'definer',
    comment: 'Drops a model with all its versions; false where if_exists is set and there is none',
    grants: ['ai_runtime_deployer'],
  },
  ({ name, if_exists }) => dropModel(name, if_exists ?? false),
);

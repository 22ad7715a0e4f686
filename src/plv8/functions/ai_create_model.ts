import { defineFunction } from '../lib/define';
import { storedModel } from '../registry/model_arguments';
import { createModel } from '../registry/versions';

/** ai_create_model(name, model, options): a new model, its bytes as version 1. */
export default defineFunction(
  {
    name: 'ai_create_model',
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
    comment: 'Creates a model from the bytes of an ONNX file; returns its version, 1, deployed',
    grants: ['ai_runtime_deployer'],
  },
  createModel,
);

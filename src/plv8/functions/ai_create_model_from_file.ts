import { defineFunction } from '../lib/define';
import { storedModel } from '../registry/model_arguments';
import { createModel } from '../registry/versions';

/**
 * ai_create_model_from_file(name, path, options): a new model from a file of the database server.
 * The wrapper reads the file with its caller's rights, which must include pg_read_server_files.
 */
export default defineFunction(
  {
    name: 'ai_create_model_from_file',
    args: {
      name: 'text',
      path: 'text',
      options: { type: 'jsonb', default: `'{}'` },
    },
    returns: 'int4',
    volatility: 'volatile',
    parallel: 'unsafe',
    strict: false,
    security: 'definer',
    core: storedModel('ai_runtime._store_model_from_file(path)'),
    comment: 'Creates a model from an ONNX file on the database server; needs pg_read_server_files',
    grants: ['ai_runtime_deployer'],
  },
  createModel,
);

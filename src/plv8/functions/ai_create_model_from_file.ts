import { defineFunction } from '../lib/define';
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
    core: {
      name: 'text',
      sha256: { type: 'bytea', from: 'ai_runtime._store_model_from_file(path)' },
      options: { type: 'text', from: 'options::pg_catalog.text' },
      preprocess: { type: 'text', from: `ai_runtime._resolve_hook(options, 'preprocess')` },
      postprocess: { type: 'text', from: `ai_runtime._resolve_hook(options, 'postprocess')` },
    },
    comment: 'Creates a model from an ONNX file on the database server; needs pg_read_server_files',
    grants: ['ai_runtime_deployer'],
  },
  createModel,
);

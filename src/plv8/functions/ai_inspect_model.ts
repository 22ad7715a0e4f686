import { defineFunction } from '../lib/define';
import { describeModel } from '../registry/signature';

/** ai_inspect_model(model): what a model takes and gives, without storing it. */
export default defineFunction(
  {
    name: 'ai_inspect_model',
    args: { model: 'bytea' },
    returns: 'jsonb',
    volatility: 'volatile',
    parallel: 'restricted',
    strict: true,
    security: 'definer',
    coreName: '_describe_model',
    core: {
      signature: { type: 'jsonb', from: 'ai_runtime._inspect_model(model)' },
      sha256: {
        type: 'text',
        from: `pg_catalog.encode(pg_catalog.sha256(model), 'hex')`,
      },
      size_bytes: { type: 'int4', from: 'pg_catalog.octet_length(model)' },
    },
    comment: 'Signature, size and sha256 of an ONNX model that need not be in the registry',
    grants: ['ai_runtime_deployer'],
  },
  ({ signature, sha256, size_bytes }) => describeModel(signature, sha256, size_bytes),
);

import { defineFunction } from '../lib/define';
import { checkHealth } from '../monitoring/health';

/** ai_health(): one row a check, never an error. */
export default defineFunction(
  {
    name: 'ai_health',
    args: {},
    returns: { table: { name: 'text', ok: 'bool', detail: 'text', hint: 'text' } },
    volatility: 'volatile',
    parallel: 'restricted',
    strict: false,
    security: 'definer',
    rows: 8,
    comment: 'Checks of the whole installation, one row each, with a hint where one fails',
    grants: ['ai_runtime_predictor', 'pg_monitor'],
  },
  checkHealth,
);

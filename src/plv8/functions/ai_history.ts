import { defineFunction } from '../lib/define';
import { history } from '../rollout/history';

/** ai_history(model): what was done to a model, the latest first. */
export default defineFunction(
  {
    name: 'ai_history',
    args: { model: 'text' },
    returns: {
      table: {
        at: 'timestamptz',
        by: 'text',
        event: 'text',
        version: 'int4',
        from_state: 'text',
        to_state: 'text',
        alias: 'text',
        sha256: 'text',
        reason: 'text',
      },
    },
    volatility: 'stable',
    parallel: 'restricted',
    strict: false,
    security: 'definer',
    rows: 20,
    comment: 'What was done to a model and its versions, by whom and why, the latest first',
    grants: ['ai_runtime_predictor', 'pg_monitor'],
  },
  ({ model }) => history(model),
);

/*
 * The demo's last steps: what there is to look at, what an error looks like, and what to try
 * next.
 */
import { MODEL } from './data';
import type { Session } from './session';
import { check, say } from './terminal';

/** Shows the views and the health checks. */
export async function showViews(session: Session): Promise<void> {
  await session.show('SELECT name, deployed_version, versions, created_by FROM ai_models');
  await session.showOne(`SELECT model, version, deployed, size_bytes, inputs, outputs, opset,
  ir_version, producer, left(sha256, 16) AS sha256
FROM ai_model_versions WHERE model = '${MODEL}'`);
  const server = await session.showOne(`SELECT state, pid, restarts, version, ort_version,
  pg_size_pretty(rss_bytes) AS memory, sessions, connections, last_error
FROM ai_stat_server`);
  check(server.rows[0]?.[0] === 'running', 'the server runs');
  await session.show(`SELECT model, version, inference_count, execution_count, failure_count,
  round(compute_infer_duration_us::numeric / nullif(execution_count, 0), 1) AS "infer, us"
FROM ai_stat_models WHERE model = '${MODEL}'`);
  const health = await session.show('SELECT * FROM ai_health()');
  const ok = health.columns.indexOf('ok');
  check(
    health.rows.length > 0 && health.rows.every((row) => row[ok] === 't'),
    'every health check passes',
  );
}

/** Shows that a wrong input says what is wrong with it. */
export async function showMistake(session: Session): Promise<void> {
  const error = await session.showError(`SELECT ai_inference('${MODEL}',
  to_jsonb(c) || '{"job": "astronaut"}') FROM demo.calls AS c LIMIT 1`);
  check(
    error !== null && error.hint !== undefined && error.message.includes(MODEL),
    `the error names the model and has a hint (SQLSTATE ${error?.code ?? 'none'})`,
  );
  const alive = await session.value('SELECT 1');
  check(alive === '1', 'the session lives on');
}

/** Says what to type next. */
export function showNext(): void {
  say();
  say('What to try next: npm run db:psql, and there');
  for (const line of [
    "SELECT ai_inference('bank_marketing:1', to_jsonb(c)) FROM demo.calls AS c WHERE id = 42;",
    "UPDATE demo.leads SET balance = 9000 WHERE id = 2 RETURNING ai_inference('bank_marketing'," +
      " to_jsonb(leads)) -> 'interest';",
    'SELECT job, avg(probability) FROM demo.scores JOIN demo.calls USING (id)' +
      ' GROUP BY job ORDER BY 2 DESC;',
    "SELECT jsonb_pretty(signature) FROM ai_model_versions WHERE model = 'bank_marketing';",
    "SELECT jsonb_pretty(ai_inspect_model(pg_read_binary_file('/path/to/your/model.onnx')));",
  ]) {
    say(`  ${line}`);
  }
  say('Or from the shell: npm run db:psql -- -c "SELECT * FROM ai_health()".');
  say('The cluster keeps running; npm run db:stop stops it.');
}

/*
 * The demo's step that kills the inference server with SIGKILL while another session is scoring
 * the whole table, and shows that nobody is the poorer for it.
 */
import { MODEL } from './data';
import { Session } from './session';
import { check, say, seconds, showSql } from './terminal';

const ROWS_BEFORE_KILL = 3000;
const BACK_WITHIN_MS = 5000;
const POLL_LIMIT_MS = 20_000;

/** Kills the server in the middle of a query of a second session. */
export async function killServer(session: Session): Promise<void> {
  const total = await session.value('SELECT count(*) FROM demo.calls');
  const before = await session.show('SELECT state, pid, restarts FROM ai_stat_server');
  const pid = Number(before.rows[0]?.[1]);
  const other = await Session.open();
  const sql = `SELECT count(*) AS rows, count(answer ->> 'probability') AS answers
FROM (SELECT ai_inference('${MODEL}', to_jsonb(c)) AS answer FROM demo.calls AS c OFFSET 0) AS s`;
  say();
  say('   A second session begins to score the whole table:');
  showSql(`${sql};`);
  let running = true;
  const query = other.query(sql).finally(() => {
    running = false;
  });
  query.catch(() => undefined);

  await until(session, inferred(await inferredNow(session)), () => running);
  check(running, `it has scored more than ${ROWS_BEFORE_KILL} rows and is still at it`);
  process.kill(pid, 'SIGKILL');
  const killedAt = performance.now();
  say(`   kill -9 ${pid}`);

  await until(session, `SELECT state = 'running' AND pid <> ${pid} FROM ai_stat_server`);
  const backMs = performance.now() - killedAt;
  const stillRunning = running;
  const { columns, rows, durationMs } = await query;
  await other.end();
  check(backMs < BACK_WITHIN_MS, `a new server runs ${seconds(backMs)} later`);
  say(`   The query ${stillRunning ? 'went on and ' : ''}ended after ${seconds(durationMs)}:`);
  say(`     ${columns.join(' | ')}`);
  say(`     ${rows[0]?.join(' | ')}`);
  check(rows[0]?.join() === `${total},${total}`, 'every row was answered; nobody saw an error');
  const after = await session.show('SELECT state, pid, restarts FROM ai_stat_server');
  const restarts = (result: typeof before): number => Number(result.rows[0]?.[2]);
  check(restarts(after) === restarts(before) + 1, 'the server was restarted once');
}

/** The condition that the server has answered enough rows since. */
function inferred(since: number): string {
  return `SELECT inference_count >= ${since + ROWS_BEFORE_KILL} FROM ai_stat_models
    WHERE model = '${MODEL}' AND version = 1`;
}

async function inferredNow(session: Session): Promise<number> {
  return Number(
    await session.value(`SELECT inference_count FROM ai_stat_models
      WHERE model = '${MODEL}' AND version = 1`),
  );
}

/** Asks until the statement says t, or there is no more use in it. */
async function until(session: Session, sql: string, useful = () => true): Promise<void> {
  const started = performance.now();
  while ((await session.value(sql)) !== 't' && useful()) {
    if (performance.now() - started > POLL_LIMIT_MS) {
      throw new Error(`not within ${seconds(POLL_LIMIT_MS)}: ${sql}`);
    }
    await session.query('SELECT pg_sleep(0.005)');
  }
}

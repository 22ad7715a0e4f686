/*
 * The demo's steps that predict: held-out rows with their figures, and a trigger that scores what
 * is inserted.
 */
import type { BankModel } from '../../test/fixtures/bank_model';
import { MODEL } from './data';
import type { Session } from './session';
import { check, say } from './terminal';

/** Below these the model, or the way of a row to it, is broken. */
const MIN_AUC = 0.75;
const MAX_DEVIATION = 0.002;

/** Scores the held-out rows and measures the answers in SQL. */
export async function scoreHeldOut(session: Session, model: BankModel): Promise<void> {
  await session.show(`SELECT id, age, job, month, ai_inference('${MODEL}', to_jsonb(c)) AS answer
FROM demo.calls AS c WHERE held_out ORDER BY id LIMIT 5`);
  const scored = await session.run(`CREATE TABLE demo.scores AS
WITH answers AS MATERIALIZED (
  SELECT id, subscribed, ai_inference('${MODEL}', to_jsonb(c)) AS answer
  FROM demo.calls AS c WHERE held_out)
SELECT id, subscribed, (answer ->> 'probability')::float8 AS probability,
  answer ->> 'label' AS label, answer ->> 'interest' AS interest
FROM answers`);
  const heldOut = model.heldOut.filter(Boolean).length;
  const rate = Math.round(heldOut / (scored.durationMs / 1000));
  say(`   ${heldOut} rows in ${Math.round(scored.durationMs)} ms: ${rate} rows/s, one by one`);
  const holes = await session.value(`SELECT count(*) FROM demo.scores
    WHERE probability IS NULL OR label IS NULL OR interest IS NULL`);
  check(scored.tag.endsWith(` ${heldOut}`) && holes === '0', `${heldOut} rows, an answer for each`);
  await showFigures(session, model);
  const levels = await session.show(`SELECT interest, count(*) AS calls,
  round(100 * avg(subscribed::int), 1) AS "subscribed, %"
FROM demo.scores GROUP BY interest ORDER BY 3 DESC`);
  const shares = levels.rows.map((row) => Number(row[2]));
  check(
    levels.rows.map((row) => row[0]).join() === 'high,medium,low' &&
      (shares[0] ?? 0) > 3 * (shares[2] ?? 0),
    'who the model calls interested subscribes far more often',
  );
}

/** Accuracy and area under the curve, computed by PostgreSQL from the answers. */
async function showFigures(session: Session, model: BankModel): Promise<void> {
  const { rows } = await session.show(`WITH ranked AS (
  SELECT *, rank() OVER (ORDER BY probability)
    + (count(*) OVER (PARTITION BY probability) - 1) / 2.0 AS rank
  FROM demo.scores)
SELECT round(avg(((label = 'yes') = subscribed)::int), 4) AS accuracy,
  round(greatest(avg(subscribed::int), 1 - avg(subscribed::int)), 4) AS "always no",
  round((sum(rank) FILTER (WHERE subscribed)
      - count(*) FILTER (WHERE subscribed) * (count(*) FILTER (WHERE subscribed) + 1) / 2.0)
    / (count(*) FILTER (WHERE subscribed) * count(*) FILTER (WHERE NOT subscribed)), 4) AS auc,
  0.5 AS "auc of a coin"
FROM ranked`);
  const [accuracy = 0, baseline = 0, auc = 0] = (rows[0] ?? []).map(Number);
  check(auc >= MIN_AUC, `area under the curve ${auc}, at least ${MIN_AUC}`);
  check(accuracy > baseline, `accuracy ${accuracy}, above the ${baseline} of always saying no`);
  check(
    Math.abs(auc - model.auc) < MAX_DEVIATION &&
      Math.abs(accuracy - model.accuracy) < MAX_DEVIATION,
    `the same as measured in training: ${model.auc.toFixed(4)} and ${model.accuracy.toFixed(4)}`,
  );
}

/** Shows how PostgreSQL plans a query that predicts. */
export async function explain(session: Session): Promise<void> {
  const sql = `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF)
SELECT id, ai_inference('${MODEL}', to_jsonb(c)) FROM demo.calls AS c WHERE held_out`;
  const plan = await session.show(sql);
  check(plan.rows.length > 0, 'it is a plan like any other');
}

/** Scores rows as they are inserted. */
export async function scoreByTrigger(session: Session): Promise<void> {
  await session.run(`CREATE TABLE demo.leads (LIKE demo.calls);
ALTER TABLE demo.leads ALTER held_out DROP NOT NULL,
  ADD probability float8, ADD interest text`);
  await session.run(`CREATE FUNCTION demo.score_lead() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  answer jsonb := ai_inference('${MODEL}', to_jsonb(NEW));
BEGIN
  NEW.probability := answer ->> 'probability';
  NEW.interest := answer ->> 'interest';
  RETURN NEW;
END $$`);
  await session.run(`CREATE TRIGGER score_lead BEFORE INSERT ON demo.leads
  FOR EACH ROW EXECUTE FUNCTION demo.score_lead()`);
  await session.show(`INSERT INTO demo.leads (id, age, job, marital, education, in_default, balance,
  housing, loan, contact, day, month, campaign, pdays, previous, poutcome)
VALUES (1, 71, 'retired', 'married', 'secondary', false, 4200, false, false,
    'cellular', 12, 'oct', 1, 92, 2, 'success'),
  (2, 34, 'blue-collar', 'married', 'primary', false, -180, true, true,
    'unknown', 20, 'may', 6, -1, 0, 'unknown'),
  (3, 22, 'student', 'single', 'tertiary', false, 950, false, false,
    'cellular', 3, 'mar', 1, -1, 0, 'unknown')
RETURNING id, age, job, round(probability::numeric, 3) AS probability, interest`);
  await session.run(`INSERT INTO demo.leads
SELECT * FROM demo.calls WHERE held_out ORDER BY id LIMIT 1000`);
  const compared = await session.show(`SELECT count(*) AS rows, count(l.probability) AS scored,
  count(*) FILTER (WHERE l.probability = s.probability) AS "as by the query"
FROM demo.leads AS l JOIN demo.scores AS s USING (id) WHERE l.held_out`);
  check(
    compared.rows[0]?.join() === '1000,1000,1000',
    'the trigger gave 1000 rows the same answers as the query, bit for bit',
  );
  const own = await session.value(
    'SELECT count(*) FROM demo.leads WHERE held_out IS NULL AND probability BETWEEN 0 AND 1',
  );
  check(own === '3', 'and the three new customers theirs');
}

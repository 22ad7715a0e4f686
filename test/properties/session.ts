/*
 * A connection that runs scenarios, one way or the other, and notes all that comes back: rows,
 * the error, the plans that were executed (by auto_explain, so nested ones too), and what the
 * planner says at DEBUG1.
 */
import pg from 'pg';
import { connect } from './database';
import { callsOf, type PlanNode, planOf, shapeOf } from './plan';
import type { Scenario } from './scenario';

/** The setting that tells the two ways of a scenario apart. */
export const SWITCH = 'ai_runtime.enable_batch_scan';

export interface Result {
  readonly tag: string;
  readonly rows: readonly string[];
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  /** The place of the statement that failed. */
  readonly statement: number;
}

export interface Outcome {
  readonly results: Result[];
  readonly plans: PlanNode[];
  readonly messages: string[];
  /** The plans that EXPLAIN showed, if it was asked: their shapes, and the order of calls. */
  readonly planned: string[];
  error?: Failure;
  /** A plan that is no JSON. */
  unreadable?: string;
  /** Set when the session, or the server, did not survive. */
  broken?: string;
}

const SET_UP = `
  LOAD 'auto_explain';
  SET auto_explain.log_min_duration = 0;
  SET auto_explain.log_nested_statements = on;
  SET auto_explain.log_format = json;
  SET auto_explain.log_timing = off;
  SET auto_explain.log_level = notice;
  SET client_min_messages = debug1;
  SET statement_timeout = '30s';
  SET jit = off`;

/** Plans that functions keep were made by the way that is then over. */
const CLEAN_UP = 'ROLLBACK; DEALLOCATE ALL; DISCARD PLANS; DISCARD TEMP';

const RECONNECT_LIMIT_MS = 60_000;

const noOutcome = (): Outcome => ({ results: [], plans: [], messages: [], planned: [] });

/** Statements that EXPLAIN takes. */
const EXPLAINED = /^(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|DECLARE|EXECUTE)\b|^CREATE .* AS\b/;

export class Session {
  private current = noOutcome();

  private constructor(private client: pg.Client) {}

  static async open(): Promise<Session> {
    const session = new Session(await connect());
    await session.prepare();
    return session;
  }

  async end(): Promise<void> {
    await this.client.end();
  }

  /**
   * Runs a scenario by the set path or by the row path. `explains` asks for each plan before it is
   * executed, since of one that fails nothing else is known.
   */
  async run(
    { settings, statements }: Scenario,
    batches: boolean,
    explains = false,
  ): Promise<Outcome> {
    const outcome = noOutcome();
    this.current = outcome;
    const set = Object.entries({ ...settings, [SWITCH]: batches ? 'on' : 'off' });
    const begin = ['BEGIN', ...set.map(([name, value]) => `SET LOCAL ${name} = '${value}'`)];
    try {
      await this.client.query(begin.join('; '));
      for (const [place, statement] of statements.entries()) {
        if (explains && EXPLAINED.test(statement)) await this.explain(outcome, statement);
        if (!(await this.step(outcome, place, statement))) break;
      }
      if (outcome.broken === undefined) await this.client.query(CLEAN_UP);
    } catch (error) {
      outcome.broken ??= error instanceof Error ? error.message : String(error);
    }
    if (outcome.broken !== undefined) await this.reopen();
    return outcome;
  }

  /** One statement; false if the scenario ends with it. */
  private async step(outcome: Outcome, place: number, text: string): Promise<boolean> {
    try {
      const { command, rowCount, rows } = await this.client.query({ text, rowMode: 'array' });
      const lines = (rows as (string | null)[][]).map((row) => JSON.stringify(row));
      outcome.results.push({ tag: `${command} ${rowCount}`, rows: lines });
      return true;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code?.startsWith('57P0')) {
        outcome.broken = `${text}: ${error instanceof Error ? error.message : error}`;
        return false;
      }
      outcome.error = { code: error.code ?? '', message: error.message, statement: place };
      return false;
    }
  }

  private async explain(outcome: Outcome, text: string): Promise<void> {
    // What cannot be planned will fail as it should.
    await this.client.query('SAVEPOINT explained');
    try {
      const { rows } = await this.client.query(`EXPLAIN (FORMAT JSON, COSTS OFF) ${text}`);
      const [{ Plan: plan }] = JSON.parse(rows[0]['QUERY PLAN']) as [{ Plan: PlanNode }];
      outcome.planned.push(`${shapeOf(plan)} ${callsOf(plan)}`);
    } catch {
      await this.client.query('ROLLBACK TO explained');
    }
    await this.client.query('RELEASE explained');
  }

  private async prepare(): Promise<void> {
    this.client.on('notice', ({ message = '' }) => {
      try {
        const plan = planOf(message);
        if (plan === undefined) this.current.messages.push(message);
        else this.current.plans.push(plan);
      } catch {
        this.current.unreadable = message;
      }
    });
    // An ended connection is noticed by the query that was running.
    this.client.on('error', () => undefined);
    await this.client.query(SET_UP);
  }

  /** Connects anew after a crash, as soon as PostgreSQL lets it. */
  private async reopen(): Promise<void> {
    await this.client.end().catch(() => undefined);
    const end = performance.now() + RECONNECT_LIMIT_MS;
    for (;;) {
      try {
        this.client = await connect();
        await this.prepare();
        await this.client.query('SELECT ai_runtime._wait_until_ready(30000)');
        return;
      } catch (error) {
        if (performance.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}

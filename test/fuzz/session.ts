/** One session that random programs run in, and the question whether it is still the same. */
import pg from 'pg';
import { connectionEnv } from '../../build/cluster';
import type { Program } from './programs';

const CONNECT_MS = 60_000;
const PAUSE_MS = 500;
/** So often in a row a server must answer before it counts as recovered from a crash. */
const ANSWERS = 3;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_MS));

/** What an earlier program may have changed for good, as it was. */
const MEND = `
CREATE OR REPLACE FUNCTION fuzz_back(x text) RETURNS text LANGUAGE plv8 AS 'return x';
CREATE OR REPLACE FUNCTION fuzz_sql(code text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN fuzz_call(code);
EXCEPTION WHEN OTHERS THEN RETURN SQLERRM;
END $$;
ALTER TABLE fuzz_table DROP COLUMN IF EXISTS c;
TRUNCATE fuzz_table, fuzz_watched`;

export interface Outcome {
  /** The SQLSTATE that the program ended with, '' for a result. */
  readonly sqlstate: string;
  /** Why the session is not the one that began; '' when it is. */
  readonly lost: string;
}

async function connect(database: string, user: string): Promise<pg.Client> {
  const client = new pg.Client({ host: connectionEnv().PGHOST, user, database });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** A connection that a server which crashed a moment ago will not close once more. */
async function reconnect(database: string, user: string): Promise<pg.Client> {
  const deadline = Date.now() + CONNECT_MS;
  for (;;) {
    await pause();
    try {
      const client = await connect(database, user);
      for (let i = 0; i < ANSWERS; i++) {
        await client.query('SELECT 1');
        await pause();
      }
      return client;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

export class Session {
  private client: pg.Client | undefined;
  private pid = 0;
  private crashed = false;

  constructor(
    private readonly database: string,
    private readonly user: string,
  ) {}

  /** Runs a program as the session's first; what it did is gone afterwards. */
  async run(program: Program): Promise<Outcome> {
    const client = await this.open();
    const alone = program.create.startsWith('CREATE PROCEDURE') || program.create === '';
    await this.query(client, 'DISCARD ALL');
    await this.query(client, 'SELECT plv8_reset()');
    for (const setting of program.settings) await this.query(client, `SET ${setting}`);
    if (!alone) await this.query(client, 'BEGIN');
    let outcome = program.create === '' ? '' : await this.query(client, program.create);
    const told = outcome === '' ? await this.query(client, program.run) : '';
    outcome = outcome || told;
    // Once more, compiled and with what the first run left behind.
    if (alone && told === '') await this.query(client, program.run);
    await this.query(client, 'ROLLBACK');
    await this.query(client, 'RESET ROLE');
    if (alone) {
      await this.query(client, 'DROP PROCEDURE IF EXISTS fuzz_run');
      await this.query(client, MEND);
    }
    return { sqlstate: outcome, lost: await this.check(client, outcome) };
  }

  async close(): Promise<void> {
    await this.client?.end().catch(() => {});
    this.client = undefined;
  }

  private async open(): Promise<pg.Client> {
    if (this.client !== undefined) return this.client;
    const { database, user } = this;
    this.client = await (this.crashed ? reconnect : connect)(database, user);
    this.crashed = false;
    this.pid = (await this.client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    return this.client;
  }

  private async check(client: pg.Client, outcome: string): Promise<string> {
    try {
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
      return rows[0].pid === this.pid ? '' : `another backend: ${this.pid}, ${rows[0].pid}`;
    } catch (error) {
      await this.close();
      this.crashed = true;
      return `${outcome}; then ${error instanceof Error ? error.message : String(error)}`;
    }
  }

  /** The SQLSTATE of the statement, or the client's message; '' for a result. */
  private async query(client: pg.Client, sql: string): Promise<string> {
    try {
      await client.query(sql);
      return '';
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      return code ?? message;
    }
  }
}

/*
 * One database session of the demo: shows what it runs and what comes back. All values stay the
 * text that PostgreSQL prints, so that what one sees is what psql would show.
 */
import pg from 'pg';
import { connectionEnv } from '../cluster';
import { say, seconds, showRecord, showSql, showTable } from './terminal';

export interface Result {
  columns: string[];
  rows: (string | null)[][];
  /** The statement's command tag, such as "COPY 45211". */
  tag: string;
  durationMs: number;
}

/** The tag as psql shows it; pg keeps only the first word of it. */
function commandTag(sql: string, { command, rowCount }: pg.QueryArrayResult): string {
  if (rowCount !== null) {
    return command === 'INSERT' ? `INSERT 0 ${rowCount}` : `${command} ${rowCount}`;
  }
  const object = [...sql.matchAll(/^\s*(?:CREATE|ALTER) (\w+)/gm)].at(-1)?.[1];
  return object === undefined ? command : `${command} ${object}`;
}

export class Session {
  private constructor(private readonly client: pg.Client) {}

  /** A session in the demo's database; end() closes it. */
  static async open(): Promise<Session> {
    const { PGHOST, PGUSER, PGDATABASE } = connectionEnv();
    const client = new pg.Client({
      host: PGHOST,
      user: PGUSER,
      database: PGDATABASE,
      application_name: 'demo',
      types: { getTypeParser: () => (value: unknown) => value },
    });
    await client.connect();
    return new Session(client);
  }

  async end(): Promise<void> {
    await this.client.end();
  }

  /** Runs a statement without showing it. */
  async query(sql: string): Promise<Result> {
    const started = performance.now();
    const all = await this.client.query({ text: sql, rowMode: 'array' });
    // Of several statements in one string pg returns an array; the last one counts.
    const found = Array.isArray(all) ? (all.at(-1) as pg.QueryArrayResult) : all;
    return {
      columns: found.fields.map((f) => f.name),
      rows: found.rows as (string | null)[][],
      tag: commandTag(sql, found),
      durationMs: performance.now() - started,
    };
  }

  /** The first column of the first row of a statement that is not shown. */
  async value(sql: string): Promise<string | null> {
    return (await this.query(sql)).rows[0]?.[0] ?? null;
  }

  /** Shows a statement, runs it, shows its command tag. */
  async run(sql: string): Promise<Result> {
    showSql(`${sql};`);
    const result = await this.query(sql);
    say(`     ${result.tag}  (${seconds(result.durationMs)})`);
    return result;
  }

  /** Shows a statement, runs it, shows its rows. */
  async show(sql: string): Promise<Result> {
    showSql(`${sql};`);
    const result = await this.query(sql);
    showTable(result.columns, result.rows);
    return result;
  }

  /** Shows a statement, runs it, shows its one row as names and values. */
  async showOne(sql: string): Promise<Result> {
    showSql(`${sql};`);
    const result = await this.query(sql);
    showRecord(result.columns, result.rows[0] ?? []);
    return result;
  }

  /** Shows a statement that has to fail, and its error as psql prints it. */
  async showError(sql: string): Promise<pg.DatabaseError | null> {
    showSql(`${sql};`);
    try {
      await this.client.query(sql);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) {
        throw error;
      }
      say(`     ERROR:  ${error.message}`);
      for (const [word, text] of [
        ['DETAIL', error.detail],
        ['HINT', error.hint],
      ]) {
        if (text) {
          say(`     ${word}:  ${text}`);
        }
      }
      return error;
    }
    say('     no error');
    return null;
  }
}

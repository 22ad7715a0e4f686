/*
 * Runs one case through SQL: creates the model from its bytes, asks ai_inference() with raw
 * tensors and with plain JSON, and drops the model again. One connection serves all cases, as a
 * session of a user would.
 *
 * Judges nothing: main.ts compares with what ONNX Runtime gave directly.
 */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { fitsPlain, plainInput, rawInput, readPlain, readRaw } from './kserve';
import type { Case } from './testdata';
import type { NamedValue } from './values';

const MODEL = 'conformance';

export interface SqlResult {
  /** What the call with raw tensors gave; null when it ended in an error. */
  outputs: NamedValue[] | null;
  /** The same with plain JSON; undefined where plain JSON cannot say the values. */
  plain: NamedValue[] | Error | undefined;
  error: string;
  /** Set when the session or the server did not survive. */
  broken: string;
}

export class SqlRunner {
  private constructor(
    private readonly client: pg.Client,
    private readonly control: string,
  ) {}

  /** Connects and creates the control model, a case that works. */
  static async open(config: pg.ClientConfig, control: Case): Promise<SqlRunner> {
    const client = new pg.Client(config);
    await client.connect();
    await client.query("SET ai_runtime.nan_policy = 'string'");
    await client.query('SELECT ai_create_model($1, $2)', ['control', readFileSync(control.model)]);
    return new SqlRunner(client, rawInput(control.inputs));
  }

  /** How often the supervisor had to start the server again. */
  async restarts(): Promise<number> {
    const { rows } = await this.client.query('SELECT restarts FROM ai_stat_server');
    return Number(rows[0].restarts);
  }

  async end(): Promise<void> {
    await this.client.end();
  }

  /** Creates, asks twice and drops; `like`, the direct outputs, say how to read plain JSON. */
  async run(c: Case, like: NamedValue[]): Promise<SqlResult> {
    const result: SqlResult = { outputs: null, plain: undefined, error: '', broken: '' };
    try {
      await this.client.query('SELECT ai_create_model($1, $2)', [MODEL, readFileSync(c.model)]);
    } catch (error) {
      result.error = describe(error);
      result.broken = await this.checkAlive();
      return result;
    }
    try {
      const answer = await this.infer(rawInput(c.inputs), '{"output_format": "raw"}');
      result.outputs = readRaw(answer, like);
    } catch (error) {
      result.error = describe(error);
      result.broken = await this.checkAlive();
    }
    if (result.outputs !== null && fitsPlain(c.inputs) && fitsPlain(like)) {
      result.plain = await this.inferPlain(c, like).catch((error) => new Error(describe(error)));
    }
    await this.client.query('SELECT ai_drop_model($1)', [MODEL]);
    return result;
  }

  private async inferPlain(c: Case, like: NamedValue[]): Promise<NamedValue[]> {
    return readPlain(await this.infer(plainInput(c.inputs), '{}'), like);
  }

  private async infer(input: string, options: string): Promise<Record<string, unknown>> {
    const { rows } = await this.client.query(
      'SELECT ai_inference($1, $2::jsonb, $3::jsonb)::text AS answer',
      [MODEL, input, options],
    );
    // Integers beyond 2^53 become strings, so that JSON.parse keeps them.
    const text = String(rows[0].answer).replace(/(?<=[[,:]\s*)-?\d{16,}(?=\s*[\],}])/g, '"$&"');
    return JSON.parse(text) as Record<string, unknown>;
  }

  /** After an error the same session must go on: says what is wrong if it does not. */
  private async checkAlive(): Promise<string> {
    try {
      await this.client.query('SELECT ai_inference($1, $2::jsonb)', ['control', this.control]);
      return '';
    } catch (error) {
      return `the next call failed: ${describe(error)}`;
    }
  }
}

function describe(error: unknown): string {
  if (error instanceof pg.DatabaseError) {
    const detail = error.detail ? ` (${error.detail})` : '';
    return `${error.code}: ${error.message}${detail}`;
  }
  return error instanceof Error ? error.message : String(error);
}

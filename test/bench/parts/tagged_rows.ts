/**
 * Rows that carry their numbers through the identity model, by several sessions at once, while
 * statements are cancelled and the server is killed: no row may come back with another's number.
 * Measures nothing; run by hand. A short form of it is a TAP test.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { Random } from '../../fixtures/random';
import type { Bench, Part } from '../bench';
import { identity } from '../models';
import { count } from '../report';
import { drawStatement, type TaggedStatement, taggedTable } from '../tagged_statement';

const SESSIONS = 4;
/** Rows that go through, for each row of the options. */
const TIMES = 10;
const TABLE_SHARE = 5;
const CANCELLED_SHARE = 0.15;
const MAX_CANCEL_MS = 40;
const KILLS = 40;
const KILLS_PER_SUPERVISOR = 3;
const POLL_MS = 20;
/** What a statement may end with here: cancelled, no server, server lost twice. */
const ALLOWED = ['57014', '57P03', '08006'];

class Tally {
  rows = 0;
  statements = 0;
  mismatches = 0;
  kills = 0;
  readonly errors = new Map<string, number>();

  constructor(readonly wanted: number) {}

  get done(): boolean {
    return this.rows >= this.wanted;
  }

  error(code: string): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }
}

/** Settings that change how rows are batched, as far as this build has them. */
async function drawSettings(client: pg.Client, random: Random): Promise<void> {
  const rows = Math.floor(2 ** (random.next() * 12));
  const { rows: found } = await client.query(
    "SELECT 1 FROM pg_settings WHERE name = 'ai_runtime.batch_size' AND context = 'user'",
  );
  if (found.length > 0) await client.query(`SET ai_runtime.batch_size = ${rows}`);
}

async function runStatement(
  bench: Bench,
  statement: TaggedStatement,
  client: pg.Client,
  tally: Tally,
): Promise<void> {
  tally.statements += 1;
  try {
    const { rows } = await client.query(statement.sql);
    const wrong = statement.check(rows);
    tally.rows += statement.rows;
    if (wrong === undefined) return;
    tally.mismatches += 1;
    bench.report.failure(`${wrong}\n${statement.sql}`);
  } catch (error) {
    const { code = 'none', message } = error as { code?: string; message: string };
    tally.error(code);
    if (!ALLOWED.includes(code)) bench.report.failure(`${code} ${message}\n${statement.sql}`);
  }
}

/** One session: statement after statement, some of them cancelled by another connection. */
async function session(bench: Bench, random: Random, rows: number, tally: Tally): Promise<void> {
  const client = await bench.connect();
  const canceller = await bench.connect();
  const pid = (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
  while (!tally.done) {
    await drawSettings(client, random);
    const running = runStatement(bench, drawStatement(random, rows), client, tally);
    if (random.next() < CANCELLED_SHARE) {
      await pause(random.next() * MAX_CANCEL_MS);
      await canceller.query('SELECT pg_cancel_backend($1)', [pid]);
    }
    await running;
  }
  await Promise.all([client.end(), canceller.end()]);
}

/** Waits until so many rows went through, or all; looks now and then. */
async function untilRows(tally: Tally, rows: number): Promise<void> {
  while (!tally.done && tally.rows < rows) await pause(POLL_MS);
}

/**
 * Kills the server again and again; it belongs to this bench's own cluster. A supervisor waits
 * longer after each death, so that it is replaced too, now and then.
 */
async function killServers(bench: Bench, random: Random, tally: Tally): Promise<void> {
  while (!tally.done) {
    await untilRows(tally, tally.rows + (tally.wanted / KILLS) * 2 * random.next());
    const { rows } = await bench.client.query('SELECT state, pid FROM ai_stat_server');
    if (rows[0].state !== 'running') continue;
    process.kill(rows[0].pid, 'SIGKILL');
    tally.kills += 1;
    if (tally.kills % KILLS_PER_SUPERVISOR !== 0) continue;
    await bench.client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE backend_type = 'ai_runtime supervisor'`);
  }
}

async function run(bench: Bench): Promise<void> {
  const { client, options, report } = bench;
  const seed = Date.now() % 1_000_000_000;
  const random = new Random(seed);
  const rows = Math.max(Math.ceil(options.rows / TABLE_SHARE), 100);
  const tally = new Tally(options.rows * TIMES);
  await client.query(taggedTable(rows));
  await client.query('CREATE UNIQUE INDEX ON tagged (id); ANALYZE tagged');
  await bench.addModel('identity', identity);
  const started = performance.now();
  const sessions = Array.from({ length: SESSIONS }, (_, i) => {
    return session(bench, new Random(seed + i + 1), rows, tally);
  });
  await Promise.all([...sessions, killServers(bench, random, tally)]);
  const seconds = (performance.now() - started) / 1000;
  const errors = [...tally.errors].map(([code, times]) => `${code} ${times}`).join(', ');
  const columns = ['seed', 'rows', 'statements', 'server kills', 'mismatches', 'rows/s'];
  const figures = [tally.rows, tally.statements, tally.kills, tally.mismatches];
  report.table(columns, [[String(seed), ...figures.map(count), count(tally.rows / seconds)]]);
  report.line(`\nStatements that ended with an error: ${errors || 'none'}.`);
  report.goal({
    name: 'tagged rows, mismatches',
    figure: tally.mismatches,
    atMost: 0,
    format: count,
  });
}

export const taggedRows: Part = { name: 'tagged-rows', byHand: true, run };

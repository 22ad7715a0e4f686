/**
 * The conformance ring: every operator test of Debian's libonnx-testdata, by ONNX Runtime alone
 * and through SELECT ai_inference(), which must be the same bit for bit. What ONNX Runtime
 * refuses or does not survive must be an SQL error, after which the same session goes on.
 *
 *   npm test -- conformance              all cases
 *   node build/run.mjs test/conformance/main.ts [--verbose] [PART OF A NAME]
 */
import pg from 'pg';
import { connectionEnv, startCluster } from '../../build/cluster';
import { type DirectResult, runDirect } from './direct';
import { type SqlResult, SqlRunner } from './sql';
import { type Case, readCases } from './testdata';
import { anyContents, closeEnough, type NamedValue, outputDifference } from './values';

const DATABASE = 'ai_conformance';
const CONTROL = 'node/test_abs';
/** A seeded generator of ONNX Runtime may draw the same twice, but not three times. */
const RUNS = 3;

const verbose = process.argv.includes('--verbose');
const filter = process.argv.slice(2).find((arg) => !arg.startsWith('--')) ?? '';

interface Totals {
  direct: number;
  sql: number;
  plain: number;
  plainTried: number;
  sqlErrors: number;
  failed: number;
  ms: number;
  restarts: number;
}

/** What is wrong with the case's way through SQL; null when nothing is. */
function judge(direct: DirectResult, random: boolean, sql: SqlResult): string | null {
  if (sql.broken !== '') {
    return sql.broken;
  }
  if (direct.status !== 'passed') {
    return sql.error === '' ? `${direct.status} directly, but answered through SQL` : null;
  }
  if (sql.outputs === null) {
    return sql.error;
  }
  const same = random ? anyContents : undefined;
  const diff = outputDifference(sql.outputs, direct.outputs, same);
  if (diff !== null) {
    return diff;
  }
  if (sql.plain instanceof Error) {
    return `plain JSON: ${sql.plain.message}`;
  }
  const plainDiff = sql.plain && outputDifference(sql.plain, direct.outputs, same);
  return plainDiff ? `plain JSON: ${plainDiff}` : null;
}

/** The first run of a session and the last of another differ: the case draws random numbers. */
function drawsRandom(one: DirectResult, other: DirectResult): boolean {
  return one.status === 'passed' && outputDifference(one.outputs, other.outputs) !== null;
}

function isExpected(outputs: NamedValue[], expected: NamedValue[]): boolean {
  return outputDifference(outputs, expected, closeEnough) === null;
}

/** Makes the ring's own database in the private cluster. */
async function makeDatabase(): Promise<pg.ClientConfig> {
  startCluster();
  const { PGHOST: host, PGUSER: user } = connectionEnv();
  const admin = new pg.Client({ host, user, database: 'postgres' });
  await admin.connect();
  await admin.query(`DROP DATABASE IF EXISTS ${DATABASE} WITH (FORCE)`);
  await admin.query(`CREATE DATABASE ${DATABASE}`);
  await admin.end();
  const config = { host, user, database: DATABASE };
  const client = new pg.Client(config);
  await client.connect();
  await client.query('CREATE EXTENSION ai_runtime CASCADE');
  await client.query('SELECT ai_runtime._wait_until_ready()');
  await client.end();
  return config;
}

async function dropDatabase(config: pg.ClientConfig): Promise<void> {
  const admin = new pg.Client({ ...config, database: 'postgres' });
  await admin.connect();
  await admin.query(`DROP DATABASE ${DATABASE} WITH (FORCE)`);
  await admin.end();
}

async function runThroughSql(
  cases: Case[],
  direct: DirectResult[],
  again: DirectResult[],
  config: pg.ClientConfig,
): Promise<Totals> {
  const totals = {
    direct: 0,
    sql: 0,
    plain: 0,
    plainTried: 0,
    sqlErrors: 0,
    failed: 0,
    ms: 0,
    restarts: 0,
  };
  const started = performance.now();
  const runner = await SqlRunner.open(config, readCases(CONTROL)[0] as Case);
  const restartsBefore = await runner.restarts();
  for (const [i, c] of cases.entries()) {
    const expected = direct[i] as DirectResult;
    const sql = await runner.run(c, expected.outputs);
    const random = drawsRandom(expected, again[i] as DirectResult);
    const wrong = judge(expected, random, sql);
    totals.direct += Number(expected.status === 'passed');
    totals.sql += Number(expected.status === 'passed' && wrong === null);
    totals.plainTried += Number(sql.plain !== undefined);
    totals.plain += Number(sql.plain !== undefined && wrong === null);
    totals.sqlErrors += Number(sql.error !== '');
    if (wrong !== null) {
      totals.failed++;
      console.log(`not ok: ${c.name}: ${wrong}`);
    } else if (verbose) {
      console.log(`ok: ${c.name}${sql.error === '' ? '' : ` (both refuse: ${sql.error})`}`);
    }
  }
  totals.restarts = (await runner.restarts()) - restartsBefore;
  await runner.end();
  totals.ms = performance.now() - started;
  return totals;
}

function report(
  version: string,
  cases: Case[],
  direct: DirectResult[],
  again: DirectResult[],
  totals: Totals,
): void {
  const count = (holds: (r: DirectResult, i: number) => boolean) => direct.filter(holds).length;
  const refused = cases.length - totals.direct;
  const crashed = count((r) => r.status === 'crashed');
  const close = count((r, i) => isExpected(r.outputs, cases[i]?.expected ?? []));
  const random = count((r, i) => drawsRandom(r, again[i] as DirectResult));
  const time = `${(totals.ms / 1000).toFixed(1)} s`;
  console.log(`
ONNX Runtime ${version}, ${cases.length} operator tests of libonnx-testdata
  direct  ${totals.direct} run, ${refused} are refused, ${crashed} of them by crashing it
          ${close} give what the test data expect, within 1e-7 + 1e-3 relative
          ${random} draw random numbers, as their repetition shows
  SQL     ${totals.sql} run: those ${random} alike in type and shape, the others bit for bit
          ${totals.sqlErrors} end in an SQL error; ${time}
          ${totals.plain} of ${totals.plainTried} are the same through plain JSON, too
          ${totals.restarts} restarts of the server
${cases.length - totals.failed} passed, ${totals.failed} failed`);
}

const cases = readCases(filter);
const { version, results: direct } = runDirect(cases, 1);
const again = runDirect(cases, RUNS).results;
const config = await makeDatabase();
const totals = await runThroughSql(cases, direct, again, config);
await dropDatabase(config);
report(version, cases, direct, again, totals);
process.exitCode = totals.failed === 0 && totals.direct === totals.sql ? 0 : 1;

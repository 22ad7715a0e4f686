/**
 * Ring fuzz: random values go through JavaScript without loss, and random programs of JavaScript
 * never end a session.
 *
 *   npm test -- fuzz [values|programs]
 *
 * AI_RUNTIME_FUZZ_SECONDS says how long programs are made (60), AI_RUNTIME_FUZZ_SEED from what.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import pg from 'pg';
import { connectionEnv, startCluster } from '../../build/cluster';
import { root } from '../../build/paths';
import { asSql, type Program, programs } from './programs';
import { roundTrips } from './round_trips';
import { Session } from './session';

const DATABASE = 'fuzz';
const USER = 'fuzz_first';
const ROLES = [USER, 'fuzz_second'];
const seconds = Number(process.env.AI_RUNTIME_FUZZ_SECONDS ?? 60);
const seed = Number(process.env.AI_RUNTIME_FUZZ_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** Runs statements as superuser. */
async function run(database: string, ...statements: string[]): Promise<void> {
  const { PGHOST: host, PGUSER: user } = connectionEnv();
  const client = new pg.Client({ host, user, database });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

/** Makes a database with nothing but plv8 in it. */
async function makeDatabase(name: string): Promise<void> {
  await run('postgres', `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`, `CREATE DATABASE ${name}`);
  await run(name, 'CREATE EXTENSION plv8');
}

async function runValues(): Promise<boolean> {
  await makeDatabase('fuzz_values');
  return roundTrips('fuzz_values', seed);
}

/** Makes programs until the time is up or one ends its session; returns whether none did. */
async function runPrograms(): Promise<boolean> {
  await makeDatabase(DATABASE);
  await run('postgres', ...ROLES.map((role) => `DROP ROLE IF EXISTS ${role}`));
  await run(DATABASE, readFileSync(path.join(root, 'test/fuzz/setup.sql'), 'utf8'));
  const session = new Session(DATABASE, USER);
  const states = new Map<string, number>();
  let count = 0;
  const property = fc.asyncProperty(programs(), async (program: Program) => {
    const { sqlstate, lost } = await session.run(program);
    states.set(sqlstate, (states.get(sqlstate) ?? 0) + 1);
    count += 1;
    if (lost !== '') throw new Error(`${lost}\n${asSql(program)}`);
  });
  const details = await fc.check(property, {
    seed,
    numRuns: Number.MAX_SAFE_INTEGER,
    interruptAfterTimeLimit: seconds * 1000,
    markInterruptAsFailure: false,
  });
  await session.close();
  const told = [...states].sort((a, b) => b[1] - a[1]).slice(0, 12);
  const shown = told.map(([state, n]) => `${state === '' ? 'a result' : state} ${n}`).join(', ');
  process.stdout.write(`programs: seed ${seed}, ${count} programs ended with ${shown}\n`);
  if (!details.failed) return count > 0;
  process.stdout.write(`${details.counterexamplePath}: ${details.errorInstance}\n`);
  return false;
}

startCluster();
const wanted = process.argv[2];
const results: boolean[] = [];
if (wanted === undefined || wanted === 'values') results.push(await runValues());
if (wanted === undefined || wanted === 'programs') results.push(await runPrograms());
const passed = results.filter(Boolean).length;
process.stdout.write(`${passed} passed, ${results.length - passed} failed\n`);
process.exitCode = passed === results.length && passed > 0 ? 0 : 1;

/**
 * `npm run demo`: real rows of a real table, scored by a real model inside PostgreSQL.
 *
 * Shows every statement and what came of it, and checks it: the exit status is 1 when a figure is
 * not what it should be. Can be run again and again; everything it makes is in schema demo of the
 * private cluster.
 */
import { connectionEnv, DATABASE, startCluster } from '../cluster';
import { killServer } from './crash';
import { createModel, loadTable, train } from './data';
import { showMistake, showNext, showViews } from './monitoring';
import { explain, scoreByTrigger, scoreHeldOut } from './scoring';
import { Session } from './session';
import { check, failedChecks, say, seconds, step } from './terminal';

async function demo(): Promise<void> {
  const session = await step('Start PostgreSQL and the inference server', start);
  try {
    const model = await step('Train a model on the UCI bank marketing data', train);
    await step('Load the table', () => loadTable(session, model));
    await step('Create the model', () => createModel(session, model));
    await step('Score rows that the model has never seen', () => scoreHeldOut(session, model));
    await step('Look at the plan', () => explain(session));
    await step('Score rows as they are inserted', () => scoreByTrigger(session));
    await step('Kill the server in the middle of a query', () => killServer(session));
    await step('Make a mistake', () => showMistake(session));
    await step('Look around', () => showViews(session));
  } finally {
    await session.end();
  }
}

async function start(): Promise<Session> {
  startCluster();
  say(`   database "${DATABASE}" on the Unix socket in ${connectionEnv().PGHOST}`);
  const session = await Session.open();
  const ready = await session.value('SELECT ai_runtime._wait_until_ready()');
  check(ready === 't', 'the inference server is ready');
  return session;
}

const started = performance.now();
try {
  await demo();
  showNext();
} catch (error) {
  check(false, error instanceof Error ? error.message : String(error));
  say(error instanceof Error ? (error.stack ?? '') : '');
}
say();
const failed = failedChecks();
if (failed.length === 0) {
  say(`All of it worked, in ${seconds(performance.now() - started)}.`);
} else {
  say(`${failed.length} of the checks failed:`);
  for (const text of failed) {
    say(`  ${text}`);
  }
  process.exitCode = 1;
}

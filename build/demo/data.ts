/*
 * The demo's first two steps: a real table, and a real model trained on a part of it. The files
 * go to the state folder, which the server's user can read, so that every statement shown can be
 * typed again.
 */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BANK_FEATURES, featureWidth } from '../../test/fixtures/bank_data';
import { type BankModel, trainBankModel } from '../../test/fixtures/bank_model';
import { state } from '../paths';
import type { Session } from './session';
import { check, progress, say, seconds } from './terminal';

export const MODEL = 'bank_marketing';

const COLUMNS =
  'id,held_out,age,job,marital,education,in_default,balance,housing,loan,contact,day,month,' +
  'duration,campaign,pdays,previous,poutcome,y';

/** A file that the server's user can read. */
function demoFile(name: string, content: string | Uint8Array): string {
  const folder = path.join(state().folder, 'demo');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const file = path.join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, 0o644);
  return file;
}

/** Trains the model on the rows that are not held out. */
export async function train(): Promise<BankModel> {
  const model = trainBankModel({
    onEpoch: (epoch, epochs, loss) => {
      progress(`epoch ${epoch} of ${epochs}, loss ${loss.toFixed(4)}`, epoch === epochs);
    },
  });
  const heldOut = model.heldOut.filter(Boolean).length;
  const width = featureWidth(BANK_FEATURES);
  say(`   A perceptron of one hidden layer, trained in plain TypeScript in`);
  say(
    `   ${seconds(model.trainingMs)} on ${model.rows.length - heldOut} calls;` +
      ` ${heldOut} are held out.`,
  );
  say(
    `   ${BANK_FEATURES.length} features make ${width} inputs; ${model.onnx.length} bytes of ONNX.`,
  );
  say('   The length of the call is left out: it is known only when the answer is.');
  return model;
}

/** Makes schema demo anew with the table of calls. */
export async function loadTable(session: Session, model: BankModel): Promise<void> {
  const names = COLUMNS.split(',').slice(2);
  const lines = model.rows.map((row, i) =>
    [i + 1, model.heldOut[i], ...names.map((name) => row[name])].join(','),
  );
  const file = demoFile('calls.csv', `${COLUMNS}\n${lines.join('\n')}\n`);
  await session.query(`SET client_min_messages = warning;
    DROP SCHEMA IF EXISTS demo CASCADE; RESET client_min_messages`);
  await session.run('CREATE SCHEMA demo');
  await session.run(`CREATE TABLE demo.calls (
  id int PRIMARY KEY, held_out boolean NOT NULL,
  age int, job text, marital text, education text, in_default boolean, balance int,
  housing boolean, loan boolean, contact text, day int, month text, duration int,
  campaign int, pdays int, previous int, poutcome text, subscribed boolean)`);
  const { tag } = await session.run(`COPY demo.calls FROM '${file}' (FORMAT csv, HEADER)`);
  check(tag === `COPY ${model.rows.length}`, `${model.rows.length} rows are in the table`);
  await session.run('ANALYZE demo.calls');
}

/** Creates the model in the database with its declared features and outputs. */
export async function createModel(session: Session, model: BankModel): Promise<void> {
  const file = demoFile(`${MODEL}.onnx`, model.onnx);
  await session.query(`SELECT ai_drop_model('${MODEL}', if_exists => true)`);
  await session.show(
    `SELECT ai_create_model_from_file('${MODEL}', '${file}', '${modelOptions()}')`,
  );
  const shape = await session.show(
    `SELECT inputs, outputs, opset, size_bytes FROM ai_model_versions WHERE model = '${MODEL}'`,
  );
  check(shape.rows.length === 1, 'the model is stored, and the server has read its signature');
}

/** The options of the model: what a row must hold, and what an answer looks like. */
function modelOptions(): string {
  const features = BANK_FEATURES.map((f) => `    ${JSON.stringify(f)}`).join(',\n');
  return `{
  "description": "Will the customer subscribe to a term deposit if called?",
  "input": [
${features}],
  "output": {
    "probability": {"from": "probabilities", "index": 1},
    "label": {"from": "probabilities", "argmax": true, "labels": ["no", "yes"]},
    "interest": {"from": "probabilities", "index": 1, "thresholds": [
      {"below": 0.1, "label": "low"}, {"below": 0.3, "label": "medium"}, {"label": "high"}]}}
}`;
}

/**
 * One step of the set-up: named, timed, logged, and skipped while nothing that it depends on
 * changed.
 *
 * A stamp in build/out/stamps holds a digest of the step's inputs. It is removed before the step
 * runs and written by rename after it, so an interrupted step runs again.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { out, root, shown } from '../paths';

const TAIL_LINES = 30;

export interface Step {
  readonly id: string;
  /** What the user reads, a noun phrase. */
  readonly name: string;
  /** Text that changes whenever the step has to run again. */
  readonly inputs: () => string;
  /** Files that must be there for the step to be skipped. */
  readonly outputs?: () => readonly string[];
  readonly run: (log: Log) => Promise<void>;
  /** Folders of half-made files, removed when the last run was cut off. */
  readonly scratch?: readonly string[];
  /** What to do when it fails. */
  readonly hint: string;
}

/** A failure that says what is missing and what to do; it needs no log. */
export class SetupError extends Error {
  constructor(
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

/** The log file of a step, and commands that write to it. */
export class Log {
  constructor(readonly file: string) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '');
  }

  /** Runs a command to its end; its output goes to the log, a failure is an error. */
  async command(
    command: string,
    args: readonly string[],
    options: { cwd?: string; env?: Record<string, string> } = {},
  ): Promise<void> {
    this.text(`$ ${[command, ...args].join(' ')}`);
    const status = await new Promise<number | string>((resolve, reject) => {
      const child = spawn(command, args, {
        cwd: options.cwd ?? root,
        env: { ...process.env, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (data) => appendFileSync(this.file, data));
      }
      child.once('error', reject);
      child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
    if (status !== 0) throw new Error(`${command} ended with ${status}`);
  }

  text(line: string): void {
    appendFileSync(this.file, `${line}\n`);
  }

  tail(): string {
    return readFileSync(this.file, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
  }
}

/**
 * Every file under these paths of the checkout, sorted; names that start with a dot and build
 * products not.
 */
export function filesUnder(...places: readonly string[]): string[] {
  const found: string[] = [];
  const visit = (at: string): void => {
    if (!existsSync(at)) return;
    if (statSync(at).isFile()) {
      found.push(at);
      return;
    }
    for (const name of readdirSync(at)) {
      if (name.startsWith('.') || ['build', 'node_modules', 'out'].includes(name)) continue;
      if (!/\.(o|so|bc)$/.test(name)) visit(path.join(at, name));
    }
  };
  for (const place of places) visit(path.resolve(root, place));
  return found.sort();
}

/** A digest of the names and contents of these files. */
export function digestOf(files: readonly string[], ...more: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of files) {
    hash.update(`${shown(file)}\0`).update(existsSync(file) ? readFileSync(file) : '(none)');
  }
  return hash.update(JSON.stringify(more)).digest('hex');
}

const stampOf = (id: string): string => path.join(out, 'stamps', id);

/** What the last complete run of a step was made from; '' when there was none. */
export function stampText(id: string): string {
  return existsSync(stampOf(id)) ? readFileSync(stampOf(id), 'utf8') : '';
}

/** Whether the step would be skipped. */
export function upToDate(step: Step): boolean {
  return stampText(step.id) === step.inputs() && (step.outputs?.() ?? []).every(existsSync);
}

/** Runs a step unless it is up to date; returns whether it ran. */
export async function runStep(step: Step): Promise<boolean> {
  if (upToDate(step)) return false;
  const started = performance.now();
  process.stderr.write(`  ${step.name} … `);
  const stamp = stampOf(step.id);
  rmSync(stamp, { force: true });
  // Left behind by a run that was killed: a file that it was writing may look up to date.
  const running = `${stamp}.running`;
  const cutOff = existsSync(running);
  for (const folder of cutOff ? (step.scratch ?? []) : []) {
    rmSync(folder, { recursive: true, force: true });
  }
  mkdirSync(path.dirname(stamp), { recursive: true });
  writeFileSync(running, '');
  const log = new Log(path.join(out, 'log', `${step.id}.log`));
  try {
    await step.run(log);
  } catch (error) {
    process.stderr.write('failed\n');
    if (error instanceof SetupError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new SetupError(
      `${log.tail()}\n\nerror: ${step.name}: ${message} (its output: ${shown(log.file)})`,
      step.hint,
    );
  } finally {
    rmSync(running, { force: true });
  }
  writeFileSync(`${stamp}.new`, step.inputs());
  renameSync(`${stamp}.new`, stamp);
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1)} s\n`);
  return true;
}

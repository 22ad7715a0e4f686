/**
 * What a ring of tests is, and the process it runs: logged, bounded in time, ended with its
 * children.
 */
import { type SpawnOptions, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import { out } from '../paths';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export interface Ring {
  readonly name: string;
  /** What it needs the set-up for; false when the npm packages are enough. */
  readonly needsSetUp: boolean;
  /** Whether it runs on the PostgreSQL with assertions, which is built for such rings only. */
  readonly needsChecked?: boolean;
  /** Runs the ring, or of it what `filter` names. */
  readonly run: (context: RingContext) => Promise<Counts>;
}

export const none = (): Counts => ({ passed: 0, failed: 0, skipped: 0 });

export function add(total: Counts, more: Counts): void {
  total.passed += more.passed;
  total.failed += more.failed;
  total.skipped += more.skipped;
}

/** The closing line, `N passed, N failed[, N skipped]`. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/** Counts of a run that says too little: a failure nobody counted is one. */
export function atLeastOneFailure(counts: Counts, succeeded: boolean): Counts {
  return succeeded || counts.failed > 0 ? counts : { ...counts, failed: 1 };
}

/** How long a process that was asked to end may take to clean up. */
const GRACE_MS = 10_000;

export interface Finished {
  readonly succeeded: boolean;
  readonly output: string;
}

/** One run of one ring: its log, its output, its deadline. */
export class RingContext {
  readonly logFile: string;

  constructor(
    readonly ring: string,
    readonly filter: string | undefined,
    /** Whether output goes to the terminal as it comes. */
    private readonly live: boolean,
  ) {
    this.logFile = path.join(out, 'log', `test-${ring}.log`);
    mkdirSync(path.dirname(this.logFile), { recursive: true });
    createWriteStream(this.logFile).end();
  }

  /** Shows a reader what failed. */
  say(text: string): void {
    process.stdout.write(`${text.trimEnd()}\n`);
  }

  /** Runs a command to its end or its deadline; it is never an error of ours. */
  async command(
    command: string,
    args: readonly string[],
    options: SpawnOptions & { timeoutMs: number },
  ): Promise<Finished> {
    const { timeoutMs, ...more } = options;
    const log = createWriteStream(this.logFile, { flags: 'a' });
    log.write(`$ ${[command, ...args].join(' ')}\n`);
    // A process group of its own, so that a deadline ends its children too.
    const child = spawn(command, args, {
      ...more,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const chunks: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (data: Buffer) => {
        chunks.push(data);
        log.write(data);
        if (this.live) process.stdout.write(data);
      });
    }
    const end = (signal: NodeJS.Signals): void => {
      if (child.pid !== undefined) process.kill(-child.pid, signal);
    };
    let late = false;
    let killed: NodeJS.Timeout | undefined;
    const deadline = setTimeout(() => {
      late = true;
      end('SIGTERM');
      killed = setTimeout(() => end('SIGKILL'), GRACE_MS);
    }, timeoutMs);
    const interrupted = (): void => {
      end('SIGTERM');
      process.exit(130);
    };
    process.once('SIGINT', interrupted);
    process.once('SIGTERM', interrupted);
    const succeeded = await new Promise<boolean>((resolve) => {
      child.once('error', (error) => {
        log.write(`${error.message}\n`);
        this.say(`${this.ring}: ${command}: ${error.message}`);
        resolve(false);
      });
      child.once('close', (status) => resolve(status === 0));
    });
    clearTimeout(deadline);
    clearTimeout(killed);
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
    if (late) {
      log.write(`killed after ${timeoutMs} ms\n`);
      this.say(`${this.ring}: ${command} was killed after ${timeoutMs / 1000} s`);
    }
    await new Promise((resolve) => log.end(resolve));
    return { succeeded: succeeded && !late, output: Buffer.concat(chunks).toString('utf8') };
  }

  /** Shows the end of some output, unless it was shown as it came. */
  tail(output: string, lines = 60): void {
    if (!this.live) this.say(output.trimEnd().split('\n').slice(-lines).join('\n'));
  }
}

/** The side of ONNX Runtime alone: builds raw_ort.cc when it has to, and gives it orders. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { out, state } from '../../../build/paths';
import { readFloats } from '../floats';
import type { Run } from '../samples';

const SOURCE = 'test/bench/sides/raw_ort.cc';
const PROGRAM = path.join(out, 'bench/raw_ort');
const HEADERS = path.join(out, 'onnxruntime/usr/include/onnxruntime');

/** The library that the server opens. */
const library = (): string => path.join(state().pkglib, 'ai_runtime/server/libonnxruntime.so.1');

export const BATCHES: readonly number[] = [16, 64, 256, 1024, 8192];

function build(): void {
  mkdirSync(path.dirname(PROGRAM), { recursive: true });
  const built = statSync(PROGRAM, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > statSync(SOURCE).mtimeMs) return;
  const flags = ['-std=c++17', '-O2', '-Wall', '-Wextra', '-Werror', '-isystem', HEADERS];
  execFileSync('g++', [...flags, '-o', PROGRAM, SOURCE, '-ldl'], { stdio: 'inherit' });
}

export class RawOrt {
  private readonly answers: AsyncIterator<string>;

  private constructor(
    private readonly child: ChildProcess,
    lines: Interface,
  ) {
    this.answers = lines[Symbol.asyncIterator]();
  }

  /** Starts the process and waits until it has loaded model and rows. */
  static async start(model: string, rows: string, width: number): Promise<RawOrt> {
    build();
    const args = [library(), model, rows, String(width)];
    const child = spawn(PROGRAM, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const ort = new RawOrt(child, createInterface({ input: child.stdout }));
    await ort.answer();
    return ort;
  }

  private async answer(): Promise<string> {
    const { value, done } = await this.answers.next();
    if (done) throw new Error('raw_ort ended early');
    return value;
  }

  private order(text: string): Promise<string> {
    this.child.stdin?.write(`${text}\n`);
    return this.answer();
  }

  private async ordered(batch: number, rows: number): Promise<number[]> {
    return (await this.order(`run ${batch} ${rows}`)).split(' ').map(Number);
  }

  async run(batch: number, rows: number): Promise<Run> {
    const [seconds = Number.NaN, sum = Number.NaN] = await this.ordered(batch, rows);
    return { seconds, rows, sum };
  }

  /** Processor time of a row, in microseconds. */
  async processorTime(batch: number, rows: number): Promise<number> {
    const [, , seconds = Number.NaN] = await this.ordered(batch, rows);
    return (seconds * 1e6) / rows;
  }

  /** The prediction of every row. */
  async predictions(file: string): Promise<Float32Array> {
    await this.order(`write ${file}`);
    return readFloats(file);
  }

  /** Rows a second at each size of a batch, over no more than so many rows. */
  async curve(rows: number): Promise<Map<number, number>> {
    const rates = new Map<number, number>();
    for (const batch of BATCHES) {
      const runs = [await this.run(batch, rows), await this.run(batch, rows)];
      rates.set(batch, rows / Math.min(...runs.map(({ seconds }) => seconds)));
    }
    return rates;
  }

  /** Ends the process. */
  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    this.child.stdin?.end();
    await ended;
  }
}

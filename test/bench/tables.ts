/*
 * The tables of random rows, made when a part first asks for one:
 *
 *   fr  id, x real[32]     fa  id, x float8[32]     f  id, x1 … x32 float8     fb  id, x real[768]
 *
 * The same numbers stand in a file of float32 for ONNX Runtime. All forms hold the same rows, so
 * that every side must come to the same sum.
 */
import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Random } from '../fixtures/random';
import { encodeArrayRows, HEADER, TRAILER } from './copy_binary';
import { readFloats, sumOfFirst } from './floats';
import { BLOCK_WIDTH, WIDTH } from './models';

export type TableName = 'fr' | 'fa' | 'f' | 'fb';

const CHUNK_ROWS = 8192;
/** Rows of the wide table for each hundred of the others. */
const WIDE_PER_CENT = 1;

export const columns = (prefix = ''): string[] =>
  Array.from({ length: WIDTH }, (_, i) => `${prefix}x${i + 1}`);

/** The 32 numbers of a row as one array, as a query over the table writes it. */
export const INPUT: Readonly<Record<TableName, string>> = {
  fr: 'x',
  fa: 'x',
  f: `ARRAY[${columns().join(', ')}]`,
  fb: 'x',
};

const DERIVED: Readonly<Partial<Record<TableName, string>>> = {
  fa: 'SELECT id, x::float8[] AS x FROM fr',
  f: `SELECT id, ${columns()
    .map((name, i) => `x[${i + 1}]::float8 AS ${name}`)
    .join(', ')} FROM fr`,
};

export class Tables {
  private readonly made = new Set<string>();

  constructor(
    private readonly client: pg.Client,
    private readonly folder: string,
    readonly rows: number,
  ) {}

  rowsOf(name: TableName): number {
    return name === 'fb' ? Math.ceil((this.rows * WIDE_PER_CENT) / 100) : this.rows;
  }

  widthOf(name: TableName): number {
    return name === 'fb' ? BLOCK_WIDTH : WIDTH;
  }

  /** The file of float32 with the rows of a table. */
  file(name: TableName): string {
    return path.join(this.folder, name === 'fb' ? 'fb.f32' : 'fr.f32');
  }

  /** Makes the tables that are not there yet. */
  async make(...names: readonly TableName[]): Promise<void> {
    for (const name of names) {
      if (this.made.has(name)) continue;
      this.made.add(name);
      const query = DERIVED[name];
      if (query === undefined) {
        await this.load(name);
      } else {
        await this.make('fr');
        await this.client.query(`CREATE TABLE ${name} AS ${query}`);
      }
      await this.client.query(`VACUUM (FREEZE, ANALYZE) ${name}`);
    }
  }

  /** Draws the rows, writes them to the file and copies them into the table. */
  private async load(name: TableName): Promise<void> {
    const width = this.widthOf(name);
    const rows = this.rowsOf(name);
    const file = this.file(name);
    const random = new Random(7);
    writeFileSync(file, '');
    async function* stream(): AsyncGenerator<Buffer> {
      yield HEADER;
      for (let first = 0; first < rows; first += CHUNK_ROWS) {
        const count = Math.min(CHUNK_ROWS, rows - first);
        const values = Float32Array.from({ length: count * width }, () => random.next());
        appendFileSync(file, new Uint8Array(values.buffer));
        yield encodeArrayRows(values, width, first + 1);
      }
      yield TRAILER;
    }
    await this.client.query(`CREATE TABLE ${name} (id int NOT NULL, x real[] NOT NULL)`);
    const copy = this.client.query(copyFrom(`COPY ${name} FROM STDIN (FORMAT binary)`));
    await pipeline(Readable.from(stream()), copy);
  }

  /** The sum of all numbers of the first so many rows: what the plain scan must come to. */
  sumOfRows(name: TableName): (rows: number) => number {
    const sum = sumOfFirst(readFloats(this.file(name)));
    return (rows) => sum(rows * this.widthOf(name));
  }
}

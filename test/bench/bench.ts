/** What every part works with: the cluster, one connection, the tables, the models, the report. */
import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import { BenchCluster } from './cluster';
import type { BenchModel } from './models';
import type { Options } from './options';
import type { Report } from './report';
import type { Run } from './samples';
import { RawOrt } from './sides/raw_ort';
import { type TableName, Tables } from './tables';

const DATABASE = 'bench';

export class Bench {
  /** Where the models and the rows lie as files. */
  readonly folder: string;
  readonly tables: Tables;
  private readonly models = new Set<string>();

  private constructor(
    readonly options: Options,
    readonly report: Report,
    readonly cluster: BenchCluster,
    readonly client: pg.Client,
  ) {
    this.folder = cluster.scratch('files');
    this.tables = new Tables(client, this.folder, options.rows);
  }

  /** Starts a cluster with the extension, and waits for the server. */
  static async start(options: Options, report: Report): Promise<Bench> {
    const cluster = BenchCluster.start('a', { preload: true });
    const postgres = await cluster.connect('postgres');
    await postgres.query(`CREATE DATABASE ${DATABASE}`);
    await postgres.end();
    const client = await cluster.connect(DATABASE);
    await client.query('SET client_min_messages = warning; CREATE EXTENSION ai_runtime CASCADE');
    await client.query('SELECT ai_runtime._wait_until_ready(30000)');
    return new Bench(options, report, cluster, client);
  }

  async end(): Promise<void> {
    await this.client.end().catch(() => {});
    this.cluster.stop();
  }

  connect(): Promise<pg.Client> {
    return this.cluster.connect(DATABASE);
  }

  get database(): string {
    return DATABASE;
  }

  /** Creates a model unless it is there; its bytes also lie in a file. */
  async addModel(name: string, onnx: Uint8Array): Promise<void> {
    if (this.models.has(name)) return;
    this.models.add(name);
    writeFileSync(this.modelFile(name), onnx);
    chmodSync(this.modelFile(name), 0o644);
    await this.client.query('SELECT ai_create_model($1, $2)', [name, Buffer.from(onnx)]);
  }

  modelFile(name: string): string {
    return path.join(this.folder, `${name}.onnx`);
  }

  /** A process with the model and the rows of a table, apart from PostgreSQL. */
  async rawOrt(model: BenchModel, table: TableName): Promise<RawOrt> {
    await this.addModel(model.name, model.onnx);
    const { tables } = this;
    return RawOrt.start(this.modelFile(model.name), tables.file(table), tables.widthOf(table));
  }

  /** The setting, or undefined where this build has none of the name. */
  async setting(name: string): Promise<string | undefined> {
    const sql = 'SELECT setting FROM pg_settings WHERE name = $1';
    const { rows } = await this.client.query(sql, [name]);
    return rows[0]?.setting;
  }

  /** Runs a statement that gives one row with `sum` and `count`, and times it. */
  async timedSum(sql: string, client: pg.Client = this.client): Promise<Run> {
    const started = performance.now();
    const { rows } = await client.query(sql);
    const seconds = (performance.now() - started) / 1000;
    return { seconds, rows: Number(rows[0].count), sum: Number(rows[0].sum) };
  }

  /** Runs a statement, and times it. */
  async timed(sql: string, rows: number, client: pg.Client = this.client): Promise<Run> {
    const started = performance.now();
    await client.query(sql);
    return { seconds: (performance.now() - started) / 1000, rows };
  }
}

/** A part of the benchmarks, called by its name. */
export interface Part {
  readonly name: string;
  /** Left out of a run that names no part, because it is long and measures nothing. */
  readonly byHand?: boolean;
  readonly run: (bench: Bench) => Promise<void>;
}

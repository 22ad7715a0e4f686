/**
 * The side of a Node program beside the database, the strongest way without an extension: COPY
 * BINARY out of one connection, onnxruntime-node, COPY BINARY into another. Reading, predicting
 * and writing overlap; both directions stop while the other end is behind.
 */
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import type pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import type { Bench } from '../bench';
import { decodeArrayRows, encodeResultRows, HEADER, TRAILER } from '../copy_binary';
import type { Run } from '../samples';
import type { TableName } from '../tables';

const BATCH_ROWS = 8192;

type OnnxRuntime = typeof import('onnxruntime-node');

export class NodeCopy {
  private constructor(
    private readonly bench: Bench,
    private readonly reader: pg.Client,
    private readonly writer: pg.Client,
    private readonly ort: OnnxRuntime,
    private readonly session: InferenceSession,
  ) {}

  static async start(bench: Bench, modelFile: string): Promise<NodeCopy> {
    // It looks for this when it is loaded.
    process.env.ORT_DISABLE_TELEMETRY = '1';
    const ort = await import('onnxruntime-node');
    const session = await ort.InferenceSession.create(modelFile, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
    });
    return new NodeCopy(bench, await bench.connect(), await bench.connect(), ort, session);
  }

  /** Reads a table, predicts every row; writes id and prediction into a new table. */
  async run(table: TableName): Promise<Run> {
    const { bench, reader, writer } = this;
    await writer.query('DROP TABLE IF EXISTS answers; CREATE TABLE answers (id int, y float8)');
    const started = performance.now();
    const out = reader.query(copyTo(`COPY (SELECT id, x FROM ${table}) TO STDOUT (FORMAT binary)`));
    const back = writer.query(copyFrom('COPY answers FROM STDIN (FORMAT binary)'));
    const write = async (bytes: Buffer): Promise<void> => {
      if (!back.write(bytes)) await once(back, 'drain');
    };
    await write(HEADER);
    const width = bench.tables.widthOf(table);
    for await (const { rows, ids, values } of decodeArrayRows(out, width, BATCH_ROWS)) {
      const x = new this.ort.Tensor('float32', values.subarray(0, rows * width), [rows, width]);
      const { y } = await this.session.run({ x });
      await write(encodeResultRows(ids, (y as Tensor).data as Float32Array, rows));
    }
    back.end(TRAILER);
    await finished(back);
    const seconds = (performance.now() - started) / 1000;
    const { rows } = await writer.query('SELECT sum(y) AS sum, count(*) AS count FROM answers');
    return { seconds, rows: Number(rows[0].count), sum: Number(rows[0].sum) };
  }

  async end(): Promise<void> {
    await this.writer.query('DROP TABLE IF EXISTS answers');
    await Promise.all([this.reader.end(), this.writer.end(), this.session.release()]);
  }
}

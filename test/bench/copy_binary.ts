/*
 * PostgreSQL's binary COPY format, as far as the benchmarks need it: rows of an integer and an
 * array of reals, and rows of an integer and a double. Rows are of one length, so a reader counts
 * bytes instead of parsing.
 */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
/** Signature, flags and the length of an extension that is not there. */
export const HEADER = Buffer.concat([SIGNATURE, Buffer.alloc(8)]);
/** In place of a number of fields. */
export const TRAILER = Buffer.from([0xff, 0xff]);

const FLOAT4_OID = 700;
/** Number of fields, length and value of the id, length of the array. */
const ARRAY_AT = 2 + 4 + 4 + 4;
/** Dimensions, flags, element type, size and lower bound. */
const ARRAY_HEADER = 20;
const ELEMENT = 8;

/** The bytes of a row of an integer and an array of so many reals. */
export const arrayRowBytes = (width: number): number => ARRAY_AT + ARRAY_HEADER + ELEMENT * width;

/** Rows numbered from `firstId` on. */
export function encodeArrayRows(values: Float32Array, width: number, firstId: number): Buffer {
  const size = arrayRowBytes(width);
  const count = values.length / width;
  const bytes = Buffer.alloc(count * size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let row = 0; row < count; row += 1) {
    const at = row * size;
    view.setInt16(at, 2);
    view.setInt32(at + 2, 4);
    view.setInt32(at + 6, firstId + row);
    view.setInt32(at + 10, ARRAY_HEADER + ELEMENT * width);
    view.setInt32(at + ARRAY_AT, 1);
    view.setInt32(at + ARRAY_AT + 8, FLOAT4_OID);
    view.setInt32(at + ARRAY_AT + 12, width);
    view.setInt32(at + ARRAY_AT + 16, 1);
    const first = at + ARRAY_AT + ARRAY_HEADER;
    for (let i = 0; i < width; i += 1) {
      view.setInt32(first + ELEMENT * i, 4);
      view.setFloat32(first + ELEMENT * i + 4, values[row * width + i] as number);
    }
  }
  return bytes;
}

/** The rows of such a stream, in batches; ids and values stay valid until the next batch. */
export interface ArrayBatch {
  readonly rows: number;
  readonly ids: Int32Array;
  readonly values: Float32Array;
}

/** Reads a stream of rows of an integer and an array of so many reals. */
export async function* decodeArrayRows(
  stream: AsyncIterable<Buffer>,
  width: number,
  batchRows: number,
): AsyncGenerator<ArrayBatch> {
  const size = arrayRowBytes(width);
  const ids = new Int32Array(batchRows);
  const values = new Float32Array(batchRows * width);
  let rest: Buffer = Buffer.alloc(0);
  let skip = HEADER.length;
  let rows = 0;
  for await (const chunk of stream) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = Math.min(skip, bytes.length);
    skip -= at;
    for (; bytes.length - at >= size; at += size) {
      if (view.getInt32(at + ARRAY_AT + 12) !== width) throw new Error('row of another width');
      ids[rows] = view.getInt32(at + 6);
      const first = at + ARRAY_AT + ARRAY_HEADER + 4;
      const to = rows * width;
      for (let i = 0; i < width; i += 1) values[to + i] = view.getFloat32(first + ELEMENT * i);
      rows += 1;
      if (rows < batchRows) continue;
      yield { rows, ids, values };
      rows = 0;
    }
    rest = bytes.subarray(at);
  }
  if (!rest.equals(TRAILER)) throw new Error('the stream ends within a row');
  if (rows > 0) yield { rows, ids, values };
}

const RESULT_ROW = 2 + 4 + 4 + 4 + 8;

/** Rows of an id and a double. */
export function encodeResultRows(ids: Int32Array, values: Float32Array, rows: number): Buffer {
  const bytes = Buffer.allocUnsafe(rows * RESULT_ROW);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let row = 0; row < rows; row += 1) {
    const at = row * RESULT_ROW;
    view.setInt16(at, 2);
    view.setInt32(at + 2, 4);
    view.setInt32(at + 6, ids[row] as number);
    view.setInt32(at + 10, 8);
    view.setFloat64(at + 14, values[row] as number);
  }
  return bytes;
}

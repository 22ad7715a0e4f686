/**
 * An inference server that answers ECHO wrongly on demand: what the real one cannot do.
 *
 * The supervisor starts it like the real one (`ai_runtime.server_path`). The text of an ECHO names
 * the fault; any other text is echoed, and what was held back goes after it. It keeps to the wire
 * protocol where it is not asked otherwise, and imports nothing of the product.
 */
import { chmodSync } from 'node:fs';
import { createServer } from 'node:net';
import { basename, dirname } from 'node:path';

const HEADER_BYTES = 24;
const MAGIC = 0x54524941;
const ECHO_REQUEST = 21;
const ERROR = 100;

/** So few connections may wait that a test can fill the queue. */
const BACKLOG = 4;

const socketPath = process.argv[process.argv.indexOf('--socket-path') + 1];

/** Builds a frame; `change` may overwrite fields of its header. */
function frame(type, requestId, payload, change = {}) {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(change.magic ?? MAGIC, 0);
  header.writeUInt16LE(change.version ?? 1, 4);
  header.writeUInt16LE(type, 6);
  header.writeBigUInt64LE(requestId, 8);
  header.writeBigUInt64LE(change.payloadBytes ?? BigInt(payload.length), 16);
  return Buffer.concat([header, payload]);
}

/** Builds an ERROR; `lengths` may lie about its texts. */
function errorFrame(requestId, code, texts, lengths = texts.map((text) => text.length)) {
  const header = Buffer.alloc(16);
  [code, ...lengths].forEach((value, index) => {
    header.writeUInt32LE(value, index * 4);
  });
  return frame(
    ERROR,
    requestId,
    Buffer.concat([header, ...texts.map((text) => Buffer.from(text))]),
  );
}

/** Sends the right answer byte by byte. */
async function dribble(socket, bytes) {
  socket.setNoDelay?.(true);
  for (const byte of bytes) {
    socket.write(Buffer.from([byte]));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const faults = {
  silence: () => {},
  die: () => process.kill(process.pid, 'SIGKILL'),
  garbage: (socket) => socket.write(Buffer.alloc(4096, 0x41)),
  magic: (socket, id, echo) => socket.write(frame(22, id, echo, { magic: 0x41414141 })),
  version: (socket, id, echo) => socket.write(frame(22, id, echo, { version: 2 })),
  type: (socket, id, echo) => socket.write(frame(4, id, echo)),
  request_id: (socket, id, echo) => socket.write(frame(22, id + 1n, echo)),
  twice: (socket, id, echo) =>
    socket.write(Buffer.concat([frame(22, id, echo), frame(22, id, echo)])),
  length_over_limit: (socket, id, echo) =>
    socket.write(frame(22, id, echo, { payloadBytes: 512n * 1024n * 1024n + 1n })),
  length_negative: (socket, id, echo) =>
    socket.write(frame(22, id, echo, { payloadBytes: 0xffffffffffffffffn })),
  dribble: (socket, id, echo) => dribble(socket, frame(22, id, echo)),
  error_lengths: (socket, id) => socket.write(errorFrame(id, 3, ['text'], [1_000_000, 0, 0])),
  error_short: (socket, id) => socket.write(frame(ERROR, id, Buffer.from([1, 2, 3]))),
  error_code: (socket, id) => socket.write(errorFrame(id, 99, ['text', '', ''])),
  error_utf8: (socket, id) => socket.write(errorFrame(id, 3, ['100 €', 'ÄÖ', ''], [7, 4, 0])),
  error_not_utf8: (socket, id) =>
    socket.write(errorFrame(id, 3, [Buffer.from([0x61, 0xff, 0x62]), '', ''], [3, 0, 0])),
};

/** Replies that wait for the next plain echo of their connection, the last one first. */
const held = new WeakMap();

/** Sends an echo; a client that does not read it is not read from either. */
function echo(socket, requestId, payload) {
  const before = held.get(socket) ?? [];
  held.delete(socket);
  const replies = [frame(22, requestId, payload), ...before.reverse()];
  if (!socket.write(Buffer.concat(replies)) && payload.length > 4096) {
    socket.pause();
    socket.once('drain', () => socket.resume());
  }
}

/** Answers one request as its text asks for. */
function answer(socket, type, requestId, payload) {
  const text = payload.length < 64 ? payload.toString('latin1') : '';
  const [name, number] = text.split(':');
  if (type !== ECHO_REQUEST) {
    socket.write(errorFrame(requestId, 4, ['unknown request', '', '']));
  } else if (name === 'cut') {
    socket.end(frame(22, requestId, payload).subarray(0, Number(number)));
  } else if (name === 'code') {
    socket.write(errorFrame(requestId, Number(number), ['a message', 'A detail.', 'A hint.']));
  } else if (name === 'hold') {
    held.set(socket, [...(held.get(socket) ?? []), frame(22, requestId, payload)]);
  } else if (Object.hasOwn(faults, name)) {
    faults[name](socket, requestId, payload);
  } else {
    echo(socket, requestId, payload);
  }
}

/** Takes whole frames out of what a backend sends. */
function serve(socket) {
  let pending = Buffer.alloc(0);
  socket.on('error', () => {});
  socket.on('data', (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= HEADER_BYTES) {
      const end = HEADER_BYTES + Number(pending.readBigUInt64LE(16));
      if (pending.length < end) return;
      const payload = pending.subarray(HEADER_BYTES, end);
      answer(socket, pending.readUInt16LE(6), pending.readBigUInt64LE(8), payload);
      pending = pending.subarray(end);
    }
  });
}

process.on('SIGTERM', () => process.exit(0));
// An address holds 107 bytes and Node cuts a longer path without a word.
process.chdir(dirname(socketPath));
createServer(serve).listen({ path: basename(socketPath), backlog: BACKLOG }, () => {
  chmodSync(socketPath, 0o600);
  console.log('a line that nobody knows');
  console.log(`log warning ${'x'.repeat(20_000)}`);
  console.log(`ready protocol=1 version=fault ort=0 pid=${process.pid}`);
  setInterval(() => console.log('heartbeat rss_bytes=1 sessions=0'), 1000);
});

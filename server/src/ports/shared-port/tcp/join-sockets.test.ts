import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { expect, onTestFinished, test } from 'vitest';
import {
  closed,
  firstFrame,
  open,
  startEnd,
  startTcpDemultiplexer,
} from '../../../../../testkit/clients/tcp-demultiplexer.ts';
import type { TcpLimits } from './limits.ts';

const frame = firstFrame({
  usernameFragment: 'abcdefghijklmnopqrstuvwxyz012345',
  password: 'secret',
});

const megabyte = 1024 * 1024;
/** More than the kernel buffers for two connections by the defaults of tcp_wmem and tcp_rmem. */
const keptByKernels = 64 * megabyte;

/** A peer and the substitute of a worker, joined, with the first frame already read. */
async function joined(limits?: Partial<TcpLimits>) {
  const connection = Promise.withResolvers<Socket>();
  const { target } = await startEnd(connection.resolve);
  const { demultiplexer, port } = await startTcpDemultiplexer({
    targetOf: () => target,
    ...(limits && { limits }),
  });
  const peer = await open(port, { allowHalfOpen: true });
  peer.write(frame);
  const worker = await connection.promise;
  let begin = Buffer.alloc(0);
  while (begin.length < frame.length) {
    await once(worker, 'readable');
    begin = Buffer.concat([begin, worker.read() ?? Buffer.alloc(0)]);
  }
  expect(begin).toEqual(frame);
  return { demultiplexer, port, peer, worker };
}

const sides = ['peer', 'worker'] as const;

/** The sockets in sending order. */
function pair(sockets: { peer: Socket; worker: Socket }, from: (typeof sides)[number]) {
  const { peer, worker } = sockets;
  return from === 'peer' ? { from: peer, to: worker } : { from: worker, to: peer };
}

test('passes many megabytes in both directions at once, unmodified', async () => {
  const { peer, worker } = await joined();
  const sent = { peer: randomFillSync(Buffer.alloc(24 * megabyte)), worker: Buffer.alloc(0) };
  sent.worker = randomFillSync(Buffer.alloc(24 * megabyte));
  const [byWorker, byPeer] = await Promise.all([
    buffer(worker),
    buffer(peer),
    pipeline(pieces(sent.peer), peer),
    pipeline(pieces(sent.worker), worker),
  ]);
  expect(sha256(byWorker)).toBe(sha256(sent.peer));
  expect(sha256(byPeer)).toBe(sha256(sent.worker));
});

test.each(sides)('lets the other side send after the end of the %s', async (first) => {
  const sockets = await joined();
  const { from, to } = pair(sockets, first);
  from.end('my last word');
  expect(String(await buffer(to))).toBe('my last word');

  const answer = randomFillSync(Buffer.alloc(4 * megabyte));
  to.end(answer);
  expect(sha256(await buffer(from))).toBe(sha256(answer));
  await Promise.all([closed(from), closed(to)]);
});

test.each(sides)('ends the other side when the %s resets', async (first) => {
  const { from, to } = pair(await joined(), first);
  from.resetAndDestroy();
  await closed(to);
});

test.each(sides)('applies backpressure to the %s without losing bytes', async (first) => {
  const { from, to } = pair(await joined(), first);
  const piece = randomFillSync(Buffer.alloc(megabyte));
  const before = process.memoryUsage().arrayBuffers;
  // Writes until the buffers of the kernel and of the demultiplexer are full.
  let sent = 0;
  while (from.write(piece) || (await drained(from, to))) {
    sent += piece.length;
  }
  sent += piece.length;
  expect(sent).toBeLessThan(keptByKernels);
  // `piece` is one buffer, so memory grew only in the demultiplexer or in the unread `to`.
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * megabyte);

  from.end();
  const received = await buffer(to);
  expect(received.length).toBe(sent);
  for (let at = 0; at < sent; at += megabyte) {
    expect(received.subarray(at, at + megabyte).equals(piece)).toBe(true);
  }
});

test.each(sides)('ends a pair of which one side never reads what the %s sends', async (first) => {
  const sockets = await joined({ stallMs: 100 });
  const { from, to } = pair(sockets, first);
  const piece = Buffer.alloc(megabyte);
  const over = closed(from);
  while (!from.destroyed && from.bytesWritten < 2 * keptByKernels) {
    if (!from.write(piece)) {
      await Promise.race([once(from, 'drain'), over]).catch(() => {});
    }
  }
  await over;
  expect(from.bytesWritten - from.writableLength).toBeLessThan(keptByKernels);
  expect(sockets.demultiplexer.counters()).toMatchObject({ ice: 1, stalled: 1, idle: 0 });
  await closed(to);
});

test('ends a pair that is idle in both directions', async () => {
  const { demultiplexer, peer, worker } = await joined({ idleMs: 100 });
  await Promise.all([closed(peer), closed(worker)]);
  expect(demultiplexer.counters()).toMatchObject({ ice: 1, idle: 1, stalled: 0 });
});

test.each(sides)('keeps a pair as long as the %s sends', async (first) => {
  const idleMs = 2_000;
  const sockets = await joined({ idleMs });
  const { from, to } = pair(sockets, first);
  to.resume();
  const speaking = setInterval(() => from.write('.'), idleMs / 40);
  onTestFinished(() => clearInterval(speaking));
  // Until an idle pair beside it has ended.
  const silent = await open(sockets.port);
  silent.write(frame);
  await closed(silent);
  expect(sockets.demultiplexer.counters().idle).toBe(1);
  expect([from.destroyed, to.destroyed]).toEqual([false, false]);
  clearInterval(speaking);
  await Promise.all([closed(from), closed(to)]);
});

function* cut(bytes: Buffer): Generator<Buffer> {
  for (let at = 0, length = 1; at < bytes.length; at += length, length = (length * 7) % 65_537) {
    yield bytes.subarray(at, at + length);
  }
}

/** Chunks of many lengths. */
function pieces(bytes: Buffer): Readable {
  return Readable.from(cut(bytes));
}

/** Whether everything written has been sent. false: sending has stopped although nothing blocks it. */
async function drained(from: Socket, to: Socket): Promise<boolean> {
  for (let quiet = 0, left = from.writableLength; from.writableNeedDrain; ) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    quiet = from.writableLength === left ? quiet + 1 : 0;
    left = from.writableLength;
    if (quiet === 20 || to.destroyed) {
      return false;
    }
  }
  return true;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';

/** Wait for an answer, which need not come. */
const answerMs = 150;
/** More of an answer is not kept. */
const longestAnswer = 100_000;

export interface RawConnectionPlan {
  /** Bytes of each segment but the last. */
  segments: number[];
  end: 'fin' | 'reset' | 'wait';
}

/** Cut anywhere and ended in any way. */
export const rawPlan: fc.Arbitrary<RawConnectionPlan> = fc.record({
  segments: fc.oneof(
    fc.constant<number[]>([]),
    fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }),
  ),
  end: fc.constantFrom('fin', 'fin', 'wait', 'reset'),
});

/**
 * Sends bytes by TCP in segments, and ends the connection.
 *
 * @returns the answer
 */
export async function sendRaw(
  to: { port: number },
  bytes: Buffer,
  { segments, end }: RawConnectionPlan,
): Promise<Buffer> {
  // An address of its own, because limits per address have tests of their own.
  const localAddress = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const socket = connect({ host: '127.0.0.1', localAddress, noDelay: true, ...to });
  const answer: Buffer[] = [];
  let length = 0;
  socket.on('data', (data) => {
    length += data.length;
    if (length < longestAnswer) {
      answer.push(data);
    }
  });
  // The server may reset it.
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await Promise.race([once(socket, 'connect').catch(() => {}), closed]);
  let at = 0;
  for (const segment of segments) {
    if (at >= bytes.length) {
      break;
    }
    await write(socket, bytes.subarray(at, at + segment));
    at += segment;
  }
  await write(socket, bytes.subarray(at));
  if (end === 'reset') {
    socket.resetAndDestroy();
  }
  if (end === 'fin' && !socket.destroyed) {
    socket.end();
  }
  if (end !== 'reset') {
    await Promise.race([closed, once(socket, 'data').catch(() => {}), sleep(answerMs)]);
  }
  socket.destroy();
  await closed;
  return Buffer.concat(answer);
}

/** Waits until the kernel has the bytes, so that the next ones are a segment of their own. */
async function write(socket: Socket, bytes: Buffer): Promise<void> {
  if (socket.destroyed || bytes.length === 0) {
    return;
  }
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    socket.write(bytes, () => {
      socket.off('close', resolve);
      setImmediate(resolve);
    });
  });
}

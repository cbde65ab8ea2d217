import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long something is waited for that need not come. */
const answerMs = 150;
/** What an answer is read of. */
const longestAnswer = 100_000;

export interface RawConnectionPlan {
  /** Bytes after which the next segment begins. */
  segments: number[];
  end: 'fin' | 'reset' | 'wait';
}

/**
 * Sends bytes by TCP in segments, and ends the connection.
 *
 * @param bytes - of any length
 * @returns what came back
 */
export async function sendRaw(
  to: { port: number },
  bytes: Buffer,
  { segments, end }: RawConnectionPlan,
): Promise<Buffer> {
  // Each from an address of its own: what is limited for an address is another test's matter.
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
  // That it is reset is an answer too.
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

/** Waits until the kernel has it, so that the next segment is one of its own. */
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

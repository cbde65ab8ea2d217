import type { Socket } from 'node:net';
import { classify, type FirstBytes } from './first-bytes.ts';

interface NothingCame {
  kind: 'timeout' | 'unused' | 'closedEarly' | 'overLimit';
}

/**
 * Reads until it is clear what a connection carries. What was read is put back: whoever reads from the
 * socket next gets it first.
 *
 * @param socket - as it was accepted, nothing read from it yet
 * @param withinMs - how long that may take, in milliseconds, however lively the connection is
 * @param outOfTurn - when others need its place
 * @returns what it carries; `timeout`; `unused` if by then nothing has come; `closedEarly` when the other side ended before
 *   that was clear; or `overLimit` when it was out of turn
 */
export function readFirstBytes(
  socket: Socket,
  withinMs: number,
  outOfTurn: AbortSignal,
): Promise<FirstBytes | NothingCame> {
  return new Promise((resolve) => {
    let read: Buffer = Buffer.alloc(0);
    const finish = (result: FirstBytes | NothingCame) => {
      clearTimeout(timer);
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
      outOfTurn.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const onReadable = () => {
      const chunk: Buffer | null = socket.read();
      if (!chunk) {
        return;
      }
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk]);
      const first = classify(read);
      if (!first) {
        return;
      }
      // At once: after the other side's end nothing could be put back later.
      socket.unshift(read);
      finish(first);
    };
    const onEnd = () => finish({ kind: 'closedEarly' });
    const onAbort = () => finish({ kind: 'overLimit' });
    const timer = setTimeout(
      () => finish({ kind: read.length === 0 ? 'unused' : 'timeout' }),
      withinMs,
    );
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd);
    outOfTurn.addEventListener('abort', onAbort);
  });
}

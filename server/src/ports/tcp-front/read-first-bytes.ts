import type { Socket } from 'node:net';
import { classify, type FirstBytes } from './first-bytes.ts';

interface NothingCame {
  kind: 'timeout' | 'unused' | 'closedEarly';
}

/**
 * Reads until it is clear what a connection carries. What was read is put back: whoever reads from the
 * socket next gets it first.
 *
 * @param socket - as it was accepted, nothing read from it yet
 * @param withinMs - how long that may take, in milliseconds, however lively the connection is
 * @returns what it carries; `timeout`; `unused` if by then nothing has come; or `closedEarly` when the other side ended before that was clear
 */
export function readFirstBytes(
  socket: Socket,
  withinMs: number,
): Promise<FirstBytes | NothingCame> {
  return new Promise((resolve) => {
    let read: Buffer = Buffer.alloc(0);
    const finish = (result: FirstBytes | NothingCame) => {
      clearTimeout(timer);
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
      resolve(result);
    };
    const onReadable = () => {
      const chunk: Buffer | null = socket.read();
      if (!chunk) return;
      read = read.length === 0 ? chunk : Buffer.concat([read, chunk]);
      const first = classify(read);
      if (!first) return;
      // At once: after the other side's end nothing could be put back later.
      socket.unshift(read);
      finish(first);
    };
    const onEnd = () => finish({ kind: 'closedEarly' });
    const timer = setTimeout(
      () => finish({ kind: read.length === 0 ? 'unused' : 'timeout' }),
      withinMs,
    );
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd);
  });
}

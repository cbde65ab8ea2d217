import type { Socket } from 'node:net';
import { reset } from './reset.ts';

/** Why a pair was ended by us. */
export type Ended = 'idle' | 'stalled';

export interface JoinOptions {
  /** Milliseconds without a byte in either direction. */
  idleMs: number;
  /** Milliseconds in which a side takes nothing of what waits for it. */
  stallMs: number;
  /** Told before both are closed for one of these reasons. */
  onEnd(reason: Ended): void;
}

/**
 * Makes one connection of two, until either is closed: bytes, their end and a reset go both ways, and whoever
 * doesn't read holds the other side up. Errors are for the caller to listen to.
 *
 * @param peer - what it has to read already goes first
 * @param worker - may be connecting still
 */
export function joinSockets(peer: Socket, worker: Socket, options: JoinOptions): void {
  const end = (reason: Ended) => {
    if (peer.destroyed && worker.destroyed) {
      return;
    }
    options.onEnd(reason);
    reset(peer);
    reset(worker);
  };
  // What comes from one side goes out at the other, so one of the two sees all.
  peer.setTimeout(options.idleMs, () => end('idle'));
  for (const [from, to] of [
    [peer, worker],
    [worker, peer],
  ] as const) {
    let stalled: NodeJS.Timeout | undefined;
    // `pipe` pauses where `write` says that enough waits, and goes on at 'drain', when all of it has gone.
    from.on('pause', () => {
      stalled ??= setTimeout(() => end('stalled'), options.stallMs);
    });
    to.on('drain', () => {
      clearTimeout(stalled);
      stalled = undefined;
    });
    from.on('close', () => {
      clearTimeout(stalled);
      // After its end, whatever it sent before is still to be delivered.
      if (from.readableEnded) {
        to.destroySoon();
      } else {
        reset(to);
      }
    });
    from.pipe(to);
  }
}

import type { Socket } from 'node:net';

/** Why the server ended a pair of joined connections. */
type EndReason = 'idle' | 'stalled';

export interface JoinOptions {
  /** Milliseconds without a byte in either direction. */
  idleMs: number;
  /** Milliseconds in which a side reads nothing of what is buffered for it. */
  stallMs: number;
  /** Called before both connections are reset for one of these reasons. */
  onEnd(reason: EndReason): void;
}

/**
 * Joins two connections until one is closed: bytes, ends and resets are passed on in both directions,
 * with backpressure. The caller listens for errors.
 *
 * @param peer - bytes that were put back into it are passed on first
 * @param worker - may still be connecting
 */
export function joinSockets(peer: Socket, worker: Socket, options: JoinOptions): void {
  const end = (reason: EndReason) => {
    if (peer.destroyed && worker.destroyed) {
      return;
    }
    options.onEnd(reason);
    reset(peer);
    reset(worker);
  };
  // All bytes of both directions pass through the peer's socket.
  peer.setTimeout(options.idleMs, () => end('idle'));
  for (const [from, to] of [
    [peer, worker],
    [worker, peer],
  ] as const) {
    let stalled: NodeJS.Timeout | undefined;
    // `pipe` pauses the source while the destination's buffer is full, and resumes it at 'drain'.
    from.on('pause', () => {
      stalled ??= setTimeout(() => end('stalled'), options.stallMs);
    });
    to.on('drain', () => {
      clearTimeout(stalled);
      stalled = undefined;
    });
    from.on('close', () => {
      clearTimeout(stalled);
      // After a regular end, what is still buffered has to be delivered.
      if (from.readableEnded) {
        to.destroySoon();
      } else {
        reset(to);
      }
    });
    from.pipe(to);
  }
}

/**
 * Ends a connection in both directions at once, so that the other side learns of it without writing
 * and the kernel keeps no state.
 *
 * @param socket - in any state
 */
export function reset(socket: Socket): void {
  // libuv does not reset a socket that is being shut down (uv_tcp_close_reset); Node would leave it open.
  if (socket.connecting || socket.writableEnded) {
    socket.destroy();
  } else {
    socket.resetAndDestroy();
  }
}

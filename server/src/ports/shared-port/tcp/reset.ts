import type { Socket } from 'node:net';

/**
 * Ends a connection in both directions at once, so that the other side needn't write to learn of it, and
 * the kernel keeps nothing of it.
 *
 * @param socket - in any state
 */
export function reset(socket: Socket): void {
  // While it is being shut down, libuv refuses to reset (uv_tcp_close_reset), and Node would leave it open.
  if (socket.connecting || socket.writableEnded) {
    socket.destroy();
  } else {
    socket.resetAndDestroy();
  }
}

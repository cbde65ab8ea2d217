import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A TCP port mapping, as of NAT: joins connections to one port at 127.0.0.1 with another port. */
export interface TcpRelay extends AsyncDisposable {
  /** The number of bytes from browsers. */
  readonly bytesFromBrowsers: number;
  /** Resets all connections, and new ones until `mend`. */
  cut(): void;
  mend(): void;
  /** Silently stops the present connections from passing anything. */
  stall(): void;
}

/**
 * @param outside - the relay's port
 * @param inside - the server's
 */
export async function openTcpRelay(outside: number, inside: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  let bytesFromBrowsers = 0;
  let mended = true;
  const server = createServer((browser) => {
    if (!mended) {
      browser.resetAndDestroy();
      return;
    }
    const onward = connect(inside, '127.0.0.1');
    for (const socket of [browser, onward]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.once('close', () => sockets.delete(socket));
    }
    browser.on('data', ({ length }) => {
      bytesFromBrowsers += length;
    });
    // When either end resets the connection, the pipeline closes the other.
    pipeline(browser, onward, browser).catch(() => {});
  });
  server.listen(outside, '127.0.0.1');
  await once(server, 'listening');
  return {
    get bytesFromBrowsers() {
      return bytesFromBrowsers;
    },
    cut() {
      mended = false;
      for (const socket of sockets) {
        socket.resetAndDestroy();
      }
    },
    mend() {
      mended = true;
    },
    stall() {
      for (const socket of sockets) {
        socket.unpipe().pause();
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

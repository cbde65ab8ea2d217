import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A port mapping for TCP, as NAT has them: what connects to a port at 127.0.0.1 is joined with another. */
export interface TcpRelay extends AsyncDisposable {
  /** How many bytes browsers have sent. */
  readonly bytesFromBrowsers: number;
  /** Drops all connections, and takes no others until `mend`. */
  cut(): void;
  mend(): void;
  /** From now on nothing comes through those that are there, and nobody is told. */
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
    // Either end may reset the connection, and the other is told by the pipeline.
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

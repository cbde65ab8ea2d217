import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';

/** A port mapping for TCP, as NAT has them: what connects to a port at 127.0.0.1 is joined with another. */
export interface TcpRelay extends AsyncDisposable {
  /** How many bytes browsers have sent. */
  readonly bytesFromBrowsers: number;
}

/**
 * @param outside - the relay's port
 * @param inside - the server's
 */
export async function openTcpRelay(outside: number, inside: number): Promise<TcpRelay> {
  const sockets = new Set<Socket>();
  let bytesFromBrowsers = 0;
  const server = createServer((browser) => {
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
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

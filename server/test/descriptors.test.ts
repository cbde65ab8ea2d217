/** Connections never use up the server's file descriptors: workers can always be restarted. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { startServerProcess } from '../../testkit/servers/server-process.ts';
import { childrenOf } from '../../testkit/system/processes.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const openFiles = 300;

test.skipIf(process.platform !== 'linux')(
  'a worker is restarted while eight addresses open as many connections as they can',
  async () => {
    const server = await startServerProcess(
      { LOG_LEVEL: 'info' },
      { command: ['sh', '-c', `ulimit -n ${openFiles}; exec "$0" "$@"`, process.execPath, main] },
    );
    onTestFinished(() => server.stop());
    expect(server.output()).toContain('limits of connections lowered');
    const { port } = new URL(server.url);
    const sockets: Socket[] = [];
    onTestFinished(() => {
      for (const socket of sockets) {
        socket.destroy();
      }
    });
    for (let n = 0; n < openFiles; n++) {
      const localAddress = `127.0.0.${2 + (n % 8)}`;
      const socket = connect({ host: '127.0.0.1', port: Number(port), localAddress });
      // Those over the limit are reset, possibly before this side knows that they are connected.
      socket.on('error', () => {}).write('G');
      sockets.push(socket);
    }
    await Promise.all(
      sockets.map((socket) => socket.connecting && once(socket, 'connect').catch(() => {})),
    );
    // Connections are accepted in order, so the last one tells that all were.
    const last = connect({ host: '127.0.0.1', port: Number(port) });
    sockets.push(last);
    last.on('error', () => {}).end('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
    await new Promise((resolve) => last.once('data', resolve).once('close', resolve));
    const pid = server.process.pid ?? 0;
    const used = readdirSync(`/proc/${pid}/fd`).length;
    expect(used).toBeLessThan(openFiles - 64);

    const [worker = 0] = childrenOf(pid);
    process.kill(worker, 'SIGKILL');
    await expect.poll(() => server.output()).toContain('worker restarted');
    for (const socket of sockets) {
      socket.destroy();
    }
    // A connection counts until the server has seen its end.
    const health = () =>
      fetch(`${server.url}/health`).then(
        ({ status }) => status,
        () => 0,
      );
    await expect.poll(health).toBe(200);
    const peer = await TestPeer.join({
      signalling: `${server.url.replace('http', 'ws')}/signalling`,
    });
    await peer.leave();
  },
);

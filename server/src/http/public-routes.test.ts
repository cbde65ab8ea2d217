import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { connect as tlsConnect } from 'node:tls';
import { portMapSocketPath } from '@oneport/protocol';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { closed } from '../../../testkit/clients/tcp-demultiplexer.ts';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { openPorts } from '../../../testkit/servers/server-process.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';

let server: TestServer;

afterEach(() => server.stop());

/** @returns status 0 when the connection is reset */
async function get(
  path: string,
  { headers = {}, localAddress = '127.0.0.1' }: Parameters<typeof request>[1] = {},
): Promise<{ status: number; body: string }> {
  const { hostname, port } = new URL(server.url);
  const sent = request({ hostname, port, path, headers, localAddress, agent: false }).end();
  const [response] = await once(sent, 'response').catch(() => []);
  return response
    ? { status: response.statusCode, body: await text(response) }
    : { status: 0, body: '' };
}

test('/api/ports shows strangers the mode only, without counting, and operators the ports, counted once a second', async () => {
  server = await startTestServer();
  let counted = 0;
  const { ports } = server;
  const snapshot = ports.snapshot.bind(ports);
  ports.snapshot = () => {
    counted++;
    return snapshot();
  };
  expect(await get('/api/ports')).toEqual({ status: 200, body: '{"mode":"single-port"}' });
  for (const authorization of ['Bearer wrong', 'Bearer', 'Basic token-of-the-test-servers']) {
    const { status, body } = await get('/api/ports', { headers: { authorization } });
    expect({ status, body }).toEqual({ status: 401, body: '{"error":"wrong token"}' });
  }
  expect(counted).toBe(0);

  const endpoint = { workerIndex: 0, ip: '127.0.0.1', port: server.mediaPort, transports: 0 };
  const answers = await Promise.all(Array.from({ length: 50 }, () => openPorts(server.url)));
  for (const answer of answers) {
    expect(answer).toMatchObject({
      mode: 'single-port',
      why: expect.stringContaining('MEDIASOUP_USE_WEBRTC_SERVER'),
      ports: [
        { protocol: 'udp', ...endpoint },
        { protocol: 'tcp', ...endpoint },
      ],
    });
  }
  // A busy machine may take longer than a second for all of them.
  expect(counted).toBeLessThan(10);
});

test('limits the requests and connections of each address', async () => {
  server = await startTestServer({ MAX_REQUESTS_PER_SECOND: '1' }, { metrics: true });
  const peer = await TestPeer.join({ signalling: server.signalling });
  const flood = { localAddress: '127.0.0.2' };
  const closeReasons: number[] = [];
  for (let n = 0; n < 60; n++) {
    const path = ['/', '/health', '/ready', '/api/ports', '/nothing'][n % 5] ?? '';
    const { status } = await get(path, flood);
    if (status === 0 || status === 429) {
      closeReasons.push(status);
    }
  }
  // A token came for each second that this took.
  expect(closeReasons.length).toBeGreaterThan(0);
  expect(closeReasons.length).toBeLessThanOrEqual(50);
  expect((await get('/health')).status).toBe(200);
  const metrics = await server.scrape();
  expect(metrics('oneport_limit_hits_total', { limit: 'requests_per_second' })).toBe(
    closeReasons.length,
  );
  await peer.leave();
});

test.each([
  ['HTTP', {}],
  ['HTTPS', { HTTPS: 'self-signed', HTTP_HOST: '127.0.0.1' }],
] as const)(
  'over %s, declines pipelined requests, and ends the connections of an address that owes for them',
  async (_, env) => {
    server = await startTestServer({ MAX_REQUESTS_PER_SECOND: '1', ...env });
    const url = new URL(server.urls[0] ?? '');
    const { hostname, port, protocol } = url;
    const open = async (localAddress: string) => {
      const tcp = connect({ host: hostname, port: Number(port), localAddress });
      const socket =
        protocol === 'https:' ? tlsConnect({ socket: tcp, rejectUnauthorized: false }) : tcp;
      socket.on('error', () => {});
      await once(socket, protocol === 'https:' ? 'secureConnect' : 'connect');
      return socket;
    };
    const pipelined = (count: number) => 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count);
    const [waiting, flood] = [await open('127.0.0.2'), await open('127.0.0.2')];
    const other = await open('127.0.0.3');

    const few = await open('127.0.0.2');
    few.write(pipelined(6));
    const answers = await text(few);
    expect(answers.match(/^HTTP.*$/gm)?.map((line) => line.slice(9, 12))).toEqual([
      '200',
      '200',
      '429',
    ]);
    expect(answers).toMatch(/^Retry-After: 1\r$/m);

    const viewer = new WebSocket(
      `${url.origin.replace('http', 'ws')}${portMapSocketPath}?EIO=4&transport=websocket`,
      {
        localAddress: '127.0.0.2',
        rejectUnauthorized: false,
      },
    );
    await once(viewer, 'message');
    const ends = Promise.all([closed(waiting), closed(flood)]);
    flood.write(pipelined(1000));
    await ends;
    const late = connect({ host: hostname, port: Number(port), localAddress: '127.0.0.2' });
    late.on('error', () => {});
    await closed(late);
    expect(viewer.readyState, 'WebSockets stay').toBe(WebSocket.OPEN);
    viewer.terminate();
    other.write(pipelined(1));
    expect(String((await once(other, 'data'))[0])).toMatch(/^HTTP\/1.1 200/);
    other.destroy();
  },
);

test.each(['Transfer-Encoding: chunked', 'Content-Length: 1000000'])(
  'rejects a request with a body, %s, and closes the connection before the body ends',
  async (header) => {
    server = await startTestServer();
    const { hostname, port } = new URL(server.url);
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(`POST /health HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n1\r\na\r\n`);
    expect(await text(socket)).toMatch(/^HTTP\/1.1 413 .*\r\nConnection: close\r\n/);
  },
);

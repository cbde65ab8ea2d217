import { once } from 'node:events';
import { request as httpRequest, type RequestListener } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { generate } from 'selfsigned';
import { describe, expect, onTestFinished, test } from 'vitest';
import { closed, open } from '../../../testkit/clients/tcp-demultiplexer.ts';
import { freePorts } from '../../../testkit/servers/free-ports.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { AddressConnections } from './address-connections.ts';
import { AddressRateLimit } from './address-rate-limit.ts';
import { HttpAcceptor, type HttpAcceptorOptions } from './http-acceptor.ts';
import { createHttpsRedirect } from './https-redirect.ts';
import { createServer, type HttpTimeouts } from './server.ts';

const keyPair = await generate([{ name: 'commonName', value: 'test' }], { keyType: 'ec' }).then(
  ({ cert, private: key }) => ({ cert, key }),
);

/** No timeout ends a connection before the test does. */
const patient: HttpTimeouts = {
  handshake: 60_000,
  headers: 60_000,
  request: 60_000,
  idle: 60_000,
  checkEvery: 60_000,
};

interface ServeOptions extends Partial<HttpAcceptorOptions> {
  secure: boolean;
  timeouts?: Partial<HttpTimeouts>;
  onRequest?: RequestListener;
}

/** Serves at a port of its own. @returns the port, and the limits that were hit */
async function serve({
  secure,
  timeouts,
  onRequest,
  rate = new AddressRateLimit(1_000),
  ...options
}: ServeOptions) {
  const times = { ...patient, ...timeouts };
  const hits: string[] = [];
  const telemetry = new Telemetry();
  telemetry.on('limitHit', (limit, { address }) => hits.push(`${limit} ${address}`));
  const connections = new AddressConnections({ rate, isTrustedProxy: () => false });
  const acceptor = new HttpAcceptor({
    server: createServer(
      secure ? keyPair : undefined,
      onRequest ?? ((_, response) => response.end('hello')),
      times,
    ),
    redirect: secure
      ? createHttpsRedirect(
          {
            rate,
            connections,
            remoteAddress: ({ socket }) => socket.remoteAddress,
            telemetry,
          },
          times,
        )
      : undefined,
    limits: { connections: 100, connectionsPerAddress: 100 },
    rate,
    connections,
    isTrustedProxy: () => false,
    telemetry,
    ...options,
  });
  onTestFinished(() => {
    acceptor.stopListening();
    acceptor.closeConnections();
  });
  const port = await freePorts(1);
  await acceptor.listen({ host: '127.0.0.1', port });
  return { port, hits };
}

interface Asked {
  port: number;
  secure: boolean;
  localAddress?: string;
  headers?: Record<string, string>;
  path?: string;
}

async function ask({ secure, ...options }: Asked) {
  const request = (secure ? httpsRequest : httpRequest)({
    host: '127.0.0.1',
    rejectUnauthorized: false,
    agent: false,
    ...options,
  });
  const [response] = await once(request.end(), 'response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}

const served = (asked: Asked) =>
  ask(asked).then(
    ({ body }) => body === 'hello',
    () => false,
  );

/** Opens connections that send the first byte of a request or a TLS handshake, and no more. */
async function hold(port: number, count: number, localAddress: string, secure: boolean) {
  const sockets: Socket[] = [];
  for (let n = 0; n < count; n++) {
    const socket = await open(port, { localAddress });
    socket.write(secure ? Buffer.of(0x16) : 'G');
    sockets.push(socket);
  }
  return sockets;
}

describe.each([
  { scheme: 'http', secure: false },
  { scheme: 'https', secure: true },
])('$scheme', ({ secure }) => {
  test('resets the connections of an address, and of all, that are over the limit', async () => {
    const limits = { connections: 5, connectionsPerAddress: 3 };
    const { port, hits } = await serve({ secure, limits });
    const [first] = await hold(port, 3, '127.0.0.2', secure);
    await closed(await open(port, { localAddress: '127.0.0.2' }));
    expect(hits).toEqual(['http_connections_per_address 127.0.0.2']);
    expect(await served({ port, secure })).toBe(true);

    await hold(port, 2, '127.0.0.3', secure);
    await closed(await open(port, { localAddress: '127.0.0.4' }));
    expect(hits.slice(1)).toEqual(['http_connections 127.0.0.4']);
    first?.destroy();
    // A connection counts until the server has seen its end.
    await expect.poll(() => served({ port, secure, localAddress: '127.0.0.2' })).toBe(true);
  });

  test('counts the connections of a trusted proxy in total only', async () => {
    const limits = { connections: 4, connectionsPerAddress: 1 };
    const { port, hits } = await serve({
      secure,
      limits,
      rate: new AddressRateLimit(0),
      isTrustedProxy: (address) => address === '127.0.0.2',
    });
    await hold(port, 4, '127.0.0.2', secure);
    await closed(await open(port, { localAddress: '127.0.0.2' }));
    expect(hits).toEqual(['http_connections 127.0.0.2']);
  });

  test('resets the connections of an address that opens too many at once', async () => {
    const rate = new AddressRateLimit(1 / 20);
    const { port, hits } = await serve({ secure, rate });
    expect(await served({ port, secure, localAddress: '127.0.0.2' })).toBe(true);
    await closed(await open(port, { localAddress: '127.0.0.2' }));
    expect(hits).toEqual(['requests_per_second 127.0.0.2']);
    expect(await served({ port, secure })).toBe(true);
  });

  test('closes a connection whose handshake or headers are not complete in time', async () => {
    const timeouts = { handshake: 100, headers: 100, request: 100, checkEvery: 20 };
    const { port } = await serve({ secure, timeouts });
    const [socket] = (await hold(port, 1, '127.0.0.1', secure)) as [Socket];
    await closed(socket);
    expect(await served({ port, secure })).toBe(true);
  });
});

test('closes the connection of a client that does not read its response', async () => {
  const ended = Promise.withResolvers<void>();
  const { port } = await serve({
    secure: false,
    timeouts: { idle: 200 },
    onRequest: (_, response) => {
      response.once('close', () => ended.resolve());
      // More than the kernel buffers.
      response.end(Buffer.alloc(30_000_000));
    },
  });
  const socket = await open(port);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await ended.promise;
});

test('closes a connection that sends nothing to an HTTPS port', async () => {
  const { port } = await serve({ secure: true, firstByteMs: 100 });
  await closed(await open(port));
  expect(await served({ port, secure: true })).toBe(true);
});

test('redirects plain HTTP at an HTTPS port, for the time being', async () => {
  const { port } = await serve({ secure: true });
  const plain = (headers: Record<string, string>, path = '/?room=blue') =>
    ask({ port, secure: false, headers, path });
  expect(await plain({ host: `call.example:${port}` })).toMatchObject({
    status: 307,
    headers: {
      location: `https://call.example:${port}/?room=blue`,
      connection: 'close',
      'cache-control': 'no-store',
    },
  });
  const wholeUrl = await plain({ host: '[::1]:8443' }, 'http://other.example/x');
  expect(wholeUrl.headers.location).toBe('https://[::1]:8443/');
  for (const host of ['evil.example/x', 'a@b', '"']) {
    expect((await plain({ host })).status).toBe(400);
  }
  expect(await served({ port, secure: true })).toBe(true);
});

test('makes an address pay for pipelined plain HTTP at an HTTPS port', async () => {
  const rate = new AddressRateLimit(1);
  const { port, hits } = await serve({ secure: true, rate });
  // One that waits inside the redirect server.
  const [waiting] = (await hold(port, 1, '127.0.0.2', false)) as [Socket];
  const socket = await open(port, { localAddress: '127.0.0.2' });
  socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1000));
  await closed(waiting);
  await closed(socket);
  await closed(await open(port, { localAddress: '127.0.0.2' }));
  expect(hits).toEqual(['requests_per_second 127.0.0.2']);
  expect(await served({ port, secure: true })).toBe(true);
});

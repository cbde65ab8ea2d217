import { once } from 'node:events';
import {
  createServer as createHttp,
  Agent as HttpAgent,
  type Server as HttpServer,
  request as httpRequest,
} from 'node:http';
import {
  createServer as createHttps,
  Agent as HttpsAgent,
  request as httpsRequest,
} from 'node:https';
import { createConnection, createServer as createTcp, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { generate } from 'selfsigned';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import {
  closed,
  open,
  startTcpDemultiplexer,
} from '../../../../../testkit/clients/tcp-demultiplexer.ts';
import { freePorts } from '../../../../../testkit/servers/free-ports.ts';
import { acceptInto } from '../../../http/server.ts';
import type { TcpDemultiplexer } from './tcp-demultiplexer.ts';

// Node's servers bypass the socket they are given: the HTTP parser reads from the socket's handle, and TLS
// wraps the handle.
const keyPair = await generate([{ name: 'commonName', value: 'test' }], { keyType: 'ec' }).then(
  ({ cert, private: key }) => ({ cert, key }),
);

const schemes = [
  { scheme: 'http', secure: false },
  { scheme: 'https', secure: true },
] as const;

interface Served {
  demultiplexer: TcpDemultiplexer;
  port: number;
  server: HttpServer;
}

/** A demultiplexer and an HTTP server that responds with the connection's request count, the path and the body. */
async function serve(secure: boolean): Promise<Served> {
  const uses = new WeakMap<Socket, number>();
  const server = secure ? createHttps(keyPair) : createHttp();
  server.on('request', async (request, response) => {
    const count = (uses.get(request.socket) ?? 0) + 1;
    uses.set(request.socket, count);
    response.end(`${count} ${request.url} ${await text(request)}`);
  });
  const { demultiplexer, port } = await startTcpDemultiplexer({ httpIps: ['127.0.0.1'] });
  demultiplexer.acceptHttp(acceptInto(server));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return { demultiplexer, port, server };
}

/** Sends a request. @returns the response body */
async function ask(
  { port, secure }: { port: number; secure: boolean },
  { path = '/', body = '', agent = undefined as HttpAgent | undefined } = {},
): Promise<string> {
  const request = (secure ? httpsRequest : httpRequest)({
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    rejectUnauthorized: false,
    agent: agent ?? false,
  });
  request.end(body);
  const [response] = await once(request, 'response');
  return text(response);
}

/** A relay to a port that sends each of the first bytes in a segment of its own. @returns its port */
async function startCutter(to: number, cutBytes: number): Promise<number> {
  const cutter = createTcp((from) => {
    const socket = createConnection({ host: '127.0.0.1', port: to, noDelay: true });
    let left = cutBytes;
    const cut = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        for (const byte of chunk.subarray(0, left)) {
          yield Buffer.of(byte);
          await turn();
        }
        yield chunk.subarray(left);
        left = Math.max(0, left - chunk.length);
      }
    };
    // The test sees errors at the ends of the relay.
    pipeline(from, cut, socket).catch(() => {});
    pipeline(socket, from).catch(() => {});
  });
  onTestFinished(() => {
    cutter.close();
  });
  const port = await freePorts(1);
  cutter.listen(port, '127.0.0.1');
  await once(cutter, 'listening');
  return port;
}

describe.each(schemes)('$scheme', ({ scheme, secure }) => {
  test('passes a request and its body', async () => {
    const { demultiplexer, port } = await serve(secure);
    const body = 'x'.repeat(3_000_000);
    expect(await ask({ port, secure }, { path: '/a', body })).toBe(`1 /a ${body}`);
    const [one, other] = secure ? (['tls', 'http'] as const) : (['http', 'tls'] as const);
    expect(demultiplexer.counters()).toMatchObject({ accepted: 1, [one]: 1, [other]: 0 });
  });

  test.each([1, 2, 5, 1_000])(
    'passes a request whose first %i bytes are in segments of their own',
    async (cutBytes) => {
      const { port } = await serve(secure);
      const cutter = await startCutter(port, cutBytes);
      expect(await ask({ port: cutter, secure }, { path: '/b', body: 'body' })).toBe('1 /b body');
    },
  );

  test('keeps a connection alive', async () => {
    const { demultiplexer, port } = await serve(secure);
    const options = { keepAlive: true, maxSockets: 1 };
    const agent = secure ? new HttpsAgent(options) : new HttpAgent(options);
    onTestFinished(() => agent.destroy());
    for (const count of [1, 2, 3]) {
      expect(await ask({ port, secure }, { agent, body: 'y' })).toBe(`${count} / y`);
    }
    expect(demultiplexer.counters().accepted).toBe(1);
  });

  test('passes a WebSocket with big messages in both directions', async () => {
    const { port, server } = await serve(secure);
    const echo = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      echo.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('message', (data) => webSocket.send(data));
      });
    });
    const cutter = await startCutter(port, 3);
    const webSocket = new WebSocket(`${secure ? 'wss' : 'ws'}://127.0.0.1:${cutter}/`, {
      rejectUnauthorized: false,
    });
    await once(webSocket, 'open');
    for (const message of [Buffer.from('hello'), Buffer.alloc(2_000_000, 'z')]) {
      webSocket.send(message);
      const [answer] = await once(webSocket, 'message');
      expect(message.equals(answer)).toBe(true);
    }
    webSocket.close();
    await once(webSocket, 'close');
  });

  test('ends open connections when the demultiplexer is closed', async () => {
    const { demultiplexer, port, server } = await serve(secure);
    server.removeAllListeners('request');
    const asked = once(server, 'request');
    const answer = ask({ port, secure }).catch((error: NodeJS.ErrnoException) => error.code);
    await asked;
    await demultiplexer.close();
    expect(await answer).toBe('ECONNRESET');
  });

  test('ends open connections on closeAllConnections of the server', async () => {
    const { port, server } = await serve(secure);
    server.removeAllListeners('request');
    const asked = once(server, 'request');
    const answer = ask({ port, secure }).catch((error: NodeJS.ErrnoException) => error.code);
    await asked;
    server.closeAllConnections();
    expect(await answer).toBe('ECONNRESET');
  });

  test(`survives a reset during a request, and passes the next ${scheme} request`, async () => {
    const { port, server } = await serve(secure);
    server.removeAllListeners('request');
    const asked = once(server, 'request');
    const request = (secure ? httpsRequest : httpRequest)({
      ...{ host: '127.0.0.1', port, rejectUnauthorized: false, agent: false },
    });
    request.on('error', () => {}).end();
    const [, response] = await asked;
    (request.socket as Socket).destroy();
    await once(response, 'close');
    server.on('request', (_, next) => next.end('fine'));
    expect(await ask({ port, secure })).toBe('fine');
  });
});

test('answers a request that arrives together with the end of its sender', async () => {
  const { port } = await serve(false);
  const socket = await open(port, { allowHalfOpen: true });
  socket.end('POST /c HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody');
  expect(await text(socket)).toContain('1 /c body');
});

test('answers pipelined requests', async () => {
  const { port } = await serve(false);
  const socket = await open(port);
  socket.write(
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  const answers = await text(socket);
  expect(answers).toContain('1 /1');
  expect(answers).toContain('2 /2');
});

test('closes TLS that ends after one byte', async () => {
  const { demultiplexer, port } = await serve(true);
  const socket = await open(port);
  socket.end(Buffer.of(0x16));
  await closed(socket);
  expect(demultiplexer.counters().tls).toBe(1);
});

test('leaves the header timeout to the HTTP server', async () => {
  const { demultiplexer, port } = await serve(false);
  // The server checks every connectionsCheckingInterval, 30 s by default, which cannot be set later.
  const impatient = createHttp({ connectionsCheckingInterval: 20, headersTimeout: 50 });
  onTestFinished(() => {
    impatient.close();
  });
  demultiplexer.acceptHttp(acceptInto(impatient));
  const socket = await open(port);
  socket.write('GET / HTTP/1.1\r\nHost: ');
  expect(await text(socket)).toContain('408 Request Timeout');
});

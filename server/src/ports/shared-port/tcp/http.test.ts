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
import { acceptInto } from '../../../http/listen.ts';
import type { TcpDemultiplexer } from './tcp-demultiplexer.ts';

// Node's servers take what they are given in ways of their own: the parser of HTTP reads from the
// socket's handle, past the socket; TLS wraps the handle.
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

/** A demultiplexer with a server behind it that says how often its connection has been used, and what it was sent. */
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

/** What the server answers to a request. */
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

/** A port from where all goes on to the demultiplexer, each byte of the beginning in a segment of its own. */
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
    // Whatever ends it is for the ends to see.
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
  test('a request and its body come through', async () => {
    const { demultiplexer, port } = await serve(secure);
    const body = 'x'.repeat(3_000_000);
    expect(await ask({ port, secure }, { path: '/a', body })).toBe(`1 /a ${body}`);
    const [one, other] = secure ? (['tls', 'http'] as const) : (['http', 'tls'] as const);
    expect(demultiplexer.counters()).toMatchObject({ accepted: 1, [one]: 1, [other]: 0 });
  });

  test.each([1, 2, 5, 1_000])('a beginning cut into %i segments of a byte', async (cutBytes) => {
    const { port } = await serve(secure);
    const cutter = await startCutter(port, cutBytes);
    expect(await ask({ port: cutter, secure }, { path: '/b', body: 'body' })).toBe('1 /b body');
  });

  test('a connection is kept alive', async () => {
    const { demultiplexer, port } = await serve(secure);
    const options = { keepAlive: true, maxSockets: 1 };
    const agent = secure ? new HttpsAgent(options) : new HttpAgent(options);
    onTestFinished(() => agent.destroy());
    for (const count of [1, 2, 3]) {
      expect(await ask({ port, secure }, { agent, body: 'y' })).toBe(`${count} / y`);
    }
    expect(demultiplexer.counters().accepted).toBe(1);
  });

  test('a WebSocket is opened, and big messages go both ways', async () => {
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

  test('closing the demultiplexer ends what is open', async () => {
    const { demultiplexer, port, server } = await serve(secure);
    server.removeAllListeners('request');
    const asked = once(server, 'request');
    const answer = ask({ port, secure }).catch((error: NodeJS.ErrnoException) => error.code);
    await asked;
    await demultiplexer.close();
    expect(await answer).toBe('ECONNRESET');
  });

  test('closeAllConnections of the server ends what is open', async () => {
    const { port, server } = await serve(secure);
    server.removeAllListeners('request');
    const asked = once(server, 'request');
    const answer = ask({ port, secure }).catch((error: NodeJS.ErrnoException) => error.code);
    await asked;
    server.closeAllConnections();
    expect(await answer).toBe('ECONNRESET');
  });

  test(`a reset amid it does no harm, and the next ${scheme} comes through`, async () => {
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

test('a request that comes together with the end of its sender is answered', async () => {
  const { port } = await serve(false);
  const socket = await open(port, { allowHalfOpen: true });
  socket.end('POST /c HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody');
  expect(await text(socket)).toContain('1 /c body');
});

test('requests that come together are answered together', async () => {
  const { port } = await serve(false);
  const socket = await open(port);
  socket.write(
    'GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  );
  const answers = await text(socket);
  expect(answers).toContain('1 /1');
  expect(answers).toContain('2 /2');
});

test('TLS that ends after a byte is closed', async () => {
  const { demultiplexer, port } = await serve(true);
  const socket = await open(port);
  socket.end(Buffer.of(0x16));
  await closed(socket);
  expect(demultiplexer.counters().tls).toBe(1);
});

test('headers that never end are ended by the server behind', async () => {
  const { demultiplexer, port } = await serve(false);
  // Looked after every connectionsCheckingInterval, which can't be set later: 30 s.
  const impatient = createHttp({ connectionsCheckingInterval: 20, headersTimeout: 50 });
  onTestFinished(() => {
    impatient.close();
  });
  demultiplexer.acceptHttp(acceptInto(impatient));
  const socket = await open(port);
  socket.write('GET / HTTP/1.1\r\nHost: ');
  expect(await text(socket)).toContain('408 Request Timeout');
});

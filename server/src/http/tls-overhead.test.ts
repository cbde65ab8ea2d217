import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket, Server as TlsServer } from 'node:tls';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { closed } from '../../../testkit/clients/tcp-demultiplexer.ts';
import { freePorts } from '../../../testkit/servers/free-ports.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { AddressConnections } from './address-connections.ts';
import { AddressRateLimit } from './address-rate-limit.ts';
import { acceptInto, createServer as createHttpServer } from './server.ts';
import { selfSigned } from './tls.ts';
import { TlsOverhead } from './tls-overhead.ts';

let port: number;
let rate: AddressRateLimit;
let hits: unknown[];

beforeEach(async () => {
  // Twenty requests at once.
  rate = new AddressRateLimit(1);
  hits = [];
  const telemetry = new Telemetry();
  telemetry.on('limitHit', (limit, { address }) => hits.push(`${limit} ${address}`));
  const isTrustedProxy = (address: string) => address === '127.0.0.9';
  const connections = new AddressConnections({ rate, isTrustedProxy });
  const server = createHttpServer(await selfSigned(), (_request, response) => response.end());
  if (!(server instanceof TlsServer)) {
    throw new Error('not an HTTPS server');
  }
  connections.track(server);
  server.on('upgrade', ({ socket }) => {
    connections.release(socket);
    socket.write('HTTP/1.1 101 \r\n\r\n');
    socket.resume();
  });
  const overhead = new TlsOverhead(server, { rate, connections, isTrustedProxy, telemetry });
  const accept = acceptInto(server);
  const tcp = createServer({ noDelay: true }, (socket) => {
    overhead.add(socket);
    accept(socket);
  });
  port = await freePorts(1);
  tcp.listen(port, '127.0.0.1');
  await once(tcp, 'listening');
  onTestFinished(() => {
    overhead.close();
    tcp.close();
    server.closeAllConnections();
  });
});

async function open(localAddress: string): Promise<TLSSocket> {
  const tcp = connect({ host: '127.0.0.1', port, localAddress });
  const socket = connectTls({ socket: tcp, rejectUnauthorized: false });
  onTestFinished(() => void socket.destroy());
  tcp.setNoDelay(true);
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** @returns a connection that has become something else, as those of WebSockets do */
async function upgraded(localAddress: string): Promise<TLSSocket> {
  const socket = await open(localAddress);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n');
  await once(socket, 'data');
  return socket;
}

/** @returns how many requests the address may still send */
function requestsLeft(address: string): number {
  let left = 0;
  while (left < 100 && rate.take(address)) {
    left++;
  }
  return left;
}

/** Sends records of their own, unless the connection ends before: Node joins texts that it can't write at once. */
async function sendRecords(socket: Socket, text: string, count: number): Promise<void> {
  for (let n = 0; n < count && !socket.destroyed; n++) {
    await new Promise((resolve) => socket.write(text, resolve));
  }
}

test('ends a connection that sends key updates, and the other HTTP connections of its address', async () => {
  const [waiting, other] = [await open('127.0.0.2'), await upgraded('127.0.0.2')];
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-bind', '127.0.0.2:0', '-tls1_3'];
  const client = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'ignore'] });
  onTestFinished(() => void client.kill());
  client.stdin.on('error', () => {});
  const ended = once(client, 'exit');
  let shown = '';
  for await (const chunk of client.stdout.setEncoding('utf8')) {
    shown += chunk;
    if (shown.includes('Verify return code')) {
      break;
    }
  }
  // A line that begins with k makes s_client send a key update.
  for (let n = 0; n < 100_000 && client.exitCode === null; n++) {
    client.stdin.write('k\n');
    await sleep(1);
  }
  await ended;
  await closed(waiting);
  expect(hits[0]).toBe('requests_per_second 127.0.0.2');
  expect(requestsLeft('127.0.0.2')).toBe(0);
  expect(other.destroyed, 'connections that are no longer HTTP stay').toBe(false);
  expect(requestsLeft('127.0.0.3')).toBe(20);
}, 60_000);

test('ends a connection that sends its content in tiny records, also one that is no longer HTTP', async () => {
  const socket = await upgraded('127.0.0.2');
  const end = closed(socket);
  await sendRecords(socket, 'x', 100_000);
  await end;
  expect(hits).toEqual(['requests_per_second 127.0.0.2']);
});

test('costs nothing for handshakes and messages', async () => {
  for (let n = 0; n < 30; n++) {
    (await open('127.0.0.2')).destroy();
  }
  const socket = await upgraded('127.0.0.2');
  await sendRecords(socket, '{"notification":true,"method":"activeSpeaker","data":{}}', 5_000);
  // Longer than from one check to the next.
  await sleep(1_200);
  expect(socket.destroyed).toBe(false);
  expect(requestsLeft('127.0.0.2')).toBe(20);
});

test('spares a trusted proxy', async () => {
  const socket = await upgraded('127.0.0.9');
  await sendRecords(socket, 'x', 5_000);
  await sleep(1_200);
  expect(socket.destroyed).toBe(false);
  expect(hits).toEqual([]);
});

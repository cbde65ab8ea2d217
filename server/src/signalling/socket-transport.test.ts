import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as protoo from 'protoo-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { loadConfig } from '../config/config.ts';
import { RateLimit } from '../net/rate-limit.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { CpuBudget } from './cpu-budget.ts';
import { SocketTransport } from './socket-transport.ts';

const { limits } = loadConfig({});
/** Messages that are allowed at once. */
const burst = 6 * limits.messages_per_second;

let server: WebSocketServer;
let client: WebSocket;
let transport: SocketTransport;
let peerCpu: RateLimit;
let hits: string[];

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false });
  await once(server, 'listening');
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [[socket, { socket: connection }]] = await Promise.all([
    once(server, 'connection'),
    once(client, 'open'),
  ]);
  hits = [];
  peerCpu = new RateLimit(1000, 10);
  const budget = { peer_cpu: [peerCpu], address_cpu: [] };
  const cpu = new CpuBudget(budget, (limit) => hits.push(limit));
  const telemetry = new Telemetry().on('limitHit', (limit) => hits.push(limit));
  transport = new SocketTransport(socket, { connection, limits, cpu, telemetry, fields: {} });
});

afterEach(() => {
  client.terminate();
  server.close();
});

test('rejects pending requests as soon as the socket drops', async () => {
  const peer = new protoo.Room().createPeer('peer', transport);
  const waiting = peer.request('newConsumers', {});
  await once(client, 'message');
  client.terminate();
  await expect(waiting).rejects.toThrow('socket closed');
  await expect(peer.request('newConsumers', {})).rejects.toThrow();
});

test('closes with a code and a reason of at most 123 bytes', async () => {
  transport.close(4408, 'because '.repeat(50));
  const [code, reason] = await once(client, 'close');
  expect(code).toBe(4408);
  expect(String(reason)).toHaveLength(123);
  expect(transport.closed).toBe(true);
});

test('closes a socket whose client does not read', async () => {
  (client as unknown as { _socket: { pause(): void } })._socket.pause();
  const megabyte = 'x'.repeat(1024 * 1024);
  const sendMany = async () => {
    for (let i = 0; i < 200; i++) {
      await transport.send({ notification: true, data: megabyte });
    }
  };
  await expect(sendMany()).rejects.toThrow('socket too slow');
  expect(transport.closed).toBe(true);
});

test('closes a socket that receives more messages than allowed', async () => {
  let received = 0;
  transport.on('message', () => {
    received += 1;
  });
  for (let i = 0; i < burst * 3; i++) {
    client.send('{"notification":true,"method":"a","data":{}}');
  }
  const [code] = await once(client, 'close');
  expect(code).toBe(4429);
  expect(received).toBeGreaterThanOrEqual(burst);
  expect(received).toBeLessThan(burst * 2);
});

test.each(['ping', 'pong'] as const)('counts each %s as a message', async (frame) => {
  let pongs = 0;
  client.on('pong', () => pongs++);
  for (let i = 0; i < burst * 3; i++) {
    client[frame]();
  }
  const [code] = await once(client, 'close');
  expect(code).toBe(4429);
  expect(hits).toContain('messages_per_second');
  expect(pongs).toBeLessThan(burst * 2);
});

test('reads no more from a peer beyond its CPU budget, until that has recovered', async () => {
  const [first] = server.clients;
  peerCpu.spend(999);
  // A message that never ends: no event tells of it. The kernel takes what the server does not read.
  client.send('"', { fin: false });
  let sent = 0;
  while (!first?.isPaused && sent < 10_000) {
    for (const end = sent + 100; sent < end; sent++) {
      client.send('', { fin: false });
    }
    await new Promise(setImmediate);
  }
  expect(hits).toEqual(['peer_cpu']);
  expect(transport.closed).toBe(false);
  client.send('"');
  // Not JSON of protoo: by this the server shows that it has read on.
  const [code] = await once(client, 'close');
  expect(code).toBe(4400);
});

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import * as protoo from 'protoo-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { loadConfig } from '../config/config.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { SocketTransport } from './socket-transport.ts';

const { limits } = loadConfig({});
/** Messages that are allowed at once. */
const burst = 6 * limits.messages_per_second;

let server: WebSocketServer;
let client: WebSocket;
let transport: SocketTransport;

beforeEach(async () => {
  server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const [[socket]] = await Promise.all([once(server, 'connection'), once(client, 'open')]);
  transport = new SocketTransport(socket as WebSocket, {
    limits,
    telemetry: new Telemetry(),
    fields: {},
  });
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

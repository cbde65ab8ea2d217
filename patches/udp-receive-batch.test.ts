import type { RemoteInfo, Socket } from 'node:dgram';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bindingRequest } from '../server/src/stun/stun-message.ts';
import { bindUdp } from '../testkit/clients/dtls-peer.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { whileStopped } from '../testkit/servers/stopped-worker.ts';
import { skipWithPrebuiltWorker, startTestWorker } from '../testkit/servers/test-worker.ts';

/** After this many datagrams of one call each, libuv turns to the next socket (uv__udp_recvmsg). */
const oneByOne = 32;
const requests = 100;

beforeEach(skipWithPrebuiltWorker);
beforeEach(({ skip }) =>
  skip(process.platform !== 'linux', 'other systems receive datagrams one by one'),
);
afterEach(() => void vi.unstubAllEnvs());

test('the datagrams that wait at a socket are received by few system calls', async () => {
  // Two calls of 20, after which libuv has read more than 32.
  expect(await answeredInTurn()).toBe(40);
});

test('MEDIASOUP_BATCH=0 lets each datagram be received by a system call of its own', async () => {
  vi.stubEnv('MEDIASOUP_BATCH', '0');
  expect(await answeredInTurn()).toBe(oneByOne);
});

/**
 * Sends Binding Requests to two sockets of a stopped worker. When it goes on, it serves them in turn.
 *
 * @returns how many it answers from the first one before it turns to the other
 */
async function answeredInTurn(): Promise<number> {
  const worker = await startTestWorker();
  const port = await freePorts(2);
  const ports = [port, port + 1];
  const webRtcServer = await worker.createWebRtcServer({
    listenInfos: ports.map((one) => ({ protocol: 'udp', ip: '127.0.0.1', port: one })),
  });
  const router = await worker.createRouter({ mediaCodecs: [] });
  const { iceParameters } = await router.createWebRtcTransport({ webRtcServer });
  const socket = await bindUdp();
  const answers: number[] = [];
  socket.on('message', (_: Buffer, { port: from }: RemoteInfo) => answers.push(from));
  await whileStopped(worker, async () => {
    for (const to of ports) {
      for (let n = 0; n < requests; n++) {
        await send(socket, bindingRequest(iceParameters), to);
      }
    }
  });
  await expect.poll(() => answers.length).toBe(requests * ports.length);
  return answers.findIndex((from) => from !== answers[0]);
}

function send(socket: Socket, message: Buffer, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(message, port, '127.0.0.1', (error) => (error ? reject(error) : resolve()));
  });
}

import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { types } from 'mediasoup';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { DirectAudio } from '../testkit/clients/direct-audio.ts';
import { DtlsPeer } from '../testkit/clients/dtls-peer.ts';
import { GroReceiver } from '../testkit/clients/gro-receiver.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { whileStopped } from '../testkit/servers/stopped-worker.ts';
import {
  skipWithPrebuiltWorker,
  startTestWorker,
  workerOfTests,
} from '../testkit/servers/test-worker.ts';
import { makeNetworkNamespace, wrapperInto } from '../testkit/system/network-namespaces.ts';

/** With the header extensions that the worker adds. */
const rtpHeaderBytes = 28;

beforeEach(skipWithPrebuiltWorker);
beforeEach(({ skip }) =>
  skip(process.platform !== 'linux', 'other systems send datagrams one by one'),
);
afterEach(() => void vi.unstubAllEnvs());

test.each(['127.0.0.1', '::1'])(
  'packets of one turn to %s are given to the kernel as one as long as their lengths are equal',
  async (ip) => {
    const { worker, audio, receiver } = await plainReceiver(ip);
    await whileStopped(worker, () => {
      for (const bytes of [600, 600, 600, 500, 600, 601]) {
        audio.send(bytes);
      }
    });
    const [first = Buffer.alloc(0), ...rest] = await receiver(3);
    expect(first).toHaveLength(4 * rtpHeaderBytes + 600 + 600 + 600 + 500);
    expect(
      [1, 2, 3].map((n) => first.readUInt32BE(n * (rtpHeaderBytes + 600) + rtpHeaderBytes)),
    ).toEqual([1, 2, 3]);
    expect(rest.map(({ length }) => length)).toEqual([628, 629]);
  },
);

test('MEDIASOUP_BATCH=0 lets each packet be sent by a system call of its own', async () => {
  vi.stubEnv('MEDIASOUP_BATCH', '0');
  const { worker, audio, receiver } = await plainReceiver();
  await whileStopped(worker, () => {
    for (let n = 0; n < 5; n++) {
      audio.send(600);
    }
  });
  expect((await receiver(5)).map(({ length }) => length)).toEqual(Array(5).fill(628));
});

test('a transport that is closed in the same turn has sent its packets', async () => {
  const { worker, audio, transport, receiver } = await plainReceiver();
  await whileStopped(worker, () => {
    for (let n = 0; n < 5; n++) {
      audio.send(600);
    }
    transport.close();
  });
  expect((await receiver(1)).map(({ length }) => length)).toEqual([5 * 628]);
  expect(await worker.dump()).toMatchObject({ pid: worker.pid });
});

test('where the path cannot take such packets as one, all arrive one by one', async ({ skip }) => {
  const namespace = makeNetworkNamespace('10.77.0.1');
  if (typeof namespace === 'string') {
    return skip(namespace);
  }
  onTestFinished(() => namespace.remove());
  const wrapper = wrapperInto(namespace.name, workerOfTests());
  onTestFinished(() => wrapper[Symbol.dispose]());
  // Datagrams of 1,000 bytes are fragments on this path, and fragments can't be split from one message.
  execFileSync('ip', ['-n', namespace.name, 'link', 'set', 'lo', 'mtu', '600']);
  const worker = await startTestWorker({ workerBin: wrapper.path });
  const audio = await DirectAudio.publish(worker);
  const listenInfo = { protocol: 'udp', ip: '127.0.0.1' } as const;
  const [from, to] = [
    await audio.router.createPlainTransport({ listenInfo, comedia: false }),
    await audio.router.createPlainTransport({ listenInfo, comedia: true }),
  ];
  await from.connect({ ip: '127.0.0.1', port: to.tuple.localPort });
  const { rtpParameters } = await audio.sendTo(from);
  const producer = await to.produce({ kind: 'audio', rtpParameters });
  const received: Buffer[] = [];
  const direct = await audio.router.createDirectTransport();
  const consumer = await audio.sendTo(direct, producer);
  consumer.on('rtp', (packet) => received.push(packet));
  for (const total of [10, 20]) {
    await whileStopped(worker, () => {
      for (let n = 0; n < 10; n++) {
        audio.send(1_000);
      }
    });
    await expect.poll(() => received.length).toBe(total);
  }
  const numbers = received.map((packet) => packet.readUInt32BE(rtpHeaderBytes));
  expect(numbers).toEqual(Array.from({ length: 20 }, (_, n) => n));
});

/** The three ways in which sockets belong to transports: docs/architecture.md. */
const arrangements = {
  'multi-port': async (router: types.Router) =>
    router.createWebRtcTransport({ listenInfos: [{ protocol: 'udp', ip: '127.0.0.1' }] }),
  'single-port': async (router: types.Router, worker: types.Worker) =>
    router.createWebRtcTransport({ webRtcServer: await listen(worker, {}) }),
  'shared-port': async (router: types.Router, worker: types.Worker) =>
    router.createWebRtcTransport({ webRtcServer: await listen(worker, { udpReusePort: true }) }),
};

async function listen(worker: types.Worker, flags: types.TransportSocketFlags) {
  const port = await freePorts(1);
  return await worker.createWebRtcServer({
    listenInfos: [{ protocol: 'udp', ip: '127.0.0.1', port, flags }],
  });
}

test.each(Object.keys(arrangements) as (keyof typeof arrangements)[])(
  '1,000 packets arrive over the sockets of %s, in order',
  async (mode) => {
    const worker = await startTestWorker();
    const audio = await DirectAudio.publish(worker);
    const transport = await arrangements[mode](audio.router, worker);
    const peer = await DtlsPeer.openTo(transport);
    await peer.connect(transport);
    const before = peer.received.length;
    // Sequence numbers are not encrypted. RTCP's second byte is 200 or more.
    const numbers = () =>
      peer.received
        .slice(before)
        .filter(([first = 0, second = 0]) => first >> 6 === 2 && second < 200)
        .map((packet) => packet.readUInt16BE(2));
    await audio.sendTo(transport);
    for (let sent = 0; sent < 1_000; sent += 100) {
      for (let n = 0; n < 100; n++) {
        audio.send(300 + Math.floor((n * 7) / 20));
      }
      await expect.poll(() => numbers().length).toBe(sent + 100);
      // A publisher of audio may send 500 packets a second: patches/publisher-rate.patch.
      await sleep(250);
    }
    const [first = 0] = numbers();
    expect(numbers()).toEqual(Array.from({ length: 1_000 }, (_, n) => (first + n) & 0xffff));
  },
);

/** A worker whose audio goes to a socket by a PlainTransport. */
async function plainReceiver(ip = '127.0.0.1') {
  const worker = await startTestWorker();
  const audio = await DirectAudio.publish(worker);
  const transport = await audio.router.createPlainTransport({
    listenInfo: { protocol: 'udp', ip },
    rtcpMux: true,
  });
  const socket = new GroReceiver(ip);
  await transport.connect({ ip, port: socket.port });
  await audio.sendTo(transport);
  const received: Buffer[] = [];
  return {
    worker,
    audio,
    transport,
    /** Waits until RTP has arrived this often. */
    async receiver(count: number): Promise<Buffer[]> {
      await expect
        .poll(() => {
          received.push(...socket.receive().filter((packet) => packet.readUInt8(1) < 192));
          return received.length;
        })
        .toBeGreaterThanOrEqual(count);
      return received;
    },
  };
}

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import type { types } from 'mediasoup';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { bindingRequest, transactionId } from '../server/src/stun/stun-message.ts';
import { bindUdp } from '../testkit/clients/dtls-peer.ts';
import { freePorts } from '../testkit/servers/free-ports.ts';
import { skipWithPrebuiltWorker, startTestWorker } from '../testkit/servers/test-worker.ts';

type Ports = Pick<types.TransportListenInfo, 'port' | 'portRange'>;

const flags = { udpReusePort: true };

beforeEach(skipWithPrebuiltWorker);

// Other systems keep the option's former meaning.
const onLinux = test.runIf(process.platform === 'linux');

onLinux.for<[string, string, (port: number) => Ports]>([
  ['an IPv4 port', '127.0.0.1', (port) => ({ port })],
  ['an IPv6 port', '::1', (port) => ({ port })],
  ['a port of a range', '127.0.0.1', (port) => ({ portRange: { min: port, max: port } })],
])('two workers share %s, and both receive', async ([, ip, portsOf], { skip }) => {
  skip(!addressesOfThisMachine().includes(ip), `this machine has no address ${ip}`);
  const port = await freePorts(1);
  const transports = [
    await createTransport({ ip, ...portsOf(port) }),
    await createTransport({ ip, ...portsOf(port) }),
  ];
  const answers = await Promise.all(
    Array.from({ length: 64 }, () => indexOfResponder({ ip, port }, transports)),
  );
  // The kernel chooses by a hash of the addresses: one of two gets none of 64 with a probability of 2^-63.
  expect(new Set(answers)).toEqual(new Set([0, 1]));
});

onLinux('SO_REUSEADDR does not take the port away', async () => {
  const port = await freePorts(1);
  await createTransport({ ip: '127.0.0.1', port });
  const thief = createSocket({ type: 'udp4', reuseAddr: true });
  onTestFinished(() => {
    thief.close();
  });
  thief.bind(port, '127.0.0.1');
  await expect(once(thief, 'listening')).rejects.toThrow('EADDRINUSE');
});

test('a port is not shared without the flag', async () => {
  const port = await freePorts(1);
  await createTransport({ ip: '127.0.0.1', port });
  await expect(createTransport({ ip: '127.0.0.1', port, flags: {} })).rejects.toThrow(
    'address already in use',
  );
});

// The option was made for multicast. Other programs use SO_REUSEADDR there, so the worker does too.
test('workers and other programs all receive the packets of a multicast group', async () => {
  const group = '239.255.79.80';
  const port = await freePorts(1);
  const other = createSocket({ type: 'udp4', reuseAddr: true });
  onTestFinished(() => {
    other.close();
  });
  other.bind(port, group);
  await once(other, 'listening');
  // The workers do not join the group, but receive what any program on this machine has joined.
  other.addMembership(group, '127.0.0.1');
  const transports = await Promise.all([1, 2].map(() => createPlainTransport(group, port)));
  const received = [
    once(other, 'message'),
    ...transports.map((transport) => new Promise((resolve) => transport.on('tuple', resolve))),
  ];
  const sender = await bindUdp();
  sender.setMulticastInterface('127.0.0.1');
  sender.send(rtpPacket(), port, group);
  await Promise.all(received);
});

async function createTransport(
  listenInfo: Omit<types.TransportListenInfo, 'protocol'>,
): Promise<types.WebRtcTransport> {
  const worker = await startTestWorker();
  const webRtcServer = await worker.createWebRtcServer({
    listenInfos: [{ protocol: 'udp', flags, ...listenInfo }],
  });
  const router = await worker.createRouter({ mediaCodecs: [] });
  return router.createWebRtcTransport({ webRtcServer });
}

async function createPlainTransport(ip: string, port: number): Promise<types.PlainTransport> {
  const worker = await startTestWorker();
  const router = await worker.createRouter({ mediaCodecs: [] });
  return router.createPlainTransport({
    listenInfo: { protocol: 'udp', ip, port, flags },
    comedia: true,
  });
}

/** Checks all transports from one socket. A worker responds for its own transport, and drops the others' requests. */
async function indexOfResponder(
  { ip, port }: { ip: string; port: number },
  transports: types.WebRtcTransport[],
): Promise<number> {
  const socket = await bindUdp(ip);
  const requests = transports.map(({ iceParameters }) => bindingRequest(iceParameters));
  for (const request of requests) {
    socket.send(request, port, ip);
  }
  const [response] = await once(socket, 'message');
  return requests.map(transactionId).indexOf(transactionId(response));
}

function addressesOfThisMachine(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.map(({ address }) => address),
  );
}

function rtpPacket(): Buffer {
  const packet = Buffer.alloc(20);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(100, 1);
  return packet;
}

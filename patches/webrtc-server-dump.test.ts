import { once } from 'node:events';
import { connect } from 'node:net';
import { createWorker, type types } from 'mediasoup';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { bindingRequest, emptyMessage, stunTypes } from '../server/src/stun/stun-message.ts';
import { bindUdp } from '../testkit/clients/dtls-peer.ts';
import { bindingRequestWith } from '../testkit/clients/stun.ts';
import { skipWithPrebuiltWorker, workerOfTests } from '../testkit/servers/test-worker.ts';

const ip = '127.0.0.1';
const slowMachine = { timeout: 10_000 };
const nothing = {
  packets: 0,
  bytes: 0,
  droppedMalformedStun: 0,
  droppedNonRequestStun: 0,
  droppedStunWithoutUsername: 0,
  droppedStunWithUnknownUsername: 0,
  droppedDataFromUnknownTuple: 0,
  droppedStunFromTupleInUse: 0,
};

let router: types.Router;
let webRtcServer: types.WebRtcServer;

beforeEach(skipWithPrebuiltWorker);

beforeEach(async () => {
  const worker = await createWorker({ workerBin: workerOfTests(), logLevel: 'error' });
  // Without a listener mediasoup throws the error.
  worker.on('died', () => {});
  router = await worker.createRouter({ mediaCodecs: [] });
  webRtcServer = await worker.createWebRtcServer({
    listenInfos: [
      { protocol: 'udp', ip },
      { protocol: 'tcp', ip },
    ],
  });
  return () => worker.close();
});

test('a new WebRtcServer has no tuples and all its counters are 0', async () => {
  const { tuples, receiveStats } = await webRtcServer.dump();
  expect(tuples).toEqual([]);
  expect(receiveStats).toEqual([
    { protocol: 'udp', ...nothing },
    { protocol: 'tcp', ...nothing },
  ]);
});

describe.each(['udp', 'tcp'] as const)('over %s', (protocol) => {
  const client = () => (protocol === 'udp' ? udpClient() : tcpClient());
  async function stats() {
    const { receiveStats } = await webRtcServer.dump();
    return receiveStats.find((one) => one.protocol === protocol);
  }
  test.each([
    ['garbage', Buffer.alloc(100, 0x80), 'droppedDataFromUnknownTuple'],
    ['a single byte', Buffer.of(1), 'droppedDataFromUnknownTuple'],
    [
      '19 bytes of STUN',
      emptyMessage(stunTypes.request).subarray(0, 19),
      'droppedDataFromUnknownTuple',
    ],
    ['STUN with a wrong length', wrongLength(), 'droppedMalformedStun'],
    ['an indication', emptyMessage(stunTypes.indication), 'droppedNonRequestStun'],
    ['a response', emptyMessage(stunTypes.successResponse), 'droppedNonRequestStun'],
    ['an error response', emptyMessage(stunTypes.errorResponse), 'droppedNonRequestStun'],
    ['a request without USERNAME', emptyMessage(stunTypes.request), 'droppedStunWithoutUsername'],
    [
      'a request with attributes, but without USERNAME',
      bindingRequestWith({ password: 'x' }),
      'droppedStunWithoutUsername',
    ],
    ['an unknown ufrag', requestTo('unknown'), 'droppedStunWithUnknownUsername'],
    ['an empty ufrag', requestTo(''), 'droppedStunWithUnknownUsername'],
  ])('SP-2.2, SP-2.6, SP-3.2: %s increments only its own counter', async (_, bytes, counter) => {
    const { send } = await client();
    for (let i = 0; i < 3; i++) {
      send(bytes);
    }
    await expect.poll(async () => (await stats())?.packets, slowMachine).toBe(3);
    expect(await webRtcServer.dump()).toMatchObject({
      tuples: [],
      receiveStats: [
        { protocol: 'udp', ...nothing },
        { protocol: 'tcp', ...nothing },
      ].map((one) =>
        one.protocol === protocol
          ? { ...one, packets: 3, bytes: 3 * bytes.length, [counter]: 3 }
          : one,
      ),
    });
  });
  test('SP-11.2: a request for another transport is counted as dropped if the tuple is in use', async () => {
    const [one, other] = [await createTransport(), await createTransport()];
    const { send, answer } = await client();
    send(bindingRequest(one.iceParameters));
    await answer;
    send(bindingRequest(other.iceParameters));
    await expect.poll(async () => (await stats())?.packets, slowMachine).toBe(2);
    // In TCP the transport that has the connection answers it.
    expect(await stats()).toMatchObject({ droppedStunFromTupleInUse: protocol === 'udp' ? 1 : 0 });
  });
  test('packets of a transport are counted as received, not as dropped', async () => {
    const transport = await createTransport();
    const { send, answer } = await client();
    const request = bindingRequest(transport.iceParameters);
    send(request);
    await answer;
    for (const bytes of [Buffer.alloc(50, 0x80), emptyMessage(stunTypes.indication)]) {
      send(bytes);
    }
    await expect.poll(async () => (await stats())?.packets, slowMachine).toBe(3);
    expect(await stats()).toEqual({
      protocol,
      ...nothing,
      packets: 3,
      bytes: request.length + 50 + 20,
    });
  });
  test('SP-5.1: the tuples are those of the transports, until they close', async () => {
    const transports = [await createTransport(), await createTransport(), await createTransport()];
    const ports: number[] = [];
    for (const transport of transports) {
      const { send, answer, port } = await client();
      send(bindingRequest(transport.iceParameters));
      await answer;
      ports.push(port);
    }
    const { tuples } = await webRtcServer.dump();
    const expected = await Promise.all(
      transports.map(async (transport) => ({
        // transport.iceSelectedTuple is set by a notification, which may be late.
        tuple: (await transport.getStats())[0]?.iceSelectedTuple,
        webRtcTransportId: transport.id,
      })),
    );
    expect(tuples).toHaveLength(3);
    expect(tuples).toEqual(expect.arrayContaining(expected));
    expect(expected.map(({ tuple }) => tuple?.remotePort)).toEqual(ports);
    expect(new Set(expected.map(({ tuple }) => tuple?.protocol))).toEqual(new Set([protocol]));
    transports[1]?.close();
    expect(new Set((await webRtcServer.dump()).tuples.map((one) => one.webRtcTransportId))).toEqual(
      new Set([transports[0]?.id, transports[2]?.id]),
    );
  });
});

interface Client {
  send(bytes: Buffer): void;
  /** Resolves when the worker has sent anything. */
  readonly answer: Promise<unknown>;
  readonly port: number;
}

async function udpClient(): Promise<Client> {
  const socket = await bindUdp();
  const { udpSockets } = await webRtcServer.dump();
  return {
    send: (bytes) => socket.send(bytes, udpSockets[0]?.port ?? 0, ip),
    answer: once(socket, 'message'),
    port: socket.address().port,
  };
}

/** Sends frames (RFC 4571). */
async function tcpClient(): Promise<Client> {
  const socket = connect((await webRtcServer.dump()).tcpServers[0]?.port ?? 0, ip);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return {
    send(bytes) {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      socket.write(Buffer.concat([length, bytes]));
    },
    answer: once(socket, 'data'),
    port: socket.localPort ?? 0,
  };
}

function createTransport() {
  return router.createWebRtcTransport({ webRtcServer });
}

function requestTo(usernameFragment: string): Buffer {
  return bindingRequest({ usernameFragment, password: 'x' });
}

function wrongLength(): Buffer {
  const bytes = emptyMessage(stunTypes.request);
  bytes.writeUInt16BE(4, 2);
  return bytes;
}

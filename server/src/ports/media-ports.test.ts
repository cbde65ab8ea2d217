import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { freePorts } from '../../../testkit/servers/free-ports.ts';
import { openPorts } from '../../../testkit/servers/server-process.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';

let server: TestServer | undefined;

afterEach(() => server?.stop());

/** Joins `count` peers, each in a room of its own, so that they are spread over the workers. */
async function joinRooms(count: number, query: Record<string, string> = {}): Promise<TestPeer[]> {
  const peers: TestPeer[] = [];
  for (let i = 0; i < count; i++) {
    const { signalling = '' } = server ?? {};
    peers.push(await TestPeer.join({ signalling, roomId: `room-${i}`, query }));
  }
  return peers;
}

async function candidatesOf(peers: TestPeer[]) {
  const welcomes = await Promise.all(peers.map((peer) => peer.welcome()));
  return welcomes.map(({ sendTransport, recvTransport }) => [
    ...(sendTransport?.iceCandidates ?? []),
    ...(recvTransport?.iceCandidates ?? []),
  ]);
}

describe('single-port', () => {
  test.each([1, 2, 4])(
    'with %i workers has one port for each: base + index',
    async (numWorkers) => {
      server = await startTestServer({ MEDIASOUP_NUM_WORKERS: String(numWorkers) });
      const peers = await joinRooms(numWorkers * 2);
      const { mode, ports } = await server.ports.snapshot();
      expect(mode).toBe('single-port');
      expect(ports.map(({ workerIndex, protocol, port }) => [workerIndex, protocol, port])).toEqual(
        Array.from({ length: numWorkers }, (_, i) => [
          [i, 'udp', (server?.mediaPort ?? 0) + i],
          [i, 'tcp', (server?.mediaPort ?? 0) + i],
        ]).flat(),
      );
      // Two rooms of one peer with two transports, on every worker.
      expect(ports.map(({ transports }) => transports.length)).toEqual(ports.map(() => 4));

      for (const candidates of await candidatesOf(peers)) {
        expect(new Set(candidates.map(({ address, port }) => `${address}:${port}`)).size).toBe(1);
        expect(candidates.map(({ protocol }) => protocol)).toEqual(['udp', 'tcp', 'udp', 'tcp']);
      }
    },
  );

  test('shows rooms, peers and directions in the port map', async () => {
    server = await startTestServer();
    const [peer] = await joinRooms(1);
    const { ports } = await server.ports.snapshot();
    expect(ports[0]?.transports).toEqual([
      expect.objectContaining({ roomId: 'room-0', peerId: peer?.peerId, direction: 'send' }),
      expect.objectContaining({ roomId: 'room-0', peerId: peer?.peerId, direction: 'recv' }),
    ]);
    const summary = await openPorts(server.url);
    expect(summary.ports[0]).toEqual({
      workerIndex: 0,
      protocol: 'udp',
      ip: '127.0.0.1',
      port: server.mediaPort,
      announced: [{ address: '127.0.0.1', port: server.mediaPort }],
      transports: 2,
    });
    expect(JSON.stringify(summary)).not.toContain(ports[0]?.transports[0]?.ufrag);
  });

  test('does not start when a port is in use, and says what to do', async () => {
    const first = await freePorts(2);
    const other = createServer().listen(first + 1, '127.0.0.1');
    const starting = startTestServer({
      MEDIASOUP_NUM_WORKERS: '2',
      MEDIASOUP_PORT: String(first),
    });
    await expect(starting).rejects.toThrow(
      new RegExp(`Port ${first + 1}, TCP, .*is in use.*ss -lnptu.*MEDIASOUP_PORT`),
    );
    other.close();
    server = undefined;
  });

  test('starts when its port is released shortly after', async () => {
    const first = await freePorts(1);
    const other = createServer().listen(first, '127.0.0.1');
    const starting = startTestServer({ MEDIASOUP_PORT: String(first) });
    setTimeout(() => other.close(), 500);
    server = await starting;
    expect(server.mediaPort).toBe(first);
  });
});

describe('multi-port', () => {
  const multiPort = { MEDIASOUP_USE_WEBRTC_SERVER: 'false', MEDIASOUP_NUM_WORKERS: '2' };

  test("has a port for each transport and protocol, from the worker's part of the range", async () => {
    server = await startTestServer(multiPort);
    expect((await server.ports.snapshot()).ports, 'nothing is open without a peer').toEqual([]);
    const peers = await joinRooms(4);
    const candidates = (await candidatesOf(peers)).flat();
    for (const protocol of ['udp', 'tcp']) {
      const ports = candidates.filter((one) => one.protocol === protocol).map(({ port }) => port);
      expect(new Set(ports).size, `${protocol}: 4 peers with 2 transports each`).toBe(8);
    }
    const { ports } = await server.ports.snapshot();
    expect(ports).toHaveLength(16);
    const [ofFirst, ofSecond] = [0, 1].map((index) =>
      ports.filter(({ workerIndex }) => workerIndex === index).map(({ port }) => port),
    );
    expect(Math.max(...(ofFirst ?? []))).toBeLessThan(Math.min(...(ofSecond ?? [])));
  });

  test('opens only the requested protocols', async () => {
    server = await startTestServer(multiPort);
    await joinRooms(2, { forceTcp: '1' });
    const { ports } = await server.ports.snapshot();
    expect(ports.map(({ protocol }) => protocol)).toEqual(Array(4).fill('tcp'));
  });

  test('rejects a peer when no port is free, and accepts one when a port is free again', async () => {
    const first = await freePorts(4);
    server = await startTestServer({
      ...multiPort,
      MEDIASOUP_NUM_WORKERS: '1',
      MEDIASOUP_MIN_PORT: String(first),
      MEDIASOUP_MAX_PORT: String(first + 3),
    });
    const [one, two] = await joinRooms(2);
    const { signalling } = server;
    const third = new TestPeer({ signalling, roomId: 'late' });
    expect(await third.closed).toEqual({
      code: 4429,
      reason: `no media port is free (worker 0 has ${first} to ${first + 3})`,
    });
    await two?.leave();
    const fourth = await TestPeer.join({ signalling, roomId: 'later' });
    await Promise.all([one?.leave(), fourth.leave()]);
  });
});

/** Reaches each limit of docs/limits.md on a real server with a call, which must continue undisturbed. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { RoomCall } from '../../testkit/clients/calls.ts';
import { firstFrame } from '../../testkit/clients/tcp-demultiplexer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { skipWithoutSteering } from '../../testkit/servers/shared-port.ts';
import { startTestServer, type TestServer } from '../../testkit/servers/test-server.ts';
import { limitNames } from '../src/config/limits.ts';

/** Starts a server with a call. */
async function start(
  env: Record<string, string>,
): Promise<{ server: TestServer; inside: RoomCall; hits(): Promise<Record<string, number>> }> {
  const server = await startTestServer(env, { metrics: true });
  onTestFinished(() => server.stop());
  const inside = await RoomCall.start(server);
  return {
    server,
    inside,
    /** The limits that were hit. */
    async hits() {
      const value = await server.scrape();
      const counted = limitNames.map((limit) => [
        limit,
        value('oneport_limit_hits_total', { limit }),
      ]);
      return Object.fromEntries(counted.filter(([, count]) => count !== 0));
    },
  };
}

test('rooms', async () => {
  const { server, inside, hits } = await start({ MAX_ROOMS: '2' });
  const { signalling } = server;
  const second = await TestPeer.join({ signalling, roomId: 'second' });
  const third = new TestPeer({ signalling, roomId: 'third' });
  expect(await third.closed).toEqual({ code: 4429, reason: 'the server is full (2 rooms)' });
  await inside.expectUnaffected();
  expect(await hits()).toEqual({ rooms: 1 });
  await second.leave();
  await TestPeer.join({ signalling, roomId: 'third' });
});

test('peers per room', async () => {
  const { server, inside, hits } = await start({ MAX_PEERS_PER_ROOM: '1' });
  const second = new TestPeer({ signalling: server.signalling, roomId: 'inside' });
  expect(await second.closed).toEqual({ code: 4429, reason: 'the room is full (1 peers)' });
  await inside.expectUnaffected();
  expect(await hits()).toEqual({ peers_per_room: 1 });
});

test('transports per peer', async () => {
  const { server, inside, hits } = await start({ MAX_TRANSPORTS_PER_PEER: '1' });
  const { signalling } = server;
  const both = new TestPeer({ signalling, roomId: 'inside' });
  expect(await both.closed).toMatchObject({
    code: 4429,
    reason: expect.stringMatching('grants 1 transport'),
  });
  await TestPeer.join({ signalling, roomId: 'inside', query: { produce: '0' } });
  await inside.expectUnaffected();
  expect(await hits()).toEqual({ transports_per_peer: 1 });
});

test('messages per second', async () => {
  const { server, inside, hits } = await start({ MAX_MESSAGES_PER_SECOND: '10' });
  const peer = await TestPeer.join({ signalling: server.signalling, roomId: 'inside' });
  for (let id = 100; id < 400; id++) {
    peer.send({ request: true, id, method: 'nothing', data: {} });
  }
  expect(await peer.closed).toEqual({ code: 4429, reason: 'more than 10 messages per second' });
  await inside.expectUnaffected();
  expect(await hits()).toEqual({ messages_per_second: 1 });
});

test('waiting requests', async () => {
  const { server, inside, hits } = await start({ MAX_QUEUED_REQUESTS: '5' });
  const peer = await TestPeer.join({ signalling: server.signalling, roomId: 'inside' });
  for (let id = 100; id < 200; id++) {
    peer.send({ request: true, id, method: 'sendChatMessage', data: { text: 'hello' } });
  }
  expect(await peer.closed).toEqual({ code: 4429, reason: 'too many requests are queued' });
  await inside.expectUnaffected();
  const { queued_requests: refused, ...others } = await hits();
  expect(refused).toBeGreaterThan(0);
  expect(others).toEqual({});
});

test('CPU of a peer, for what its requests cause in others', async () => {
  const { server, inside, hits } = await start({ MAX_PEER_CPU: '1' });
  const { signalling } = server;
  const roomId = 'watching';
  const peer = await TestPeer.join({ signalling, roomId });
  for (let n = 0; n < 3; n++) {
    await TestPeer.join({ signalling, roomId });
  }
  while (!(await hits()).peer_cpu) {
    for (let n = 0; n < 10; n++) {
      const producerId = await peer.produce('camera');
      await peer.request('closeProducer', { producerId });
    }
  }
  // It waits, but is served.
  await peer.request('ping', {});
  await inside.expectUnaffected();
  expect(Object.keys(await hits())).toEqual(['peer_cpu']);
});

test('CPU of a peer that enters and leaves again and again', async () => {
  const { server, inside, hits } = await start({ MAX_PEER_CPU: '1' });
  const enter = async (peerId: string) => {
    const peer = new TestPeer({ signalling: server.signalling, roomId: 'entering', peerId });
    await peer.welcome();
    await peer.leave();
  };
  while (!(await hits()).peer_cpu) {
    await enter('ada');
  }
  // It waits, but enters.
  await Promise.all([enter('ada'), enter('bob')]);
  await inside.expectUnaffected();
  expect(Object.keys(await hits())).toEqual(['peer_cpu']);
});

test('CPU of an address', async () => {
  const { server, inside, hits } = await start({ MAX_ADDRESS_CPU: '1', MAX_PEER_CPU: '100' });
  const from = (localAddress: string) =>
    TestPeer.join({ signalling: server.signalling, localAddress, roomId: localAddress.at(-1) });
  const peers = [await from('127.0.0.2'), await from('127.0.0.2')];
  const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`x-${n}`, {}]));
  while (!(await hits()).address_cpu) {
    await Promise.allSettled(peers.map((peer) => peer.rawRequest('ping', many)));
  }
  // Another address is served at once.
  const other = await from('127.0.0.3');
  await other.request('ping', {});
  await inside.expectUnaffected();
  await Promise.all(peers.map((peer) => peer.request('ping', {})));
  expect(await hits()).toEqual({ address_cpu: expect.any(Number) });
});

test('bytes per message', async () => {
  const { server, inside, hits } = await start({ MAX_MESSAGE_BYTES: '20000' });
  const peer = await TestPeer.join({ signalling: server.signalling, roomId: 'inside' });
  peer.socket.send(' '.repeat(20_001));
  expect(await peer.closed).toMatchObject({ code: 1009 });
  await inside.expectUnaffected();
  expect(await hits()).toEqual({ message_bytes: 1 });
});

test('unsent bytes for a peer that does not read', { timeout: 60_000 }, async () => {
  const { server, inside, hits } = await start({
    MAX_UNSENT_BYTES: '65536',
    MAX_MESSAGES_PER_SECOND: '10000',
    MAX_QUEUED_REQUESTS: '10000',
    MAX_PEER_CPU: '100',
  });
  const peer = await TestPeer.join({ signalling: server.signalling, roomId: 'inside' });
  peer.socket.pause();
  // Answers repeat the method's name. The kernel buffers megabytes of them before the server has to queue.
  const method = 'x'.repeat(64);
  let id = 100;
  const asking = setInterval(() => {
    for (let n = 0; n < 500; n++) {
      peer.send({ request: true, id: id++, method, data: {} });
    }
  }, 10);
  onTestFinished(() => clearInterval(asking));
  await expect.poll(async () => (await hits()).unsent_bytes, { timeout: 50_000 }).toBe(1);
  clearInterval(asking);
  peer.socket.resume();
  await peer.closed;
  await inside.expectUnaffected();
  expect(await hits()).toEqual({ unsent_bytes: 1 });
});

/** Begins handshakes. @returns how many were rejected with 429 */
async function handshakes(
  { signalling }: TestServer,
  count: number,
  options: { localAddress?: string; headers?: Record<string, string> },
): Promise<number> {
  let refused = 0;
  for (let n = 0; n < count; n++) {
    const socket = new WebSocket(`${signalling}?peerId=nobody`, 'protoo', options);
    const [status] = await Promise.race([
      once(socket, 'open').then(() => [101]),
      new Promise<[number, unknown]>((resolve) =>
        socket.once('unexpected-response', (_request, response) =>
          resolve([response.statusCode ?? 0, response.resume()]),
        ),
      ),
    ]);
    if (status === 429) {
      refused += 1;
    } else {
      expect(status).toBe(101);
    }
    socket.once('error', () => {});
    socket.terminate();
  }
  return refused;
}

test('handshakes from one address', async () => {
  const { server, inside, hits } = await start({ MAX_HANDSHAKES_PER_SECOND: '1' });
  const refused = await handshakes(server, 60, { localAddress: '127.0.0.2' });
  expect(refused).toBeGreaterThan(0);
  expect(refused).toBeLessThanOrEqual(40);
  // Without a trusted proxy, the header has no effect.
  const forged = { 'x-forwarded-for': '198.51.100.7' };
  const more = await handshakes(server, 10, { localAddress: '127.0.0.2', headers: forged });
  expect(more).toBeGreaterThan(0);
  // Another address is admitted.
  await TestPeer.join({ signalling: server.signalling, localAddress: '127.0.0.3' });
  await inside.expectUnaffected();
  expect(await hits()).toEqual({ handshakes_per_second: refused + more });
});

test('handshakes from one address behind a trusted proxy', async () => {
  const { server, inside } = await start({
    MAX_HANDSHAKES_PER_SECOND: '1',
    TRUST_PROXY: '127.0.0.2',
  });
  const by = (...addresses: string[]) => ({
    localAddress: '127.0.0.2',
    headers: { 'x-forwarded-for': addresses.join(', ') },
  });
  const refused = await handshakes(server, 60, by('198.51.100.7'));
  expect(refused).toBeGreaterThan(0);
  expect(await handshakes(server, 5, by('198.51.100.8'))).toBe(0);
  // Addresses on the left come from the client, not from the proxy.
  expect(await handshakes(server, 10, by('203.0.113.1', '198.51.100.7'))).toBeGreaterThan(0);
  await inside.expectUnaffected();
});

test('media ports', async () => {
  const { server, inside, hits } = await start({
    MEDIASOUP_USE_WEBRTC_SERVER: 'false',
    MAX_ROOMS_PER_ADDRESS: '1000',
  });
  const peers: TestPeer[] = [];
  // Each peer has two transports, and each transport takes a UDP and a TCP port, out of 200.
  const join = async () => {
    const peer = new TestPeer({ signalling: server.signalling, roomId: `room-${peers.length}` });
    peers.push(peer);
    return await Promise.race([peer.closed, peer.welcome().then(() => undefined)]);
  };
  let end: { code: number } | undefined;
  while (!end && peers.length < 150) {
    end = await join();
  }
  expect(end).toMatchObject({ code: 4429, reason: expect.stringMatching('no media port is free') });
  await inside.expectUnaffected();
  expect(await hits()).toEqual({ media_ports: 1 });
});

test.for([
  ['MAX_TCP_PENDING_PER_ADDRESS', true],
  ['MAX_TCP_PENDING', false],
  ['MAX_TCP_CONNECTIONS_PER_ADDRESS', true],
  ['MAX_TCP_CONNECTIONS', false],
] as const)('%s on the shared port', async ([variable, others], context) => {
  skipWithoutSteering(context);
  const { server, inside, hits } = await start({
    MEDIASOUP_USE_WEBRTC_SERVER: 'shared',
    [variable]: '3',
  });
  const { sendTransport } = await (
    await TestPeer.join({ signalling: server.signalling })
  ).welcome();
  const frame = firstFrame(sendTransport?.iceParameters ?? { usernameFragment: '', password: '' });
  // Other connections are limited before it is known whether they are media's.
  const isForMedia = variable.startsWith('MAX_TCP_CONNECTIONS');
  const open = (localAddress: string) => {
    const socket = connect({ host: '127.0.0.1', port: server.mediaPort, localAddress });
    if (isForMedia) {
      socket.write(frame);
    }
    onTestFinished(() => void socket.destroy());
    // A rejected connection is reset, possibly before this side knows that it is connected.
    socket.on('error', () => {});
    return socket;
  };
  const refused = (localAddress: string) =>
    new Promise((resolve) => open(localAddress).once('close', resolve));

  const held = [1, 2, 3].map(() => open('127.0.0.2'));
  await Promise.all(held.map((socket) => once(socket, isForMedia ? 'data' : 'connect')));
  if (variable === 'MAX_TCP_PENDING') {
    // The oldest pending connection is reset.
    const newer = [open('127.0.0.3'), open('127.0.0.3')];
    await expect.poll(() => held.filter(({ closed }) => closed).length).toBe(2);
    expect(newer.some(({ closed }) => closed)).toBe(false);
  } else if (others) {
    await refused('127.0.0.2');
    const other = open('127.0.0.3');
    await once(other, 'connect');
    // By now, it would have been rejected, too.
    await refused('127.0.0.2');
    expect(other.closed).toBe(false);
  } else {
    await refused('127.0.0.2');
    await refused('127.0.0.3');
  }
  await inside.expectUnaffected();
  expect(await hits()).toEqual({ [variable.slice('MAX_'.length).toLowerCase()]: 2 });
  // The metrics of the demultiplexer and of the eBPF program agree.
  const value = await server.scrape();
  const demultiplexer = { by: 'tcp-demultiplexer', protocol: 'tcp' };
  expect(value('oneport_port_drops_total', { ...demultiplexer, reason: 'over_limit' })).toBe(2);
  expect(
    value('oneport_port_handled_total', { ...demultiplexer, what: 'accepted' }),
  ).toBeGreaterThan(4);
  const steered = { by: 'kernel', protocol: 'udp', what: 'data_steered' };
  expect(value('oneport_port_handled_total', steered)).toBe(10);
  expect(value('oneport_transports', { port_mode: 'shared-port', protocol: 'udp' })).toBe(1);
});

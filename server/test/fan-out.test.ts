/** The work that one peer can cause for a whole room: docs/limits.md has the list. */
import type { types } from 'mediasoup';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { DtlsPeer } from '../../testkit/clients/dtls-peer.ts';
import { IcePeer } from '../../testkit/clients/ice-peer.ts';
import { TestPeer } from '../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../testkit/servers/test-server.ts';
import type { Peer } from '../src/rooms/peer.ts';
import { bindingRequest } from '../src/stun/stun-message.ts';

/** Others in the room. */
const others = 10;
const flips = 400;

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer();
});

afterAll(() => server.stop());

async function room(roomId: string) {
  const join = () => TestPeer.join({ signalling: server.signalling, roomId });
  const [peer, ...rest] = await Promise.all(Array.from({ length: 1 + others }, join));
  if (!peer) {
    throw new Error('no peer');
  }
  return { peer, rest };
}

function mediaOf(roomId: string, { peerId }: TestPeer) {
  const peer = server.rooms.open.get(roomId)?.participant(peerId) as Peer;
  return peer.media;
}

function consumersOf(transport: types.Transport | undefined): types.Consumer[] {
  const [worker] = server.pool.workers;
  return [...(worker?.traffic.get(transport?.id ?? '')?.consumers ?? [])];
}

/**
 * Nominates two network paths of a connected transport in turn, with its own credentials.
 *
 * @returns how often the server has seen another path
 */
async function alternate(transport: types.WebRtcTransport): Promise<number> {
  const client = await DtlsPeer.openTo(transport);
  await client.connect(transport);
  const elsewhere = await IcePeer.open(client.to);
  let changes = 0;
  transport.on('iceselectedtuplechange', () => {
    changes += 1;
  });
  for (let n = 0; n < flips; n += 2) {
    elsewhere.send(bindingRequest(transport.iceParameters));
    client.send(bindingRequest(transport.iceParameters));
    if (n % 40 === 0) {
      // Its receive buffer must hold the rest.
      expect(await elsewhere.check(transport.iceParameters)).toBe('success');
    }
  }
  expect(await client.check(transport.iceParameters)).toBe('success');
  await elsewhere.close();
  return changes;
}

test('a receiver that changes its network path with each packet requests few key frames', async () => {
  const { peer, rest } = await room('receiver');
  await Promise.all(rest.map((other) => other.produce('camera')));
  const { recv } = mediaOf('receiver', peer);
  await expect.poll(() => consumersOf(recv)).toHaveLength(others);
  const requests = consumersOf(recv).map((consumer) => vi.spyOn(consumer, 'requestKeyFrame'));
  await alternate(recv as types.WebRtcTransport);
  const counts = () => requests.map(({ mock }) => mock.calls.length);
  await expect.poll(() => Math.min(...counts())).toBeGreaterThan(0);
  // Three at once, then one a second.
  expect(Math.max(...counts())).toBeLessThan(flips / 10);
});

test('a publisher that does so, too', async () => {
  const { peer, rest } = await room('publisher');
  await peer.produce('camera');
  const receiving = () => rest.flatMap((other) => consumersOf(mediaOf('publisher', other).recv));
  await expect.poll(receiving).toHaveLength(others);
  const requests = receiving().map((consumer) => vi.spyOn(consumer, 'requestKeyFrame'));
  await alternate(mediaOf('publisher', peer).send as types.WebRtcTransport);
  const counts = () => requests.map(({ mock }) => mock.calls.length);
  await expect.poll(() => Math.min(...counts())).toBeGreaterThan(0);
  expect(Math.max(...counts())).toBeLessThan(flips / 10);
});

test('a publisher that pauses and resumes all the time notifies the others at a bounded rate', async () => {
  const { peer, rest } = await room('pausing');
  const producerId = await peer.produce('microphone');
  await Promise.all(rest.map((other) => other.until(() => other.batches.length === 1)));
  const [other] = rest as [TestPeer];
  const resumed = () => other.frames.filter(({ message }) => message.method === 'consumerResumed');
  const toggle = (n: number) =>
    peer.request(n % 2 === 0 ? 'pauseProducer' : 'resumeProducer', { producerId });
  const startedAt = performance.now();
  // Ten resumes at once, and four a second.
  const allowed = () => 10 + 4 * (1 + (performance.now() - startedAt) / 1000);
  // Of requests that come at once, the last resume counts.
  await Promise.all(Array.from({ length: 100 }, (_, n) => toggle(n)));
  await other.until(() => resumed().length > 0);
  const merged = resumed().length;
  expect(merged).toBeLessThanOrEqual(allowed());
  for (let n = 0; n < 40; n++) {
    await toggle(n);
  }
  // None of these is merged, so they take as long as the rate says.
  expect(merged + 20).toBeLessThanOrEqual(allowed());
  await peer.leave();
});

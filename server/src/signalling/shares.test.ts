/** No token subject and no address takes all of what a server or a room has. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { testSecret, testToken } from '../../../testkit/servers/tokens.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer(
    { AUTH_JWT_SECRET: testSecret, MAX_ROOMS_PER_SUBJECT: '2', MAX_ROOMS_PER_ADDRESS: '3' },
    { metrics: true },
  );
});

afterAll(() => server.stop());

async function connect(roomId: string, sub: string, localAddress: string): Promise<TestPeer> {
  const query = { token: await testToken({ sub, room: '*' }) };
  return new TestPeer({ signalling: server.signalling, roomId, localAddress, query });
}

async function join(...args: Parameters<typeof connect>): Promise<TestPeer> {
  const peer = await connect(...args);
  await peer.join((await peer.welcome()).generation);
  return peer;
}

const closeOf = async (...args: Parameters<typeof connect>) => (await connect(...args)).closed;
const hits = async (limit: string) =>
  (await server.scrape())('oneport_limit_hits_total', { limit });

test('a subject opens a few rooms only, from all addresses together', async () => {
  const [first, second] = [
    await join('a-1', 'ada', '127.0.0.2'),
    await join('a-2', 'ada', '127.0.0.3'),
  ];
  const refused = { code: 4429, reason: 'too many rooms were opened with this subject' };
  expect(await closeOf('a-3', 'ada', '127.0.0.4')).toEqual(refused);
  expect(await hits('rooms_per_subject')).toBe(1);
  // Rooms that others have opened are not counted.
  const bob = await join('a-3', 'bob', '127.0.0.2');
  const guest = await join('a-3', 'ada', '127.0.0.2');
  await first.leave();
  await expect.poll(() => server.rooms.size).toBe(2);
  const third = await join('a-4', 'ada', '127.0.0.2');
  await Promise.all([second, third, bob, guest].map((peer) => peer.leave()));
  await expect.poll(() => server.rooms.size).toBe(0);
});

test('an address opens a few rooms only, with all subjects together', async () => {
  const from = '127.0.0.2';
  const peers = [
    await join('b-1', 'ada', from),
    await join('b-2', 'bob', from),
    await join('b-3', 'eve', from),
  ];
  const refused = { code: 4429, reason: 'too many rooms were opened with this address' };
  expect(await closeOf('b-4', 'mia', from)).toEqual(refused);
  expect(await hits('rooms_per_address')).toBe(1);
  peers.push(await join('b-4', 'mia', '127.0.0.3'));
  await Promise.all(peers.map((peer) => peer.leave()));
  await expect.poll(() => server.rooms.size).toBe(0);
});

test('a subject has at most ten peers in a room', async () => {
  const peers: TestPeer[] = [];
  for (let n = 0; n < 10; n++) {
    peers.push(await join('c', 'ada', `127.0.0.${2 + n}`));
  }
  const refused = { code: 4429, reason: 'the room has 10 peers with this subject' };
  expect(await closeOf('c', 'ada', '127.0.0.20')).toEqual(refused);
  const [first] = peers;
  await first?.drop();
  const again = first?.resume();
  expect(await again?.welcome(), 'a peer that resumes is not one more').toBeDefined();
  peers.push(await join('c', 'bob', '127.0.0.2'));
  again?.socket.close(1000);
  await Promise.all(peers.slice(1).map((peer) => peer.leave()));
  await expect.poll(() => server.rooms.size).toBe(0);
});

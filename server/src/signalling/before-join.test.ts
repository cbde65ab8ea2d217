/** Between `welcome` and `join` a peer is in no list, so it receives nothing of the room, and moderators still reach it. */
import { closeCodes, closeReasons } from '@oneport/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { type TestClaims, testSecret, testToken } from '../../../testkit/servers/tokens.ts';
import { openAccess } from '../access/access.ts';
import { Peer } from '../rooms/peer.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ AUTH_JWT_SECRET: testSecret });
});

afterAll(() => server.stop());

async function connect(roomId: string, peerId: string, claims: TestClaims = {}): Promise<TestPeer> {
  const token = await testToken({ sub: peerId, room: roomId, ...claims });
  return new TestPeer({ signalling: server.signalling, roomId, peerId, query: { token } });
}

async function join(...args: Parameters<typeof connect>): Promise<TestPeer> {
  const peer = await connect(...args);
  await peer.join((await peer.welcome()).generation);
  return peer;
}

test('removing a peer removes sockets of its subject that have not joined or wait in the lobby', async () => {
  const mo = await join('removed', 'mo', { moderate: true });
  const ada = await join('removed', 'ada');
  const unjoined = await connect('removed', 'unjoined', { sub: 'ada' });
  const { generation } = await unjoined.welcome();
  const inLobby = await connect('removed', 'in-lobby', { sub: 'ada', lobby: true });
  await inLobby.notification('waiting');
  await mo.request('removePeer', { peerId: ada.peerId });
  // Sent before the socket's end has arrived.
  const joining = unjoined.join(generation).catch(() => 'rejected');
  for (const peer of [ada, unjoined, inLobby]) {
    expect((await peer.closed).reason).toBe(closeReasons.removed);
  }
  expect(await joining).toBe('rejected');
  expect(server.rooms.open.get('removed')?.size).toBe(1);
  await mo.leave();
});

test('a room that is locked sends sockets that have not joined to the lobby', async () => {
  const mo = await join('locked', 'mo', { moderate: true });
  const [ada, other] = [
    await connect('locked', 'ada'),
    await connect('locked', 'other-mo', { moderate: true }),
  ];
  await ada.welcome();
  const { generation } = await other.welcome();
  await mo.request('setRoomLocked', { locked: true });
  expect(await ada.closed).toMatchObject({ code: closeCodes.tooSlow });
  const again = ada.resume();
  await again.notification('waiting');
  await other.join(generation);
  await Promise.all([mo.leave(), other.leave(), again.leave()]);
});

test('a peer that is removed before its socket is attached closes the socket', async () => {
  const { room, peer } = await server.rooms.enter({
    roomId: 'attached',
    peerId: 'ada',
    intent: { produce: true, consume: true, forceTcp: false },
    access: openAccess,
    address: '127.0.0.1',
    onWaiting: () => undefined,
    signal: new AbortController().signal,
  });
  room.remove(peer, 'removed');
  const link = {
    closed: vi.fn(),
    welcome: vi.fn(),
    notify: vi.fn(),
    offer: vi.fn(),
    replaced: vi.fn(),
  };
  await peer.attach(link);
  expect(link.closed).toHaveBeenCalledWith('removed');
});

test('the data channel carries nothing before join', async () => {
  const ada = await join('silent', 'ada');
  const ghost = await connect('silent', 'ghost');
  const { generation } = await ghost.welcome();
  const dataConsumer = () => {
    const peer = server.rooms.open.get('silent')?.participant('ghost');
    return peer instanceof Peer ? peer.media.dataConsumer : undefined;
  };
  await ada.request('sendChatMessage', { text: 'between us' });
  expect(dataConsumer()?.paused).toBe(true);
  expect(ghost.frames.map(({ message }) => message.method)).toEqual(['welcome']);

  const { chat } = await ghost.join(generation);
  expect(chat.map(({ text }) => text)).toEqual(['between us']);
  expect(await ada.notification('newPeer')).toMatchObject({ peerId: 'ghost' });
  await expect.poll(() => dataConsumer()?.paused).toBe(false);
  await Promise.all([ada.leave(), ghost.leave()]);
});

test('a peer that has not joined can not be resumed', async () => {
  const ghost = await connect('unjoined', 'ghost');
  await ghost.welcome();
  expect(await ghost.resume().closed).toEqual({
    code: closeCodes.unauthorized,
    reason: closeReasons.idTaken,
  });
  await ghost.join(1);
  const again = ghost.resume();
  expect(await again.welcome()).toMatchObject({ generation: 2 });
  await Promise.all([ghost.closed, again.leave()]);
});

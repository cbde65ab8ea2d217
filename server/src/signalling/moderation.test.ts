/** Moderation over real sockets. */
import { closeCodes, closeReasons } from '@oneport/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestPeer } from '../../../testkit/clients/test-peer.ts';
import { startTestServer, type TestServer } from '../../../testkit/servers/test-server.ts';
import { type TestClaims, testSecret, testToken } from '../../../testkit/servers/tokens.ts';
import { lobbyLimits } from '../rooms/lobby.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ AUTH_JWT_SECRET: testSecret });
});

afterAll(() => server.stop());

let rooms = 0;
const newRoom = () => `room-${++rooms}`;

async function options(roomId: string, sub: string, claims: TestClaims = {}) {
  const token = await testToken({ sub, room: '*', ...claims });
  const query = { token, displayName: sub };
  return { signalling: server.signalling, roomId, peerId: `peer-${sub}`, query };
}

type Options = Parameters<typeof options>;

const connect = async (...args: Options) => new TestPeer(await options(...args));
const join = async (...args: Options) => TestPeer.join(await options(...args));
const moderator = (roomId: string) => join(roomId, 'mo', { moderate: true });

/** Waits until the moderator sees exactly these in the lobby. */
const waiting = (mo: TestPeer, ...names: string[]) =>
  mo.notification(
    'lobbyChanged',
    (data) => String(data.waiting.map(({ displayName }) => displayName)) === String(names),
  );

/** The number of transports on all workers: waiting peers must not have any. */
async function transports(): Promise<number> {
  const { ports } = await server.ports.snapshot();
  return new Set(ports.flatMap((port) => port.transports.map(({ transportId }) => transportId)))
    .size;
}

describe('muting', () => {
  test('pauses the producer, notifies both sides, and can be undone by the muted peer', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    const ada = await join(roomId, 'ada');
    const producerId = await ada.produce('microphone');
    await ada.produce('camera');
    await mo.until(() => mo.batches.flatMap(({ consumers }) => consumers).length === 2);
    const offers = mo.batches.flatMap(({ consumers }) => consumers);
    const consumerId = offers.find(({ source }) => source === 'microphone')?.consumerId;

    await mo.request('mutePeer', { peerId: ada.peerId, what: 'microphone' });
    expect(await ada.notification('muted')).toEqual({ what: 'microphone' });
    expect(await mo.notification('consumerPaused')).toEqual({ consumerId });
    await ada.request('resumeProducer', { producerId });
    expect(await mo.notification('consumerResumed')).toEqual({ consumerId });
    await Promise.all([mo.leave(), ada.leave()]);
  });

  test('the screen pauses its audio too, and nothing else', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    const ada = await join(roomId, 'ada');
    for (const source of ['microphone', 'screen', 'screen-audio'] as const) {
      await ada.produce(source);
    }
    const offers = () => mo.batches.flatMap(({ consumers }) => consumers);
    await mo.until(() => offers().length === 3);
    await mo.request('mutePeer', { peerId: ada.peerId, what: 'screen' });
    const paused = () =>
      mo.frames
        .filter(({ message }) => message.method === 'consumerPaused')
        .map(({ message }) => (message.data as { consumerId: string }).consumerId)
        .map((id) => offers().find(({ consumerId }) => consumerId === id)?.source);
    await mo.until(() => paused().length >= 2);
    expect(paused().sort()).toEqual(['screen', 'screen-audio']);
    await Promise.all([mo.leave(), ada.leave()]);
  });

  test('notifies a peer that was disconnected when it resumes', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    const ada = await join(roomId, 'ada');
    const producerId = await ada.produce('microphone');
    await ada.drop();
    await mo.request('mutePeer', { peerId: ada.peerId, what: 'microphone' });
    const again = ada.resume();
    const { producers } = await again.join((await again.welcome()).generation);
    expect(producers).toEqual([{ producerId, source: 'microphone', paused: true }]);
    expect(await again.notification('muted')).toEqual({ what: 'microphone' });
    await Promise.all([mo.leave(), again.leave()]);
  });

  test('an unknown peer, or oneself, is rejected with 404', async () => {
    const mo = await moderator(newRoom());
    for (const peerId of ['nobody', mo.peerId]) {
      const muting = mo.request('mutePeer', { peerId, what: 'camera' });
      await expect(muting).rejects.toMatchObject({ code: 404 });
    }
    await mo.leave();
  });
});

describe('removing', () => {
  test('bans the peer from the room: neither its secret nor its token is accepted again', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    const ada = await join(roomId, 'ada');
    const { resumeSecret } = await ada.welcome();
    const before = await transports();
    await mo.request('removePeer', { peerId: ada.peerId });
    const removed = { code: closeCodes.forbidden, reason: closeReasons.removed };
    expect(await ada.closed).toEqual(removed);
    expect(await mo.notification('peerClosed')).toEqual({ peerId: ada.peerId });
    await expect.poll(transports).toBe(before - 2);

    const { query, ...rest } = await options(roomId, 'ada');
    const attempts = [
      { ...rest, query },
      { ...rest, query: { ...query, resume: resumeSecret } },
      { ...rest, query, peerId: 'another-peer-id' },
    ];
    for (const attempt of attempts) {
      expect(await new TestPeer(attempt).closed).toEqual(removed);
    }
    // The ban covers neither other rooms nor other subjects.
    const elsewhere = await join(newRoom(), 'ada');
    const bob = await join(roomId, 'bob');
    await Promise.all([mo.leave(), elsewhere.leave(), bob.leave()]);

    // The ban ends with the room.
    const later = await join(roomId, 'ada');
    await later.leave();
  });

  test('works on a disconnected peer', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    const ada = await join(roomId, 'ada');
    await ada.drop();
    await mo.request('removePeer', { peerId: ada.peerId });
    expect(await ada.resume().closed).toMatchObject({ reason: closeReasons.removed });
    expect(await mo.notification('peerClosed')).toEqual({ peerId: ada.peerId });
    await mo.leave();
  });

  test('removes all peers of the same subject, and no others', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    const ada = await join(roomId, 'ada');
    const tablet = await TestPeer.join({ ...(await options(roomId, 'ada')), peerId: 'tablet' });
    const bob = await join(roomId, 'bob');
    await mo.request('removePeer', { peerId: ada.peerId });
    expect((await tablet.closed).reason).toBe(closeReasons.removed);
    await bob.request('changeDisplayName', { displayName: 'still here' });
    await Promise.all([mo.leave(), bob.leave()]);
  });

  test('closes another connection of the moderator’s own subject alone, which may return', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    const device = async (peerId: string) =>
      await TestPeer.join({ ...(await options(roomId, 'mo')), peerId });
    const [phone, tablet] = [await device('phone'), await device('tablet')];
    await mo.request('removePeer', { peerId: 'tablet' });
    expect(await tablet.closed).toEqual({
      code: closeCodes.forbidden,
      reason: closeReasons.removedByYourself,
    });
    expect(await mo.notification('peerClosed')).toEqual({ peerId: 'tablet' });
    await phone.request('ping', {});
    const again = await device('tablet');
    const resumed = mo.resume();
    await resumed.join((await resumed.welcome()).generation);
    await Promise.all([phone.leave(), again.leave(), resumed.leave()]);
  });

  test('works on other moderators, but not on oneself', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    const other = await join(roomId, 'other', { moderate: true });
    const self = mo.request('removePeer', { peerId: mo.peerId });
    await expect(self).rejects.toMatchObject({ code: 404 });
    await mo.request('removePeer', { peerId: other.peerId });
    expect((await other.closed).reason).toBe(closeReasons.removed);
    expect((await (await connect(roomId, 'other', { moderate: true })).closed).reason).toBe(
      closeReasons.removed,
    );
    await mo.leave();
  });
});

test('closing the room removes all peers, including waiting ones', async () => {
  const roomId = newRoom();
  const mo = await moderator(roomId);
  const ada = await join(roomId, 'ada');
  await mo.request('setRoomLocked', { locked: true });
  const bob = await connect(roomId, 'bob');
  await waiting(mo, 'bob');
  await mo.request('closeRoom', {}).catch(() => undefined);
  for (const peer of [mo, ada, bob]) {
    expect(await peer.closed).toEqual({
      code: closeCodes.forbidden,
      reason: closeReasons.roomClosed,
    });
  }
  expect(server.rooms.size).toBe(0);
  expect(server.rooms.lobby.size).toBe(0);
});

describe('a locked room', () => {
  test('admits or rejects waiting peers as a moderator decides, and gives them no transport', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    expect((await mo.welcome()).room.locked).toBe(false);
    const ada = await join(roomId, 'ada');
    await mo.request('setRoomLocked', { locked: true });
    expect(await ada.notification('roomLocked')).toEqual({ locked: true });

    const before = await transports();
    const bob = await connect(roomId, 'bob');
    await bob.notification('waiting');
    const cy = await connect(roomId, 'cy', { name: 'Cy of the token' });
    await waiting(mo, 'bob', 'Cy of the token');
    expect(await transports()).toBe(before);
    expect(bob.frames.map(({ message }) => message.method)).toEqual(['waiting']);

    await mo.request('denyPeer', { peerId: cy.peerId });
    expect(await cy.closed).toEqual({
      code: closeCodes.forbidden,
      reason: closeReasons.notAdmitted,
    });
    await mo.request('admitPeer', { peerId: bob.peerId });
    const welcome = await bob.welcome();
    expect(welcome.room.locked).toBe(true);
    await bob.join(welcome.generation);
    expect(await ada.notification('newPeer')).toMatchObject({ peerId: bob.peerId });
    await waiting(mo);
    // Only moderators are notified about the lobby.
    expect(ada.frames.map(({ message }) => message.method)).not.toContain('lobbyChanged');
    await expect(mo.request('admitPeer', { peerId: 'nobody' })).rejects.toMatchObject({
      code: 404,
    });

    // A peer that was admitted once enters freely, and so does a peer that resumes.
    await bob.leave();
    const again = await join(roomId, 'bob');
    const resumed = await options(roomId, 'ada');
    const { resumeSecret } = await ada.welcome();
    const back = new TestPeer({ ...resumed, query: { ...resumed.query, resume: resumeSecret } });
    await back.welcome();
    await Promise.all([mo.leave(), again.leave(), back.leave()]);
  });

  test('admits moderators freely, and tells a later one who waits', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    await mo.request('setRoomLocked', { locked: true });
    const bob = await connect(roomId, 'bob');
    await bob.notification('waiting');
    const second = await join(roomId, 'second', { moderate: true });
    await waiting(second, 'bob');
    await bob.leave();
    await waiting(second);
    await Promise.all([mo.leave(), second.leave()]);
  });

  test('admits all waiting peers when it is unlocked', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    await mo.request('setRoomLocked', { locked: true });
    const bob = await connect(roomId, 'bob');
    await bob.notification('waiting');
    await mo.request('setRoomLocked', { locked: false });
    await bob.welcome();
    await Promise.all([mo.leave(), bob.leave()]);
  });

  test('is no longer locked after all peers have left', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    await mo.request('setRoomLocked', { locked: true });
    const bob = await connect(roomId, 'bob');
    await bob.notification('waiting');
    await mo.leave();
    expect((await bob.welcome()).room.locked).toBe(false);
    await bob.leave();
  });

  test('rejects peers when its lobby is full, or the share of their subject or address', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    await mo.request('setRoomLocked', { locked: true });
    const peers: TestPeer[] = [];
    /** @returns why the peer was rejected; undefined: it waits */
    const come = async (localAddress: string, sub = `waiter-${peers.length}`) => {
      const peerId = `peer-${peers.length}`;
      const peer = new TestPeer({ ...(await options(roomId, sub)), peerId, localAddress });
      peers.push(peer);
      await peer.notification('waiting');
      const waits = server.rooms.lobby.of(roomId).some((waiter) => waiter.peerId === peerId);
      return waits ? undefined : await peer.closed;
    };
    const comeTimes = async (count: number, ...args: Parameters<typeof come>) => {
      for (let n = 0; n < count; n++) {
        expect(await come(...args)).toBeUndefined();
      }
    };
    const { total, subject, address } = lobbyLimits.room;
    const full = (what: string) => ({
      code: closeCodes.tooMany,
      reason: `too many peers ${what}wait to be admitted`,
    });
    await comeTimes(subject, '127.0.0.2', 'one');
    expect(await come('127.0.0.3', 'one')).toEqual(full('with this subject '));
    await comeTimes(address - subject, '127.0.0.2');
    expect(await come('127.0.0.2')).toEqual(full('with this address '));
    await comeTimes(total - address, '127.0.0.3');
    expect(await come('127.0.0.4')).toEqual(full(''));
    await Promise.all([mo, ...peers].map((peer) => peer.leave()));
    await expect.poll(() => server.rooms.lobby.size).toBe(0);
  });

  test("reserves a waiting peer's id for its subject, whose next socket replaces the first", async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    await mo.request('setRoomLocked', { locked: true });
    const bob = await connect(roomId, 'bob');
    await bob.notification('waiting');
    const thief = new TestPeer({ ...(await options(roomId, 'thief')), peerId: bob.peerId });
    expect(await thief.closed).toMatchObject({ code: closeCodes.unauthorized });
    const next = await connect(roomId, 'bob');
    await bob.closed;
    await waiting(mo, 'bob');
    await mo.request('admitPeer', { peerId: next.peerId });
    await next.welcome();
    await Promise.all([mo.leave(), next.leave()]);
  });
});

describe('a token with the lobby claim', () => {
  test('waits for a moderator even when the room is not open yet', async () => {
    const roomId = newRoom();
    const bob = await connect(roomId, 'bob', { lobby: true });
    await bob.notification('waiting');
    expect(server.rooms.size, 'a waiting peer opens no room').toBe(0);
    // Another peer opens the room, but only a moderator can admit.
    const ada = await join(roomId, 'ada');
    const mo = await moderator(roomId);
    await waiting(mo, 'bob');
    expect(bob.frames.map(({ message }) => message.method)).toEqual(['waiting']);
    await mo.request('setRoomLocked', { locked: true });
    await mo.request('setRoomLocked', { locked: false });
    await waiting(mo, 'bob');
    await mo.request('admitPeer', { peerId: bob.peerId });
    await bob.welcome();
    await Promise.all([mo.leave(), bob.leave(), ada.leave()]);
  });

  test('waits until it expires, and is no longer in the lobby then', async () => {
    const roomId = newRoom();
    const mo = await moderator(roomId);
    const { query, ...rest } = await options(roomId, 'bob');
    // Accepted for three to four more seconds: AUTH_CLOCK_SKEW_SECONDS is 5.
    const times = { expiresIn: -1 };
    const token = await testToken({ sub: 'bob', room: roomId, lobby: true }, testSecret, times);
    const bob = new TestPeer({ ...rest, query: { ...query, token } });
    await waiting(mo, 'bob');
    expect(await bob.closed).toEqual({
      code: closeCodes.unauthorized,
      reason: closeReasons.tokenExpired,
    });
    expect(server.rooms.lobby.of(roomId)).toEqual([]);
    await mo.leave();
  });

  test('does not make a moderator wait', async () => {
    const mo = await join(newRoom(), 'mo', { moderate: true, lobby: true });
    await mo.leave();
  });
});

test('draining does not admit waiting peers', async () => {
  const other = await startTestServer({ AUTH_JWT_SECRET: testSecret });
  const there = { signalling: other.signalling };
  const mo = await TestPeer.join({ ...(await options('r', 'mo', { moderate: true })), ...there });
  await mo.request('setRoomLocked', { locked: true });
  const bob = new TestPeer({ ...(await options('r', 'bob')), ...there });
  await bob.notification('waiting');
  await other.rooms.announceStop(60);
  const timesWaiting = () =>
    bob.frames.filter(({ message }) => message.method === 'waiting').length;
  await bob.until(() => timesWaiting() === 2);
  await mo.request('admitPeer', { peerId: bob.peerId });
  await bob.welcome();
  await other.stop();
  await Promise.all([mo.closed, bob.closed]);
});

test('when the server stops, waiting peers are told to reconnect too', async () => {
  const other = await startTestServer({ AUTH_JWT_SECRET: testSecret });
  const there = async (...args: Options) => ({
    ...(await options(...args)),
    signalling: other.signalling,
  });
  const mo = await TestPeer.join(await there('locked', 'mo', { moderate: true }));
  await mo.request('setRoomLocked', { locked: true });
  const peers = [
    new TestPeer(await there('locked', 'bob')),
    new TestPeer(await there('locked', 'cy', { lobby: true })),
    new TestPeer(await there('not-open', 'di', { lobby: true })),
  ];
  for (const peer of peers) {
    await peer.notification('waiting');
  }
  await other.stop();
  for (const peer of [mo, ...peers]) {
    expect(await peer.closed).toMatchObject({ code: closeCodes.restart });
  }
});
